/** What cameras see: the sector of the selected one, and of all once the map is close. */
import type { Feature, Polygon } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { sector } from '../domain/geo'
import type { OwnedLayer, StyleContext } from './context'
import { putData } from './put'

/** From here every camera shows its sector. */
export const FOV_ZOOM = 17

export function fovLayers({ palette: p }: StyleContext): OwnedLayer[] {
  const picked = ['boolean', ['get', 'picked'], false] as const
  return [
    {
      id: 'fov-fill',
      owner: 'camera',
      type: 'fill',
      source: 'fov',
      paint: { 'fill-color': p.asset, 'fill-opacity': ['case', picked, 0.2, 0.08] as never },
    },
    {
      id: 'fov-line',
      owner: 'camera',
      type: 'line',
      source: 'fov',
      paint: { 'line-color': p.asset, 'line-width': 1, 'line-opacity': ['case', picked, 0.8, 0.3] as never },
    },
  ]
}

type CameraProperties = Record<string, unknown>

export function sectorOf(position: [number, number], p: CameraProperties, picked: boolean): Feature<Polygon> | null {
  const heading = Number(p.heading_deg)
  const fov = Number(p.fov_deg)
  const range = Number(p.range_m)
  // A camera whose direction nobody recorded is not given one.
  if (p.heading_deg === null || p.heading_deg === undefined || !Number.isFinite(heading)) return null
  if (!(fov > 0) || !(range > 0)) return null
  return { type: 'Feature', geometry: sector(position, heading, fov, range), properties: { key: p.key, picked } }
}

/** Redraws the sectors for what is on screen. */
export function drawSectors(map: MapLibre, picked: { key: string; feature: Feature | null } | null): void {
  if (!map.getSource('fov')) return
  const features: Feature[] = []
  const seen = new Set<string>()
  const add = (feature: Feature, chosen: boolean) => {
    const key = String(feature.properties?.key)
    if (seen.has(key) || feature.geometry.type !== 'Point') return
    const [lon = 0, lat = 0] = feature.geometry.coordinates
    const drawn = sectorOf([lon, lat], feature.properties ?? {}, chosen)
    if (!drawn) return
    seen.add(key)
    features.push(drawn)
  }
  if (picked?.feature) add(picked.feature, true)
  if (map.getZoom() >= FOV_ZOOM && map.getSource('tiles-camera')) {
    for (const feature of map.querySourceFeatures('tiles-camera', { sourceLayer: 'camera' })) add(feature, false)
  }
  // Asked after each time the map came to rest: what would set it moving again each time would never let it.
  putData(map, 'fov', { type: 'FeatureCollection', features })
}
