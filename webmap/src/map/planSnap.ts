/** What a drawn line or a dragged corner clings to: the plan's own borders exactly, else what the map shows near the pointer. */
import type { Geometry, Position } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { arcsAround, nearestBorder, nearestCorner, nearestOnLine } from '../domain/near'
import { plan } from '../state/plan'
import { type Cling, clings } from '../state/planTools'

const CORNER_PX = 10
const LINE_PX = 8

/** Catalogue layers behind what can be clung to. */
const TILES: Record<Exclude<Cling, 'borders'>, readonly string[]> = {
  roads: ['tiles-road'],
  rivers: ['tiles-water'],
  buildings: ['tiles-building'],
}

export function metresPerPixel(map: MapLibre): number {
  const { lat } = map.getCenter()
  return (40_075_016.7 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom())
}

function linesOf(geometry: Geometry): Position[][] {
  switch (geometry.type) {
    case 'LineString':
      return [geometry.coordinates]
    case 'MultiLineString':
    case 'Polygon':
      return geometry.coordinates
    case 'MultiPolygon':
      return geometry.coordinates.flat()
    default:
      return []
  }
}

function mapLines(map: MapLibre, at: Position, wanted: readonly Cling[]): Position[][] {
  const sources = wanted.flatMap((one) => (one === 'borders' ? [] : TILES[one]))
  // Asked with every move of the pointer: the whole style would be written out for it, with all that is in its sources.
  const layers = map.getLayersOrder().filter((id) => {
    const layer = map.getLayer(id)
    return layer !== undefined && layer.type !== 'symbol' && sources.includes(layer.source)
  })
  if (layers.length === 0) return []
  const { x, y } = map.project([at[0] ?? 0, at[1] ?? 0])
  const box: [[number, number], [number, number]] = [
    [x - LINE_PX, y - LINE_PX],
    [x + LINE_PX, y + LINE_PX],
  ]
  return map.queryRenderedFeatures(box, { layers }).flatMap(({ geometry }) => linesOf(geometry))
}

export interface Clung {
  at: Position
  to: 'corner' | 'line'
}

/** Where a point goes that is placed at `at`; null: it stays. `but` is a corner that must not hold itself. */
export function cling(map: MapLibre, at: Position, but: Position | null = null): Clung | null {
  const model = plan.peek()
  const wanted = clings.peek()
  const scale = metresPerPixel(map)
  if (model && wanted.includes('borders')) {
    const near = [...arcsAround(model.arcs.values(), at, CORNER_PX * scale)]
    const arcs = but ? near.filter(({ xy }) => !has(xy, but)) : near
    const corner = nearestCorner(arcs, at, CORNER_PX * scale)
    if (corner) return { at: corner.at, to: 'corner' }
    const border = nearestBorder(arcs, at, LINE_PX * scale)
    if (border) return { at: border.at, to: 'line' }
  }
  const others = wanted.filter((one) => one !== 'borders')
  if (others.length === 0) return null
  let best: { at: Position; metres: number; to: Clung['to'] } | null = null
  for (const line of mapLines(map, at, others)) {
    const found = nearestOnLine(line, at)
    if (found && found.metres <= LINE_PX * scale && found.metres < (best?.metres ?? Infinity)) {
      best = { at: found.at, metres: found.metres, to: 'line' }
    }
    for (const vertex of line) {
      const near = nearestOnLine([vertex, vertex], at)
      // A corner is worth a little more than the line through it.
      if (near && near.metres <= CORNER_PX * scale && near.metres * 0.6 < (best?.metres ?? Infinity)) {
        best = { at: vertex, metres: near.metres * 0.6, to: 'corner' }
      }
    }
  }
  return best && { at: best.at, to: best.to }
}

function has(xy: readonly Position[], corner: Position): boolean {
  return xy.some((at) => at[0] === corner[0] && at[1] === corner[1])
}
