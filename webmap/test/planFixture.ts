/** Two squares side by side and a third under both, as the server would say them: shared borders, each once. */
import type { PlanArc, PlanGrid, PlanMap } from '../src/api/plans'

const P: Record<string, [number, number]> = {
  a: [110, 30],
  b: [110.001, 30],
  c: [110.002, 30],
  d: [110.002, 29.999],
  e: [110.001, 29.999],
  f: [110, 29.999],
  g: [110.002, 29.998],
  h: [110, 29.998],
}
const xy = (names: string) => [...names].map((name) => P[name] as [number, number])

const arc = (id: number, names: string, left: string | null, right: string | null): PlanArc => ({
  id,
  xy: xy(names),
  left,
  right,
  fixed: left === null || right === null,
})

export const ARCS: PlanArc[] = [
  arc(0, 'be', '2', '1'),
  arc(1, 'fab', null, '1'),
  arc(2, 'bcd', null, '2'),
  arc(3, 'ef', '3', '1'),
  arc(4, 'de', '3', '2'),
  arc(5, 'dghf', null, '3'),
]

export const grid = (id: string, rings: number[][], more: Partial<PlanGrid> = {}): PlanGrid => ({
  id,
  code: `33010600100${id.padStart(4, '0')}`,
  label: id.padStart(3, '0'),
  name: `grid ${id}`,
  kind: 'unit',
  community_code: '330106001001',
  team_key: null,
  locked: false,
  special: null,
  rings,
  polygons: [rings.length],
  area_m2: 10_000,
  measures: { buildings: 4, households: 40 },
  load: 1,
  changed: false,
  at: [110.0005, 29.9995],
  ...more,
})

export const GRIDS: PlanGrid[] = [
  grid('1', [[1, 0, 3]]),
  grid('2', [[2, 4, ~0]]),
  grid('3', [[5, ~3, ~4]], { load: 1.27 }),
]

export function planMap(version = 3): PlanMap {
  return {
    plan: {
      key: 'P-1',
      name: 'a plan',
      note: '',
      base: '2026',
      scope: null,
      scope_name: null,
      model: 'default',
      state: 'draft',
      version,
      edits: version,
      created_by: 'planner',
      created_at: '2026-07-01T00:00:00Z',
      changed_at: '2026-07-01T00:00:00Z',
      behind: false,
      mended: false,
      submitted_by: null,
      submitted_at: null,
      decided_by: null,
      decided_at: null,
      effective_at: null,
      edition: null,
      open_comments: 0,
    },
    arcs: ARCS,
    grids: GRIDS,
    model: { key: 'default', title: { zh: '', en: '' }, measures: [], tolerance: 0.1, least: 0.5, most: 1.2 },
    balance: [],
    problems: [],
    history: { undo: null, redo: null },
  } as PlanMap
}
