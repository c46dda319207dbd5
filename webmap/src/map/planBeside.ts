/** An edition beside the plan: the grids in force, or those that the plan was drawn from. */
import { computed, effect } from '@preact/signals'
import type { GeoJSONSource, LayerSpecification, Map as MapLibre, StyleSpecification } from 'maplibre-gl'
import { plans } from '../api/plans'
import type { Catalogue } from '../api/types'
import { plan, planBeside } from '../state/plan'
import { theme, zoomFactor } from '../state/view'
import { readPalette } from '../theme/palette'
import { createBesideMap } from './beside'
import type { StyleContext } from './context'
import { contextOf } from './map'
import { restingBorders } from './planStyle'
import { buildStyle } from './style'

const STILL = new Set(['landuse', 'terrain', 'water', 'road', 'building', 'area', 'place', 'terrain_hillshade'])
const BASE = 'base-grids'
const BASE_HALO = 'base-grids-halo'

/** The edition that the plan was drawn from lies in no tiles once a newer one is in force: its file is drawn. */
function drawBase(live: MapLibre): () => void {
  live.addSource(BASE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
  // Under the borders of communities, as in the plan.
  const before = live.getLayer('area-line') ? 'area-line' : undefined
  for (const id of [BASE_HALO, BASE]) live.addLayer({ id, type: 'line', source: BASE }, before)
  let there = ''
  const asked = effect(() => {
    const name = planBeside.value === 'base' ? (plan.value?.plan.base ?? '') : ''
    for (const id of [BASE_HALO, BASE]) live.setLayoutProperty(id, 'visibility', name ? 'visible' : 'none')
    if (!name || name === there) return
    there = name
    live.getSource<GeoJSONSource>(BASE)?.setData(plans.editionPath(name, 'geojson'))
  })
  const coloured = effect(() => {
    const { halo, free } = restingBorders(readPalette(theme.value), zoomFactor.value)
    for (const [id, paint] of [
      [BASE_HALO, halo],
      [BASE, free],
    ] as const) {
      for (const [name, value] of Object.entries(paint)) live.setPaintProperty(id, name as never, value as never)
    }
  })
  return () => {
    asked()
    coloured()
  }
}

/** Hair-lines are for looking past; here they are what is looked at, and drawn as heavily as the plan's. */
function asPlanned(built: StyleSpecification, { palette, factor }: StyleContext): StyleSpecification {
  const { halo, free, fixed } = restingBorders(palette, factor)
  const layers = built.layers.flatMap((layer): LayerSpecification[] => {
    if (layer.id === 'building-3d') return [{ ...layer, layout: { visibility: 'none' } } as LayerSpecification]
    if (layer.type !== 'line') return [layer]
    if (layer.id === 'grid-line') {
      const line = { ...layer, paint: free }
      return [{ ...line, id: 'grid-halo', paint: halo }, line]
    }
    if (layer.id === 'area-line') return [{ ...layer, paint: fixed }]
    return [layer]
  })
  return { ...built, layers }
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
    return asPlanned(built, context)
  })
  return createBesideMap(container, style, (live) => [drawBase(live)])
}
