/** What is drawn at a place of the screen, just after the map has moved as well. */
import type { MapGeoJSONFeature, Map as MapLibre } from 'maplibre-gl'

export interface Spot {
  x: number
  y: number
}

/** Half a glyph on the screen. */
const GLYPH_PX = 18
/** How far beyond the screen the map keeps placed symbols. */
const BEYOND_PX = 100
/** Symbols are placed anew well within this, on a machine that draws in software as well. */
const SETTLES_MS = 5000

const movedAt = new WeakMap<MapLibre, number>()

/** Has the map tell when it moved; without it, hits are those of a map at rest. */
export function watchMoves(map: MapLibre): void {
  map.on('move', () => movedAt.set(map, performance.now()))
  map.on('idle', () => movedAt.delete(map))
}

/**
 * Features within `reach` pixels of a spot, of style layers that exist.
 *
 * Symbols are drawn where they are from the first frame on, but the map answers for them from where they stood when they
 * were last placed, up to seconds ago: a click right after a jump would mean another thing, or what lies under it. Until
 * it has come to rest, they are asked for on the whole screen and measured here.
 */
export function hits(map: MapLibre, spot: Spot, layers: readonly string[], reach: number): MapGeoJSONFeature[] {
  const at = box(spot.x - reach, spot.y - reach, spot.x + reach, spot.y + reach)
  const moved = movedAt.get(map)
  if (moved === undefined || performance.now() - moved > SETTLES_MS)
    return map.queryRenderedFeatures(at, { layers: [...layers] })
  const symbols = layers.filter((id) => map.getLayer(id)?.type === 'symbol')
  const others = layers.filter((id) => !symbols.includes(id))
  const { clientWidth, clientHeight } = map.getCanvas()
  const screen = box(-BEYOND_PX, -BEYOND_PX, clientWidth + BEYOND_PX, clientHeight + BEYOND_PX)
  return [
    ...map
      .queryRenderedFeatures(screen, { layers: symbols })
      .filter((feature) => pixelsTo(map, spot, feature) <= GLYPH_PX + reach),
    ...map.queryRenderedFeatures(at, { layers: others }),
  ]
}

/** Pixels from a spot to a point feature as the map stands now. Areas lie under the spot or do not. */
export function pixelsTo(map: MapLibre, spot: Spot, { geometry }: MapGeoJSONFeature): number {
  if (geometry.type !== 'Point') return 0
  const [lon = 0, lat = 0] = geometry.coordinates
  const { x, y } = map.project([lon, lat])
  return Math.hypot(x - spot.x, y - spot.y)
}

function box(west: number, north: number, east: number, south: number): [[number, number], [number, number]] {
  return [
    [west, north],
    [east, south],
  ]
}
