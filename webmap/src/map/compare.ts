/** The second map of a comparison: the same look and place, the other window, and nothing to click on. */
import { computed, effect } from '@preact/signals'
import { type GeoJSONSource, Map as MapLibre } from 'maplibre-gl'
import type { Catalogue } from '../api/types'
import { compareAsk } from '../state/heat'
import { hotspotsBeside } from '../state/hotspots'
import { heat } from '../state/view'
import type { StyleContext } from './context'
import { hotspotData } from './hotspots'
import { askAnew, contextOf, followHeat, theMap } from './map'
import { applyStyle, buildStyle, heatSourceTiles } from './style'
import { serveSymbols } from './symbols'

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

/** Builds it over the first; what comes back frees its tiles, workers and drawing context again. */
export function createBeside(container: HTMLElement, catalogue: Catalogue): () => void {
  const first = theMap()
  if (!first) return () => {}
  const context = computed<StyleContext>(() => {
    const shared = contextOf(catalogue)
    return {
      ...shared,
      ask: compareAsk.value ?? shared.ask,
      visible: (layer) => STILL.has(layer) && shared.visible(layer),
    }
  })
  const style = computed(() => buildStyle(context.value))
  let applied = style.peek()
  const place = () => ({
    center: first.getCenter(),
    zoom: first.getZoom(),
    bearing: first.getBearing(),
    pitch: first.getPitch(),
  })
  const live = new MapLibre({
    container,
    style: applied,
    ...place(),
    minZoom: 7,
    maxZoom: 20,
    maxPitch: 65,
    interactive: false,
    attributionControl: false,
    fadeDuration: 0,
  })
  serveSymbols(live)
  const follow = () => live.jumpTo(place())
  first.on('move', follow)
  const endings: (() => void)[] = [() => first.off('move', follow)]
  live.once('style.load', () => {
    let tiles = JSON.stringify(heatSourceTiles(heat.peek().surface, context.peek().ask))
    endings.push(
      effect(() => {
        const next = style.value
        if (next === applied) return
        applyStyle(live, applied, next)
        applied = next
      }),
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
    )
  })
  live.on('error', ({ error }) => {
    if (error?.message) console.warn('map beside:', error.message)
  })
  return () => {
    for (const end of endings) end()
    live.remove()
  }
}
