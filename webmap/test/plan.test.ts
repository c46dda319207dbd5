import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PlanDelta } from '../src/api/plans'
import { ghostOf, ghostOfDelta } from '../src/domain/ghost'
import { arcsWith, gridUnder, nearestBorder, nearestCorner, withCorner } from '../src/domain/near'
import { applied, connected, modelOf, neighboursOf, ringOf, shapeOf, toneOf } from '../src/domain/topology'
import { labelText } from '../src/map/planDraw'
import { differs } from '../src/map/planKeyed'
import {
  closePlan,
  edit,
  followPlan,
  noteDelta,
  openPlan,
  pickGrid,
  plan,
  planBusy,
  planClash,
  planPick,
  planRefused,
  undo,
} from '../src/state/plan'
import { GRIDS, grid, planMap } from './planFixture'

const model = () => modelOf(planMap())

const delta = (version: number, more: Partial<PlanDelta> = {}): PlanDelta => ({
  version,
  arcs_gone: [],
  arcs: [],
  grids_gone: [],
  grids: [],
  balance: [],
  problems: [],
  history: { undo: { zh: '分割', en: 'split' }, redo: null },
  text: { zh: '分割 001', en: 'split 001' },
  moved: {},
  ...more,
})

describe('what a difference does not speak of', () => {
  const wrong = (id: string, rule: 'load' | 'cut', severity: 'error' | 'warning' = 'error') => ({
    rule,
    severity,
    grid: id,
    text: { zh: rule, en: rule },
    where: null,
  })
  it('stands: problems of other grids, lines of other communities', () => {
    const before = model()
    const [one, two] = [...before.grids.values()]
    if (!one || !two) throw new Error('two grids')
    const start = {
      ...before,
      problems: [wrong(one.id, 'cut'), wrong(two.id, 'load'), wrong(two.id, 'cut', 'warning')],
    }
    const after = applied(start, delta(1, { grids: [two], problems: [wrong(two.id, 'cut')] }))
    expect(after.problems.map(({ grid, rule }) => [grid, rule])).toEqual(
      [one.id, two.id].sort().map((id) => [id, 'cut']),
    )
    expect(applied(start, delta(1, { grids_gone: [two.id] })).problems).toEqual([wrong(one.id, 'cut')])
    expect(applied(start, delta(1)).problems).toBe(start.problems)
    const line = (community_code: string | null, grids: number) => ({
      community_code,
      name: null,
      grids,
      mean: {},
      max_over_mean: 1,
      min_over_mean: 1,
      gini: 0,
      out_of_tolerance: 0,
    })
    const table = { ...start, balance: [line(null, 9), line('a', 4), line('b', 5)] }
    const { balance } = applied(table, delta(1, { balance: [line(null, 10), line('b', 6)] }))
    expect(balance.map(({ grids }) => grids)).toEqual([10, 4, 6])
  })
})

describe('shared borders', () => {
  it('make closed rings, in either direction, each corner once', () => {
    const { arcs } = model()
    for (const { rings } of GRIDS) {
      for (const entries of rings) {
        const ring = ringOf(arcs, entries)
        expect(ring[0]).toEqual(ring.at(-1))
        const inside = ring.slice(1).map(String)
        expect(new Set(inside).size).toBe(inside.length)
      }
    }
  })
  it('give neighbours the very same corners', () => {
    const { arcs } = model()
    const [one, two] = GRIDS.map((each) => JSON.stringify(shapeOf(arcs, each)))
    for (const corner of ['[110.001,30]', '[110.001,29.999]']) {
      expect(one).toContain(corner)
      expect(two).toContain(corner)
    }
  })
  it('tell which polygons rings belong to', () => {
    const { arcs } = model()
    const apart = grid(
      '9',
      [
        [1, 0, 3],
        [2, 4, ~0],
      ],
      { polygons: [1, 1] },
    )
    expect(shapeOf(arcs, apart).coordinates.map((polygon) => polygon.length)).toEqual([1, 1])
    const holed = grid(
      '9',
      [
        [1, 0, 3],
        [2, 4, ~0],
      ],
      { polygons: [2] },
    )
    expect(shapeOf(arcs, holed).coordinates.map((polygon) => polygon.length)).toEqual([2])
  })
  it('say who is whose neighbour, and what hangs together', () => {
    const now = model()
    expect([...neighboursOf(now, '1')].sort()).toEqual(['2', '3'])
    expect(connected(now, ['1', '2', '3'])).toBe(true)
    expect(connected(now, ['1'])).toBe(true)
    expect(connected(now, [])).toBe(false)
  })
  it('take an edit without touching what it does not name', () => {
    const before = model()
    const arc = before.arcs.get(0)
    const moved = {
      ...(arc as NonNullable<typeof arc>),
      xy: [
        [110.001, 30],
        [110.0012, 29.9995],
        [110.001, 29.999],
      ],
    }
    const after = applied(
      before,
      delta(4, {
        arcs_gone: [0],
        arcs: [{ ...moved, id: 6 } as never],
        grids_gone: [],
        grids: [grid('1', [[1, 6, 3]]), grid('2', [[2, 4, ~6]])],
      }),
    )
    expect(before.arcs.has(0)).toBe(true)
    expect(after.arcs.has(0)).toBe(false)
    expect(after.plan.version).toBe(4)
    expect(after.grids.get('3')).toBe(before.grids.get('3'))
    expect(shapeOf(after.arcs, after.grids.get('1') as never).coordinates[0]?.[0]).toContainEqual([110.0012, 29.9995])
    expect(differs(before.grids, after.grids)).toEqual({ put: [after.grids.get('1'), after.grids.get('2')], gone: [] })
    expect(differs(before.arcs, after.arcs).gone).toEqual([0])
  })
  it('know too much from too little', () => {
    expect([1.1, 1.11, 0.9, 0.89].map((load) => toneOf(load, 0.1))).toEqual(['within', 'over', 'within', 'under'])
    expect(labelText(grid('1', [], { load: 1.04, label: '004' }), undefined)).toBe('004 1.04')
    expect(labelText(grid('1', [], { load: 1.27, label: '005' }), 'error')).toBe('! 005 1.27')
  })
})

describe('what is near the pointer', () => {
  const { arcs } = model()
  it('is the corner itself, exactly', () => {
    const found = nearestCorner(arcs.values(), [110.00101, 29.99902], 5)
    expect(found?.at).toEqual([110.001, 29.999])
    expect(found?.metres).toBeLessThan(3)
    expect(nearestCorner(arcs.values(), [110.0005, 29.9995], 5)).toBeNull()
  })
  it('is the place on a border below the pointer', () => {
    const found = nearestBorder(arcs.values(), [110.00102, 29.9995], 5)
    expect(found?.arc.id).toBe(0)
    expect(found?.at[0]).toBeCloseTo(110.001, 9)
    expect(found?.at[1]).toBeCloseTo(29.9995, 9)
    expect(nearestBorder(arcs.values(), [110.0005, 29.9995], 5)).toBeNull()
  })
  it('is the corner of all borders that meet there', () => {
    const corner = [110.001, 29.999]
    expect(arcsWith(arcs.values(), corner).map(({ id }) => id)).toEqual([0, 3, 4])
    const line = arcs.get(0)?.xy ?? []
    expect(withCorner(line, corner, [1, 2]).at(-1)).toEqual([1, 2])
    expect(withCorner(line, corner, null)).toHaveLength(line.length - 1)
  })
  it('finds the grid that a line mostly lies in', () => {
    const gridAt = ([lon = 0]: number[]) => (lon < 110 ? null : lon < 110.001 ? '1' : '2')
    expect(
      gridUnder(
        [
          [109.99, 30],
          [110.0009, 30],
        ],
        gridAt,
      ),
    ).toBe('1')
    expect(
      gridUnder(
        [
          [110.0008, 30],
          [110.0018, 30],
        ],
        gridAt,
      ),
    ).toBe('2')
    expect(
      gridUnder(
        [
          [100, 30],
          [101, 30],
        ],
        gridAt,
      ),
    ).toBeNull()
  })
})

describe('the ghost of an edit', () => {
  it('bends every border that meets in a dragged corner', () => {
    const { lines, dimmed } = ghostOf(model(), { op: 'move', at: [110.001, 29.999], to: [110.0011, 29.999] })
    expect(lines.features).toHaveLength(3)
    expect(JSON.stringify(lines)).toContain('[110.0011,29.999]')
    expect([...dimmed].sort()).toEqual(['1', '2', '3'])
  })
  it('puts a new corner into the stretch that was pulled at', () => {
    const { lines } = ghostOf(model(), { op: 'insert', arc: 1, at: [110, 29.9995], to: [110.0003, 29.9995] })
    expect(lines.features[0]?.geometry).toMatchObject({
      coordinates: [
        [110, 29.999],
        [110.0003, 29.9995],
        [110, 30],
        [110.001, 30],
      ],
    })
  })
  it('shows the seam that a merge takes out', () => {
    const { lines } = ghostOf(model(), { op: 'merge', grids: ['1', '2'] })
    expect(lines.features.map(({ properties }) => properties?.role)).toEqual(['old'])
  })
  it('shows of a tried edit only what would be different', () => {
    const arcs = planMap().arcs
    const kept = { ...(arcs[1] as (typeof arcs)[0]), id: 11 }
    const fresh = {
      ...(arcs[0] as (typeof arcs)[0]),
      id: 10,
      xy: [
        [110.001, 30],
        [110.0012, 29.999],
      ] as [number, number][],
    }
    const { lines } = ghostOfDelta(model(), delta(4, { arcs_gone: [0, 1], arcs: [fresh, kept] }))
    expect(lines.features.map(({ properties }) => properties?.role)).toEqual(['old', 'new'])
  })
})

type Answer = { status?: number; body: unknown }
const answers: Answer[] = []
const asked: { path: string; body: unknown }[] = []

describe('a plan that is open', () => {
  let end = () => {}
  beforeEach(async () => {
    answers.length = 0
    asked.length = 0
    vi.stubGlobal('fetch', async (path: string, init: RequestInit = {}) => {
      asked.push({ path, body: init.body ? JSON.parse(String(init.body)) : null })
      const { status = 200, body } = answers.shift() ?? { status: 404, body: { title: 'none' } }
      return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
    })
    answers.push({ body: planMap() })
    openPlan('P-1')
    end = followPlan()
    await vi.waitFor(() => expect(plan.value?.plan.version).toBe(3))
  })
  afterEach(() => {
    closePlan()
    end()
    vi.unstubAllGlobals()
  })

  it('is edited on the version that the edit before it brought', async () => {
    answers.push({ body: delta(4) }, { body: delta(5) })
    const first = edit({ op: 'merge', grids: ['1', '2'] })
    const second = undo()
    expect(planBusy.value).toBe(true)
    await Promise.all([first, second])
    expect(asked.slice(1)).toEqual([
      { path: '/plans/P-1/edits', body: { version: 3, operation: { op: 'merge', grids: ['1', '2'] } } },
      { path: '/plans/P-1/undo', body: { version: 4 } },
    ])
    expect(plan.value?.plan.version).toBe(5)
    expect(planBusy.value).toBe(false)
  })
  it('says why an edit was refused, and where, and stays as it is', async () => {
    const where = { type: 'Point', coordinates: [110, 30] }
    answers.push({ status: 400, body: { title: 'x', detail: 'torn', reason: 'torn', where } })
    expect(await edit({ op: 'remove', at: [110, 30] }, [110, 30])).toBeNull()
    expect(planRefused.value).toMatchObject({ reason: 'torn', where, at: [110, 30] })
    expect(plan.value?.plan.version).toBe(3)
  })
  it('takes what others did before it asks who is right', async () => {
    answers.push(
      { status: 409, body: { title: 'x', detail: 'planner2: split 001', reason: 'conflict' } },
      { body: delta(7) },
    )
    await edit({ op: 'merge', grids: ['1', '2'] })
    expect(planClash.value?.text).toContain('planner2')
    expect(plan.value?.plan.version).toBe(7)
    expect(asked.at(-1)?.path).toBe('/plans/P-1/since/3')
  })
  it('keeps no pick of a grid that is gone', () => {
    pickGrid('1')
    pickGrid('2', true)
    noteDelta(delta(4, { grids_gone: ['2'] }))
    expect([...planPick.value]).toEqual(['1'])
    pickGrid('1', true)
    expect(planPick.value.size).toBe(0)
  })
  it('lets an older answer go', () => {
    noteDelta(delta(3, { grids_gone: ['1'] }))
    expect(plan.value?.grids.has('1')).toBe(true)
  })
})
