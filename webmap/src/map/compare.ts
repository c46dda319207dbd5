/** The second map of a comparison: the same look and place, the other window, and nothing to click on. */
import { computed, effect } from '@preact/signals'
import type { GeoJSONSource } from 'maplibre-gl'
import type { Catalogue } from '../api/types'
import { compareAsk } from '../state/heat'
import { hotspotsBeside } from '../state/hotspots'
import { heat } from '../state/view'
import { createBesideMap } from './beside'
import type { StyleContext } from './context'
import { hotspotData } from './hotspots'
import { askAnew, contextOf, followHeat } from './map'
import { buildStyle, heatSourceTiles } from './style'

/** What lives now has no place in another window: base, areas and heat only. */
const STILL = new Set([
  'landuse',
  'terrain',
  'contour',
  'water',
  'road',
  'building',
  'grid',
  'area',
  'place',
  'heat',
  'terrain_hillshade',
  'terrain_slope',
])

/** Builds it over the first; what comes back takes it away again. */
export function createBeside(container: HTMLElement, catalogue: Catalogue): () => void {
  const context = computed<StyleContext>(() => {
    const shared = contextOf(catalogue)
    return {
      ...shared,
      ask: compareAsk.value ?? shared.ask,
      visible: (layer) => STILL.has(layer) && shared.visible(layer),
    }
  })
  const style = computed(() => buildStyle(context.value))
  return createBesideMap(container, style, (live) => {
    let tiles = JSON.stringify(heatSourceTiles(heat.peek().surface, context.peek().ask))
    return [
      effect(() => {
        const wanted = heatSourceTiles(heat.value.surface, context.value.ask)
        const text = JSON.stringify(wanted)
        if (text === tiles) return
        tiles = text
        askAnew(live, wanted)
      }),
      effect(() => {
        live.getSource<GeoJSONSource>('hotspots')?.setData(hotspotData(hotspotsBeside.value.found))
      }),
      followHeat(live),
    ]
  })
}
