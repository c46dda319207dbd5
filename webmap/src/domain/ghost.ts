/** What an edit will look like, as lines, before the server has said so; and which grids stand dimmed until then. */
import type { Feature, FeatureCollection, Position } from 'geojson'
import type { Operation, PlanDelta } from '../api/plans'
import { arcsWith, withCorner } from './near'
import { bordersOf, type PlanModel } from './topology'

export interface Ghost {
  lines: FeatureCollection
  dimmed: ReadonlySet<string>
}

const NOTHING: Ghost = { lines: { type: 'FeatureCollection', features: [] }, dimmed: new Set() }

const line = (coordinates: readonly Position[], role: string): Feature => ({
  type: 'Feature',
  geometry: { type: 'LineString', coordinates: [...coordinates] },
  properties: { role },
})

function ghost(lines: Feature[], dimmed: Iterable<string | null | undefined>): Ghost {
  return {
    lines: {
      type: 'FeatureCollection',
      features: lines.filter((one) => one.geometry.type !== 'LineString' || one.geometry.coordinates.length > 1),
    },
    dimmed: new Set([...dimmed].filter((id): id is string => Boolean(id))),
  }
}

/** Borders between grids that are about to be one. */
function seams(model: PlanModel, ids: readonly string[]): Position[][] {
  const inside = new Set(ids)
  const arcs = new Set(ids.flatMap((id) => [...bordersOf(model.grids.get(id) ?? ({ rings: [] } as never))]))
  return [...arcs].flatMap((id) => {
    const arc = model.arcs.get(id)
    return arc?.left && arc.right && inside.has(arc.left) && inside.has(arc.right) ? [arc.xy] : []
  })
}

export function ghostOf(model: PlanModel | null, operation: Operation | null): Ghost {
  if (!model || !operation) return NOTHING
  switch (operation.op) {
    case 'split':
      return ghost([line(operation.line, 'new')], [operation.grid])
    case 'reshape':
      return ghost([line(operation.line, 'new')], [])
    case 'move': {
      const arcs = arcsWith(model.arcs.values(), operation.at)
      return ghost(
        arcs.map(({ xy }) => line(withCorner(xy, operation.at, operation.to), 'new')),
        arcs.flatMap(({ left, right }) => [left, right]),
      )
    }
    case 'insert': {
      const arc = model.arcs.get(operation.arc)
      if (!arc) return NOTHING
      const index = stretchAt(arc.xy, operation.at)
      return ghost(
        [line([...arc.xy.slice(0, index + 1), operation.to, ...arc.xy.slice(index + 1)], 'new')],
        [arc.left, arc.right],
      )
    }
    case 'remove': {
      const arcs = arcsWith(model.arcs.values(), operation.at)
      return ghost(
        arcs.map(({ xy }) => line(withCorner(xy, operation.at, null), 'new')),
        arcs.flatMap(({ left, right }) => [left, right]),
      )
    }
    case 'merge':
      return ghost(
        seams(model, operation.grids).map((xy) => line(xy, 'old')),
        operation.grids,
      )
    case 'snap':
    case 'simplify':
      return ghost([], operation.grids)
    case 'per_building':
      return ghost([], [operation.grid])
    // What is given away is painted; who gets it stays as readable as it was.
    default:
      return NOTHING
  }
}

/** What a tried edit came to: the borders that would go, and those that would come. */
export function ghostOfDelta(model: PlanModel | null, delta: PlanDelta | null): Ghost {
  if (!model || !delta) return NOTHING
  const old = delta.arcs_gone.flatMap((id) => {
    const arc = model.arcs.get(id)
    return arc ? [line(arc.xy, 'old')] : []
  })
  // A border that comes back as it was is neither gone nor new.
  const before = new Set(old.map(({ geometry }) => JSON.stringify((geometry as GeoJSON.LineString).coordinates)))
  const fresh = delta.arcs.map(({ xy }) => line(xy, 'new'))
  const after = new Set(fresh.map(({ geometry }) => JSON.stringify((geometry as GeoJSON.LineString).coordinates)))
  const text = (one: Feature) => JSON.stringify((one.geometry as GeoJSON.LineString).coordinates)
  return ghost([...old.filter((one) => !after.has(text(one))), ...fresh.filter((one) => !before.has(text(one)))], [])
}

/** The stretch of a line that a point on it belongs to. */
function stretchAt(xy: readonly Position[], [px = 0, py = 0]: Position): number {
  let best = 0
  let least = Infinity
  for (let i = 0; i + 1 < xy.length; i++) {
    const [ax = 0, ay = 0] = xy[i] ?? []
    const [bx = 0, by = 0] = xy[i + 1] ?? []
    const detour = Math.hypot(px - ax, py - ay) + Math.hypot(bx - px, by - py) - Math.hypot(bx - ax, by - ay)
    if (detour < least) {
      least = detour
      best = i
    }
  }
  return best
}
