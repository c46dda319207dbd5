/** The whole style from the catalogue, the theme and what the person chose; later changes are applied property by property. */
import type { LayerSpecification, Map as MapLibre, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import { type HeatQuery, heatTiles } from '../api/client'
import { HEAT_MAX_ZOOM } from '../state/legend'
import { areaLayers } from './areas'
import { assetLayers, warnedLayers } from './assets'
import { baseLayers, labelLayers, tallBuildings } from './base'
import { callLayers, callSigns } from './calls'
import type { OwnedLayer, StyleContext } from './context'
import { drawLayers } from './draw'
import { effectLayers } from './effect'
import { fovLayers } from './fov'
import { heatLayers } from './heat'
import { hotspotLabels, hotspotLayers } from './hotspots'
import { mineLayers } from './mine'
import { moverLayers } from './movers'
import { partLayers } from './parts'
import { productLayers, productSources } from './products'
import { pulseLayers } from './pulse'
import { selectionLayers } from './selected'
import { zoneLayers } from './zones'

/** Layers drawn from vector tiles; the rest are held whole and fed by the live stream. */
export const TILE_LAYERS = [
  'landuse',
  'water',
  'contour',
  'road',
  'building',
  'area',
  'grid',
  'geofence',
  'hazard_zone',
  'track',
  'camera',
  'part',
  'place',
] as const

/** GeoJSON sources, filled after the style is up. */
export const DATA_SOURCES = [
  'sensor',
  'incident',
  'incident-solved',
  'hazard',
  'team',
  'warning',
  'calls',
  'calls-nobody',
  'mover',
  'mover-tail',
  'fov',
  'selected',
  'pulse',
  'mine',
  'hotspots',
  'effect',
  'draw',
] as const

const NOTHING: StyleSpecification['sources'][string] = {
  type: 'geojson',
  data: { type: 'FeatureCollection', features: [] },
}

export function heatSourceTiles(surface: string | null, ask: HeatQuery): string[] {
  return surface ? [heatTiles(surface, ask)] : []
}

function absolute(url: string): string {
  return url.startsWith('/') ? location.origin + url : url
}

function sources(context: StyleContext): Record<string, SourceSpecification> {
  const { catalogue, heat, ask } = context
  const out: Record<string, SourceSpecification> = {}
  for (const name of TILE_LAYERS) {
    const spec = catalogue.layers.find((layer) => layer.name === name)
    if (!spec) continue
    out[`tiles-${name}`] = {
      type: 'vector',
      tiles: [absolute(`/tiles/${name}/{z}/{x}/{y}.mvt`)],
      minzoom: spec.minzoom,
      // Past its deepest tiles a layer is drawn from the last ones.
      maxzoom: Math.min(spec.maxzoom, 16),
      bounds: catalogue.city.bounds,
    }
  }
  if (catalogue.terrain) {
    const { tiles, minzoom, maxzoom, encoding, bounds = catalogue.city.bounds } = catalogue.terrain
    out.terrain = {
      type: 'raster-dem',
      tiles: [absolute(tiles)],
      tileSize: 256,
      minzoom,
      maxzoom,
      encoding,
      bounds,
    }
  }
  Object.assign(out, productSources(catalogue))
  const [west, south, east, north] = catalogue.terrain?.bounds ?? catalogue.city.bounds
  out.beyond = { type: 'geojson', data: frame(west, south, east, north) }
  out.heat = {
    type: 'vector',
    tiles: heatSourceTiles(heat.surface, ask),
    minzoom: 6,
    maxzoom: HEAT_MAX_ZOOM,
    bounds: catalogue.city.bounds,
  }
  for (const name of DATA_SOURCES) out[name] = NOTHING
  out.incident = {
    ...NOTHING,
    cluster: true,
    clusterMaxZoom: 13,
    clusterRadius: 34,
    clusterProperties: { late: ['+', ['case', ['==', ['get', 'tone'], 'late'], 1, 0]] },
  } as SourceSpecification
  return out
}

function layers(context: StyleContext): OwnedLayer[] {
  return [
    ...baseLayers(context),
    ...productLayers(context),
    ...areaLayers(context).slice(0, 1),
    ...heatLayers(context),
    ...hotspotLayers(context),
    ...areaLayers(context).slice(1),
    ...tallBuildings(context),
    ...zoneLayers(context),
    ...callLayers(context),
    ...effectLayers(context),
    ...fovLayers(context),
    // Under the names: there may be a great many.
    ...partLayers(context),
    ...selectionLayers(context),
    ...labelLayers(context),
    ...hotspotLabels(context),
    ...drawLayers(context),
    ...mineLayers(context),
    ...pulseLayers(context),
    ...assetLayers(context),
    ...moverLayers(context),
    ...warnedLayers(context),
    ...callSigns(context),
  ]
}

/** The world but for a window. */
function frame(west: number, south: number, east: number, north: number): GeoJSON.Polygon {
  const ring = (w: number, s: number, e: number, n: number) => [
    [w, s],
    [e, s],
    [e, n],
    [w, n],
    [w, s],
  ]
  return { type: 'Polygon', coordinates: [ring(-179, -80, 179, 80), ring(west, south, east, north).reverse()] }
}

/** The same layers always, whatever is visible, so that a change of view is only a change of properties. */
export function buildStyle(context: StyleContext): StyleSpecification {
  const known = sources(context)
  const list: LayerSpecification[] = []
  for (const { owner, ...layer } of layers(context)) {
    const source = (layer as { source?: string }).source
    if (source && !known[source]) continue
    const visibility = owner === '' || (owner !== '-' && context.visible(owner)) ? 'visible' : 'none'
    list.push({ ...layer, layout: { ...layer.layout, visibility } } as LayerSpecification)
  }
  return {
    version: 8,
    sources: known,
    layers: list,
    light: {
      anchor: 'viewport',
      color: '#ffffff',
      intensity: context.palette.dark ? 0.25 : 0.3,
      position: [1.2, 200, 40],
    },
    transition: { duration: 0, delay: 0 },
  }
}

type Bag = Record<string, unknown>
const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b)

/** Brings the map from one built style to the next: paint, layout, filters and nothing else. */
export function applyStyle(map: MapLibre, from: StyleSpecification, to: StyleSpecification): void {
  const before = new Map(from.layers.map((layer) => [layer.id, layer]))
  for (const layer of to.layers) {
    const old = before.get(layer.id)
    if (!old) continue
    const paint = (layer.paint ?? {}) as Bag
    const oldPaint = (old.paint ?? {}) as Bag
    for (const [name, value] of Object.entries(paint)) {
      if (differs(value, oldPaint[name])) map.setPaintProperty(layer.id, name as never, value as never)
    }
    const layout = (layer.layout ?? {}) as Bag
    const oldLayout = (old.layout ?? {}) as Bag
    for (const [name, value] of Object.entries(layout)) {
      if (differs(value, oldLayout[name])) map.setLayoutProperty(layer.id, name as never, value as never)
    }
  }
  if (differs(from.light, to.light) && to.light) map.setLight(to.light)
}
