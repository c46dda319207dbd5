/** A plan upon the map: brought when its page is opened, taken away with it. */
import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { boundsOf } from '../domain/geo'
import { handsOff } from '../state/pick'
import { plan } from '../state/plan'
import { theMap } from './map'
import { drawPlan } from './planDraw'
import { type Hands, startHands } from './planHands'
import { followPainted } from './planPainted'
import { dropLayers, KEYED, PLAN_SOURCES, putLayers } from './planStyle'
import { aside, layerVisible } from './visibility'

/** What moves, what is in force and what is warned of stays away while borders are drawn; the banner says it still. */
const CALM = new Set([
  'grid',
  'incident',
  'team',
  'mover',
  'sensor',
  'camera',
  'part',
  'track',
  'geofence',
  'hazard',
  'hazard_zone',
  'warning',
])

/** Tiles are cut no finer: at this zoom their raster is 6 cm, and each finer one would be cut anew with every edit. */
const FINEST = 16

/** A plan that takes less of the view than this is not what one looks at. */
const LOOKED_AT = 0.4

let hands: Hands | null = null
/** What a key does to the line that is being drawn. */
export const sketchNow = () => hands?.sketch ?? null

function attach(map: MapLibre): () => void {
  const nothing: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }
  for (const name of PLAN_SOURCES) {
    const promoted = KEYED.includes(name) ? { promoteId: 'id' } : {}
    map.addSource(name, { type: 'geojson', data: nothing, maxzoom: FINEST, ...promoted })
  }
  // Seen from above a border is read off the ground, not off a roof.
  if (map.getLayer('building-3d')) map.setLayoutProperty('building-3d', 'visibility', 'none')
  const styled = effect(() => putLayers(map))
  const drawn = drawPlan(map)
  const painted = followPainted(map)
  hands = startHands(map)
  // The first look at a plan is at the whole of it, unless one looks at it already.
  let looked = false
  const looking = effect(() => {
    const grids = plan.value?.grids
    if (looked || !grids || grids.size === 0) return
    looked = true
    const points = [...grids.values()].map(({ at }) => at)
    const view = map.getBounds()
    const [w, s, e, n] = boundsOf({ type: 'MultiPoint', coordinates: points })
    const share = Math.max((e - w) / (view.getEast() - view.getWest()), (n - s) / (view.getNorth() - view.getSouth()))
    const seen = points.some(([lon = 0, lat = 0]) => view.contains([lon, lat]))
    if (seen && share > LOOKED_AT && map.getZoom() > 12.5) return
    map.fitBounds([w, s, e, n], { padding: 70, maxZoom: 15, duration: 0 })
  })
  return () => {
    looking()
    styled()
    drawn()
    painted()
    // The map may have gone before its guests.
    if (map.style) hands?.end()
    hands = null
    if (!map.style) return
    if (map.getLayer('building-3d') && layerVisible('building')) {
      map.setLayoutProperty('building-3d', 'visibility', 'visible')
    }
    dropLayers(map)
    for (const name of PLAN_SOURCES) if (map.getSource(name)) map.removeSource(name)
  }
}

/** Waits for the map where an address opened this page at once. */
export function showPlan(): () => void {
  let end: (() => void) | null = null
  let frame = 0
  handsOff.value = true
  aside.value = CALM
  const look = () => {
    const map = theMap()
    if (map?.getSource('draw') && map.getLayer('draw-fill')) end = attach(map)
    else frame = requestAnimationFrame(look)
  }
  look()
  return () => {
    cancelAnimationFrame(frame)
    end?.()
    handsOff.value = false
    aside.value = new Set()
  }
}
