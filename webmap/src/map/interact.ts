/** The pointer on the map: a word on hover, a selection on click. Map events change state and nothing else. */
import type { GeoJSONSource, MapGeoJSONFeature, Map as MapLibre, MapMouseEvent } from 'maplibre-gl'
import { Popup } from 'maplibre-gl'
import { corners } from '../state/draw'
import { handsOff, picking } from '../state/pick'
import { isPhone, select, selection } from '../state/view'
import { hits, pixelsTo, watchMoves } from './hit'
import { tipContent } from './tip'

/** Style layers that answer to the pointer, the nearest to the eye first, and the layer each belongs to. */
const PICKABLE: readonly [styleLayer: string, layer: string][] = [
  ['calls-sign', 'warning'],
  ['hazard-warned', 'hazard'],
  ['mover', 'mover'],
  ['hazard', 'hazard'],
  ['team', 'team'],
  ['incident', 'incident'],
  ['incident-cluster', 'cluster'],
  ['incident-solved', 'incident'],
  ['mover-dot', 'mover'],
  ['sensor', 'sensor'],
  ['sensor-dot', 'sensor'],
  ['camera', 'camera'],
  ['camera-dot', 'camera'],
  ['part', 'part'],
  ['part-dot', 'part'],
  ['calls-fill', 'warning'],
  ['warning-fill', 'warning'],
  ['track-line', 'track'],
  ['heat-fill', 'heat'],
  ['building-3d', 'building'],
  ['building', 'building'],
  ['grid-fill', 'grid'],
]

const LAYER_OF = new Map(PICKABLE)
const ORDER = new Map(PICKABLE.map(([id], i) => [id, i]))

export interface Hit {
  layer: string
  key: string
  feature: MapGeoJSONFeature
}

function pick(map: MapLibre, event: MapMouseEvent, only?: readonly string[]): Hit | null {
  const reach = isPhone.peek() ? 10 : 4
  const layers = PICKABLE.filter(([id, layer]) => map.getLayer(id) && (only?.includes(layer) ?? true)).map(([id]) => id)
  const found = hits(map, event.point, layers, reach).sort(
    (a, b) =>
      (ORDER.get(a.layer.id) ?? 99) - (ORDER.get(b.layer.id) ?? 99) ||
      pixelsTo(map, event.point, a) - pixelsTo(map, event.point, b),
  )
  // Areas must lie under the pointer itself; of things that crowd, the nearest point is meant.
  const exact = new Set(
    map.queryRenderedFeatures(event.point, { layers }).map((feature) => `${feature.layer.id} ${keyOf(feature)}`),
  )
  const feature = found.find((item) => item.geometry.type === 'Point' || exact.has(`${item.layer.id} ${keyOf(item)}`))
  if (!feature) return null
  return { layer: LAYER_OF.get(feature.layer.id) ?? feature.layer.id, key: keyOf(feature), feature }
}

function keyOf(feature: MapGeoJSONFeature): string {
  const p = feature.properties
  return String(p.key ?? p.cell ?? p.cluster_id ?? '')
}

async function openCluster(map: MapLibre, hit: Hit): Promise<void> {
  if (hit.feature.geometry.type !== 'Point') return
  const source = map.getSource<GeoJSONSource>('incident')
  const zoom = await source?.getClusterExpansionZoom(Number(hit.key))
  const [lon = 0, lat = 0] = hit.feature.geometry.coordinates
  // The person asked for it by clicking: this is the one way a click moves the map.
  map.easeTo({ center: [lon, lat], zoom: Math.min(17, zoom ?? map.getZoom() + 1), duration: 300 })
}

export function startInteraction(map: MapLibre): void {
  const tip = new Popup({ closeButton: false, closeOnClick: false, className: 'tip', offset: 14, maxWidth: '22rem' })
  let hovered: { source: string; sourceLayer: string; id: string | number } | null = null
  let last: MapMouseEvent | null = null
  let scheduled = false
  watchMoves(map)

  const unhover = () => {
    if (hovered) map.setFeatureState(hovered, { hover: false })
    hovered = null
  }

  const look = () => {
    scheduled = false
    if (handsOff.peek()) {
      unhover()
      tip.remove()
      return
    }
    if (!last || corners.peek()) {
      tip.remove()
      return
    }
    const hit = pick(map, last, picking.peek()?.layers)
    map.getCanvas().style.cursor = hit ? 'pointer' : ''
    unhover()
    if (hit?.layer === 'grid' && hit.feature.id !== undefined) {
      hovered = { source: 'tiles-grid', sourceLayer: 'grid', id: hit.feature.id }
      map.setFeatureState(hovered, { hover: true })
    }
    const content = hit && tipContent(hit, [last.lngLat.lng, last.lngLat.lat])
    if (!content) {
      tip.remove()
      return
    }
    const at = hit.feature.geometry.type === 'Point' ? hit.feature.geometry.coordinates : null
    const [lon = 0, lat = 0] = at ?? [last.lngLat.lng, last.lngLat.lat]
    tip.setLngLat([lon, lat]).setDOMContent(content)
    if (!tip.isOpen()) tip.addTo(map)
  }

  if (matchMedia('(hover: hover)').matches) {
    map.on('mousemove', (event) => {
      last = event
      if (scheduled) return
      scheduled = true
      requestAnimationFrame(look)
    })
    map.on('mouseout', () => {
      last = null
      unhover()
      tip.remove()
    })
    map.on('movestart', () => tip.remove())
  }

  map.on('click', (event) => {
    if (corners.peek() || handsOff.peek()) return
    const wanted = picking.peek()
    const hit = pick(map, event, wanted?.layers)
    if (wanted) {
      if (hit?.key) wanted.take({ layer: hit.layer, key: hit.key, properties: hit.feature.properties })
      return
    }
    if (!hit?.key) {
      selection.value = null
      return
    }
    if (hit.layer === 'cluster') void openCluster(map, hit)
    else select(hit.layer, hit.key)
  })
}
