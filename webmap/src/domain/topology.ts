/**
 * A plan as the screen holds it: borders that two grids share, and grids that are made of them.
 *
 * A grid's outline is not kept: it is put together from the borders, so that neighbours cannot part on the screen
 * either. A model is never changed; an edit makes a new one that shares all it did not touch.
 */
import type { MultiPolygon, Position } from 'geojson'
import type {
  Balance,
  LoadModel,
  Plan,
  PlanArc,
  PlanDelta,
  PlanGrid,
  PlanHistory,
  PlanMap,
  PlanProblem,
} from '../api/plans'
import type { Text2 } from '../api/types'

export interface PlanModel {
  readonly plan: Plan
  readonly arcs: ReadonlyMap<number, PlanArc>
  readonly grids: ReadonlyMap<string, PlanGrid>
  readonly model: LoadModel
  readonly balance: readonly Balance[]
  readonly problems: readonly PlanProblem[]
  readonly history: PlanHistory
  /** What was done last, and what changed hands by it; null before anything was. */
  readonly text: Text2 | null
  readonly moved: Readonly<Record<string, number>>
}

export function modelOf(map: PlanMap): PlanModel {
  return {
    plan: map.plan,
    arcs: new Map(map.arcs.map((arc) => [arc.id, arc])),
    grids: new Map(map.grids.map((grid) => [grid.id, grid])),
    model: map.model,
    balance: map.balance,
    problems: map.problems,
    history: map.history,
    text: null,
    moved: {},
  }
}

/** Drops what is gone, then puts what is new or different. */
export function applied(model: PlanModel, delta: PlanDelta): PlanModel {
  const arcs = new Map(model.arcs)
  for (const id of delta.arcs_gone) arcs.delete(id)
  for (const arc of delta.arcs) arcs.set(arc.id, arc)
  const grids = new Map(model.grids)
  for (const id of delta.grids_gone) grids.delete(id)
  for (const grid of delta.grids) grids.set(grid.id, grid)
  return {
    ...model,
    plan: { ...model.plan, version: delta.version, changed_at: new Date().toISOString() },
    arcs,
    grids,
    balance: balanceAfter(model.balance, delta.balance),
    problems: problemsAfter(model.problems, delta),
    history: delta.history,
    text: delta.text,
    moved: delta.moved,
  }
}

/** The table with the lines that are others now; the whole stands first. */
function balanceAfter(before: readonly Balance[], lines: readonly Balance[]): readonly Balance[] {
  if (lines.length === 0) return before
  const rows = new Map(before.map((row) => [row.community_code, row]))
  for (const row of lines) rows.set(row.community_code, row)
  return [...rows.values()].sort((a, b) => order(a.community_code ?? '', b.community_code ?? ''))
}

/** Rules in the order in which their problems are listed. */
const RULES = ['contiguity', 'community', 'barrier', 'cut', 'load', 'size', 'special', 'code', 'name']

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const worstFirst = (a: PlanProblem, b: PlanProblem): number =>
  order(a.severity, b.severity) || RULES.indexOf(a.rule) - RULES.indexOf(b.rule) || order(a.grid ?? '', b.grid ?? '')

/** What stands of the grids that a difference does not speak of, and what it says of the others. */
function problemsAfter(before: readonly PlanProblem[], delta: PlanDelta): readonly PlanProblem[] {
  const told = new Set([...delta.grids_gone, ...delta.grids.map(({ id }) => id)])
  const stand = before.filter(({ grid }) => !grid || !told.has(grid))
  if (stand.length === before.length && delta.problems.length === 0) return before
  return [...stand, ...delta.problems].sort(worstFirst)
}

/** The arc of a ring's signed entry, and whether it runs backwards. */
export const arcOf = (entry: number): readonly [id: number, backwards: boolean] =>
  entry < 0 ? [~entry, true] : [entry, false]

/** A ring's positions, closed; consecutive arcs share their end, which stands once. */
export function ringOf(arcs: ReadonlyMap<number, PlanArc>, entries: readonly number[]): Position[] {
  const ring: Position[] = []
  for (const entry of entries) {
    const [id, backwards] = arcOf(entry)
    const line = arcs.get(id)?.xy
    if (!line) return []
    const from = ring.length > 0 ? 1 : 0
    if (backwards) for (let i = line.length - 1 - from; i >= 0; i--) ring.push(line[i] as Position)
    else for (let i = from; i < line.length; i++) ring.push(line[i] as Position)
  }
  return ring
}

/** A grid's ground, from the borders around it. */
export function shapeOf(arcs: ReadonlyMap<number, PlanArc>, grid: PlanGrid): MultiPolygon {
  const coordinates: Position[][][] = []
  let next = 0
  for (const count of grid.polygons) {
    const rings = grid.rings.slice(next, next + count).map((entries) => ringOf(arcs, entries))
    next += count
    if (rings.length > 0 && rings.every((ring) => ring.length >= 4)) coordinates.push(rings)
  }
  return { type: 'MultiPolygon', coordinates }
}

/** The borders around a grid, each once. */
export function bordersOf(grid: PlanGrid): Set<number> {
  return new Set(grid.rings.flat().map((entry) => arcOf(entry)[0]))
}

/** Grids on the other side of a grid's borders. */
export function neighboursOf(model: PlanModel, id: string): Set<string> {
  const found = new Set<string>()
  const grid = model.grids.get(id)
  for (const arc of grid ? bordersOf(grid) : []) {
    const sides = model.arcs.get(arc)
    for (const side of [sides?.left, sides?.right]) if (side && side !== id) found.add(side)
  }
  return found
}

/** Whether all of the grids hang together, so that one can be made of them. */
export function connected(model: PlanModel, ids: readonly string[]): boolean {
  const [first] = ids
  if (first === undefined) return false
  const wanted = new Set(ids)
  const queue = [first]
  wanted.delete(first)
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const next of neighboursOf(model, id)) if (wanted.delete(next)) queue.push(next)
  }
  return wanted.size === 0
}

export type Tone = 'within' | 'over' | 'under'
/** Whether a load is within what the model allows; 1 is the mean. */
export function toneOf(load: number, tolerance: number): Tone {
  if (load > 1 + tolerance + 1e-9) return 'over'
  return load < 1 - tolerance - 1e-9 ? 'under' : 'within'
}
