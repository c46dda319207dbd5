/** An edition beside the plan: the grids in force, or those that the plan was drawn from. */
import { computed, effect } from '@preact/signals'
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl'
import { plans } from '../api/plans'
import type { Catalogue } from '../api/types'
import { plan, planBeside } from '../state/plan'
import { theme } from '../state/view'
import { readPalette } from '../theme/palette'
import { createBesideMap } from './beside'
import type { StyleContext } from './context'
import { contextOf } from './map'
import { buildStyle } from './style'

const STILL = new Set(['landuse', 'terrain', 'water', 'road', 'building', 'area', 'place', 'terrain_hillshade'])
const BASE = 'base-grids'
const WIDTH = 1.8

/** The edition that the plan was drawn from lies in no tiles once a newer one is in force: its file is drawn. */
function drawBase(live: MapLibre): () => void {
  live.addSource(BASE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
  live.addLayer({ id: BASE, type: 'line', source: BASE, paint: { 'line-width': WIDTH } })
  let there = ''
  const asked = effect(() => {
    const name = planBeside.value === 'base' ? (plan.value?.plan.base ?? '') : ''
    live.setLayoutProperty(BASE, 'visibility', name ? 'visible' : 'none')
    if (!name || name === there) return
    there = name
    live.getSource<GeoJSONSource>(BASE)?.setData(plans.editionPath(name, 'geojson'))
  })
  const coloured = effect(() => {
    live.setPaintProperty(BASE, 'line-color', readPalette(theme.value).text)
  })
  return () => {
    asked()
    coloured()
  }
}

/** Builds it over the first; what comes back takes it away again. */
export function createEditionBeside(container: HTMLElement, catalogue: Catalogue): () => void {
  const style = computed(() => {
    const shared = contextOf(catalogue)
    const inForce = planBeside.value === 'inforce'
    const context: StyleContext = {
      ...shared,
      visible: (layer) => (layer === 'grid' ? inForce : STILL.has(layer) && shared.visible(layer)),
    }
    const built = buildStyle(context)
    // Hair-lines are for looking past; here they are what is looked at.
    for (const layer of built.layers) {
      if (layer.id === 'building-3d') layer.layout = { visibility: 'none' }
      if (layer.id === 'grid-line' && layer.type === 'line') {
        layer.paint = { ...layer.paint, 'line-width': WIDTH, 'line-opacity': 1, 'line-color': context.palette.text }
      }
    }
    return built
  })
  return createBesideMap(container, style, (live) => [drawBase(live)])
}
