/** A team's own way: where it is, and the line to its worst open alert. */
import { effect } from '@preact/signals'
import type { Feature } from 'geojson'
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl'
import { openAlerts } from '../state/alerts'
import { ownPlace } from '../state/own'
import { isTeam } from '../state/session'
import { camera } from '../state/view'
import type { OwnedLayer, StyleContext } from './context'

export function mineLayers({ palette: p, factor }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'mine-way',
      owner: '',
      type: 'line',
      source: 'mine',
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { 'line-cap': 'round' },
      paint: { 'line-color': p.accent, 'line-width': 3 * factor, 'line-dasharray': [0.1, 2.2] },
    },
    {
      id: 'mine-halo',
      owner: '',
      type: 'circle',
      source: 'mine',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-radius': 20 * factor, 'circle-color': p.accent, 'circle-opacity': 0.2 },
    },
    {
      id: 'mine-dot',
      owner: '',
      type: 'circle',
      source: 'mine',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 7 * factor,
        'circle-color': p.accent,
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 2.5,
      },
    },
  ]
}

/** Draws the way, and looks at the whole of it once: when the page was opened without a place of its own. */
export function startMine(map: MapLibre, chosenPlace: boolean): () => void {
  let looked = chosenPlace
  return effect(() => {
    if (!isTeam.value) return
    const here = ownPlace.value
    const alert = openAlerts.value[0]
    const features: Feature[] = []
    if (here) features.push({ type: 'Feature', geometry: { type: 'Point', coordinates: here }, properties: {} })
    const [lon, lat] = [alert?.lon ?? null, alert?.lat ?? null]
    if (here && lon !== null && lat !== null) {
      const way = [here, [lon, lat]]
      features.push({ type: 'Feature', geometry: { type: 'LineString', coordinates: way }, properties: {} })
      if (!looked) {
        looked = true
        const [w, e] = [Math.min(here[0], lon), Math.max(here[0], lon)]
        const [s, n] = [Math.min(here[1], lat), Math.max(here[1], lat)]
        map.fitBounds([w, s, e, n], { padding: 56, maxZoom: 16, duration: 0 })
        camera.value = {
          zoom: map.getZoom(),
          lat: map.getCenter().lat,
          lon: map.getCenter().lng,
          bearing: 0,
          pitch: 0,
        }
      }
    }
    map.getSource<GeoJSONSource>('mine')?.setData({ type: 'FeatureCollection', features })
  })
}
