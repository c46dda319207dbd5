/** What of the borders is near a point on the ground: a corner to take hold of, a stretch to pull at. Metres. */
import type { Position } from 'geojson'
import type { PlanArc } from '../api/plans'

const M_PER_DEGREE = 111_195

/** Degrees to metres about a latitude: good to a part in a thousand over a screen. */
export function metresAt(lat: number): readonly [x: number, y: number] {
  return [M_PER_DEGREE * Math.cos((lat * Math.PI) / 180), M_PER_DEGREE]
}

export interface NearCorner {
  arc: PlanArc
  index: number
  /** The corner itself, exactly. */
  at: Position
  metres: number
}

export interface NearBorder {
  arc: PlanArc
  /** The stretch from this vertex to the next. */
  index: number
  /** The nearest point on it. */
  at: Position
  metres: number
}

type Box = readonly [west: number, south: number, east: number, north: number]
const boxes = new WeakMap<PlanArc, Box>()

/** An arc never changes, a changed one is another: its bounds are worked out once. */
function boxOf(arc: PlanArc): Box {
  const known = boxes.get(arc)
  if (known) return known
  let [w, s, e, n] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x = 0, y = 0] of arc.xy) {
    if (x < w) w = x
    if (x > e) e = x
    if (y < s) s = y
    if (y > n) n = y
  }
  const box: Box = [w, s, e, n]
  boxes.set(arc, box)
  return box
}

/** Arcs whose bounds come within `metres` of a point. */
export function* arcsAround(arcs: Iterable<PlanArc>, point: Position, metres: number): Generator<PlanArc> {
  const [x = 0, y = 0] = point
  const [kx, ky] = metresAt(y)
  const dx = metres / kx
  const dy = metres / ky
  for (const arc of arcs) {
    const [w, s, e, n] = boxOf(arc)
    if (x >= w - dx && x <= e + dx && y >= s - dy && y <= n + dy) yield arc
  }
}

export function nearestCorner(arcs: Iterable<PlanArc>, point: Position, metres: number): NearCorner | null {
  const [px = 0, py = 0] = point
  const [kx, ky] = metresAt(py)
  let best: NearCorner | null = null
  for (const arc of arcsAround(arcs, point, metres)) {
    for (const [index, at] of arc.xy.entries()) {
      const d = Math.hypot(((at[0] ?? 0) - px) * kx, ((at[1] ?? 0) - py) * ky)
      if (d <= (best?.metres ?? metres)) best = { arc, index, at, metres: d }
    }
  }
  return best
}

/** The nearest point of a line to a point: which stretch, where, how far. */
export function nearestOnLine(
  line: readonly Position[],
  point: Position,
): { index: number; at: Position; metres: number } | null {
  const [px = 0, py = 0] = point
  const [kx, ky] = metresAt(py)
  let best: { index: number; at: Position; metres: number } | null = null
  for (let i = 0; i + 1 < line.length; i++) {
    const [ax = 0, ay = 0] = line[i] ?? []
    const [bx = 0, by = 0] = line[i + 1] ?? []
    const ux = (bx - ax) * kx
    const uy = (by - ay) * ky
    const length = ux * ux + uy * uy
    const along = length === 0 ? 0 : ((px - ax) * kx * ux + (py - ay) * ky * uy) / length
    const t = Math.min(1, Math.max(0, along))
    const at: Position = t === 0 ? [ax, ay] : t === 1 ? [bx, by] : [ax + (bx - ax) * t, ay + (by - ay) * t]
    const d = Math.hypot(((at[0] ?? 0) - px) * kx, ((at[1] ?? 0) - py) * ky)
    if (!best || d < best.metres) best = { index: i, at, metres: d }
  }
  return best
}

export function nearestBorder(arcs: Iterable<PlanArc>, point: Position, metres: number): NearBorder | null {
  let best: NearBorder | null = null
  for (const arc of arcsAround(arcs, point, metres)) {
    const found = nearestOnLine(arc.xy, point)
    if (found && found.metres <= (best?.metres ?? metres)) best = { arc, ...found }
  }
  return best
}

const same = (a: Position | undefined, b: Position | undefined) => a?.[0] === b?.[0] && a?.[1] === b?.[1]

/** Every arc that has this corner: they move together. */
export function arcsWith(arcs: Iterable<PlanArc>, corner: Position): PlanArc[] {
  return [...arcsAround(arcs, corner, 0.01)].filter(({ xy }) => xy.some((at) => same(at, corner)))
}

/** A line with one of its corners elsewhere, or, with null, left out. */
export function withCorner(line: readonly Position[], corner: Position, to: Position | null): Position[] {
  if (to) return line.map((at) => (same(at, corner) ? to : at))
  return line.filter((at) => !same(at, corner))
}

/** Of a line's greatest part in a grid: so much of it in another is meant there, and not a slip over the border. */
const MEANT = 0.25

/**
 * The grid in which the greater part of a line lies, of those that `gridAt` names; where a split is meant. The `wanted`
 * one is preferred where a fair part of the line lies in it.
 */
export function gridUnder(
  line: readonly Position[],
  gridAt: (at: Position) => string | null,
  wanted: string | null = null,
): string | null {
  const length = new Map<string, number>()
  const STEPS = 24
  for (let i = 0; i + 1 < line.length; i++) {
    const [ax = 0, ay = 0] = line[i] ?? []
    const [bx = 0, by = 0] = line[i + 1] ?? []
    const [kx, ky] = metresAt(ay)
    const part = Math.hypot((bx - ax) * kx, (by - ay) * ky) / STEPS
    for (let k = 0; k < STEPS; k++) {
      const t = (k + 0.5) / STEPS
      const id = gridAt([ax + (bx - ax) * t, ay + (by - ay) * t])
      if (id) length.set(id, (length.get(id) ?? 0) + part)
    }
  }
  let best: string | null = null
  for (const [id, metres] of length) if (best === null || metres > (length.get(best) ?? 0)) best = id
  const most = best === null ? 0 : (length.get(best) ?? 0)
  return wanted !== null && (length.get(wanted) ?? 0) > most * MEANT ? wanted : best
}
