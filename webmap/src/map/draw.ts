/** Drawing one area by its corners: a click adds one, the first again, Enter or a double click closes it, Escape leaves. */
import { effect } from '@preact/signals'
import type { Feature } from 'geojson'
import type { GeoJSONSource, Map as MapLibre, MapMouseEvent } from 'maplibre-gl'
import { type Corner, corners, dropCorner, endDrawing, leaveDrawing, placeCorner } from '../state/draw'
import { isPhone } from '../state/view'
import type { OwnedLayer, StyleContext } from './context'

export function drawLayers({ palette: p, factor }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'draw-fill',
      owner: '',
      type: 'fill',
      source: 'draw',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': p.accent, 'fill-opacity': 0.16 },
    },
    {
      id: 'draw-line',
      owner: '',
      type: 'line',
      source: 'draw',
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': p.accent, 'line-width': 2.2 * factor },
    },
    {
      id: 'draw-corner',
      owner: '',
      type: 'circle',
      source: 'draw',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 5 * factor,
        'circle-color': p.panel,
        'circle-stroke-color': p.accent,
        'circle-stroke-width': 2.2,
      },
    },
  ]
}

function shapes(ring: readonly Corner[], pointer: Corner | null): Feature[] {
  const way = pointer ? [...ring, pointer] : [...ring]
  const features: Feature[] = ring.map((corner) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [...corner] },
    properties: {},
  }))
  const [first] = way
  if (!first || way.length < 2) return features
  const closed = [...way, first].map((corner) => [...corner])
  features.push({ type: 'Feature', geometry: { type: 'LineString', coordinates: closed }, properties: {} })
  if (way.length >= 3) {
    features.push({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [closed] }, properties: {} })
  }
  return features
}

export function startDrawing(map: MapLibre): () => void {
  let pointer: Corner | null = null
  const draw = () => {
    map.getSource<GeoJSONSource>('draw')?.setData({
      type: 'FeatureCollection',
      features: shapes(corners.peek() ?? [], corners.peek() ? pointer : null),
    })
  }
  const at = ({ lngLat }: MapMouseEvent): Corner => [lngLat.lng, lngLat.lat]
  const click = (event: MapMouseEvent) => {
    const ring = corners.peek()
    if (!ring) return
    const [first] = ring
    if (first && ring.length >= 3) {
      const near = map.project([first[0], first[1]])
      if (Math.hypot(near.x - event.point.x, near.y - event.point.y) < (isPhone.peek() ? 22 : 10)) return endDrawing()
    }
    placeCorner(at(event))
  }
  const move = (event: MapMouseEvent) => {
    if (!corners.peek()) return
    pointer = at(event)
    draw()
  }
  const close = (event: MapMouseEvent) => {
    if (!corners.peek()) return
    event.preventDefault()
    // The two clicks of it placed the same corner twice.
    dropCorner()
    endDrawing()
  }
  const key = (event: KeyboardEvent) => {
    if (!corners.peek() || (event.target as HTMLElement).closest('input, select, textarea, button')) return
    if (event.key === 'Enter') endDrawing()
    else if (event.key === 'Escape') leaveDrawing()
    else if (event.key === 'Backspace') dropCorner()
    else if (event.key === ' ') placeCorner(centre(map))
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  map.on('click', click)
  map.on('mousemove', move)
  map.on('dblclick', close)
  addEventListener('keydown', key, true)
  const following = effect(() => {
    const ring = corners.value
    if (!ring) pointer = null
    map.getCanvas().classList.toggle('is-drawing', ring !== null)
    draw()
  })
  return () => {
    following()
    map.off('click', click)
    map.off('mousemove', move)
    map.off('dblclick', close)
    removeEventListener('keydown', key, true)
  }
}

function centre(map: MapLibre): Corner {
  const { lng, lat } = map.getCenter()
  return [lng, lat]
}
