import { describe, expect, it } from 'vitest'
import guide from '../../docs/planner.md?raw'
import type {
  Comment,
  ImportRepair,
  LoadModel,
  PlanEdit,
  PlanGrid,
  ProposalMove,
  ProposalOption,
} from '../src/api/plans'
import { balanceRows, barReach, loadBins, loadText, percent, shortCode, signed } from '../src/domain/planBalance'
import { areaText, depthOf, nextEdition, repairsByKind, sizeText, threadsOf } from '../src/domain/planFiles'
import {
  apart,
  beats,
  frameOf,
  frontOf,
  limitsOf,
  movesOf,
  moveTotals,
  optionGrids,
  pathOf,
  projector,
  ticks,
} from '../src/domain/planOptions'
import keys from '../src/panels/plan/ToolsKeys.ts?raw'

const model: LoadModel = {
  key: 'standard',
  title: { zh: '标准', en: 'Standard' },
  measures: [],
  tolerance: 0.1,
  least: 0.8,
  most: 1.2,
}

const grid = (id: string, label: string, load: number, more: Partial<PlanGrid> = {}): PlanGrid => ({
  id,
  code: id,
  label,
  name: label,
  kind: 'unit',
  community_code: '330106001001',
  team_key: null,
  locked: false,
  special: null,
  rings: [],
  polygons: [],
  area_m2: 1,
  measures: { households: load * 400 },
  load,
  changed: false,
  at: [120, 30],
  ...more,
})

describe('the balance of a plan', () => {
  const grids = [
    grid('330106001001003', '003', 0.94),
    grid('330106001001004', '004甲', 1.04),
    grid('~1', '004乙', 0.98, { code: null }),
    grid('330106001001005', '005', 1.27),
    grid('330106001002001', '001', 0.87, { community_code: '330106001002' }),
  ]
  it('stands in reading order, or heaviest first, and may be of one community', () => {
    const labels = (by: string, down: boolean, community: string | null = null) =>
      balanceRows(grids, model, { by, down }, community).map(({ grid: { label } }) => label)
    expect(labels('label', false)).toEqual(['003', '004甲', '004乙', '005', '001'])
    expect(labels('load', true)[0]).toBe('005')
    expect(labels('households', false)[0]).toBe('001')
    expect(labels('label', false, '330106001002')).toEqual(['001'])
  })
  it('knows what goes beyond the limits of the model', () => {
    const rows = balanceRows(grids, model, { by: 'load', down: true })
    expect(rows.filter(({ beyond }) => beyond).map(({ grid: { label } }) => label)).toEqual(['005'])
    expect(barReach(rows, model.tolerance)).toBe(1.27)
    expect(barReach([], 0.1)).toBe(1.2)
  })
  it('counts each grid in one bin, edges of the tolerance inside', () => {
    const loads = [0.2, 0.9, 0.95, 1, 1.05, 1.1, 1.11, 4]
    const bins = loadBins(loads, 0.1)
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(loads.length)
    const of = (side: string) => bins.filter((bin) => bin.tone === side).reduce((n, { count }) => n + count, 0)
    expect([of('under'), of('within'), of('over')]).toEqual([1, 5, 2])
  })
  it('reads as figures that stand below one another', () => {
    expect([loadText(1), loadText(null), percent(0.256), signed(-1200), signed(0.2), signed(3)]).toEqual([
      '1.00',
      '—',
      '26%',
      '−1,200',
      '0',
      '+3',
    ])
    // What is just missed does not read as reached.
    expect([loadText(1.10008, 0.1), loadText(1.1, 0.1), loadText(1.27, 0.1)]).toEqual(['1.1001', '1.10', '1.27'])
    expect([loadText(0.8997, 0.1), loadText(0.9, 0.1), loadText(1.10008)]).toEqual(['0.8997', '0.90', '1.10'])
    expect(shortCode(grid('330106001007004', '004甲', 1))).toBe('…007-004甲')
    const fresh = grid('~1', '004乙', 1, { code: null, community_code: '330106001007' })
    expect(shortCode(fresh)).toBe('…007-004乙')
    expect(shortCode({ ...fresh, community_code: null })).toBe('004乙')
  })
})

const option = (index: number, more: Partial<ProposalOption>): ProposalOption => ({
  index,
  title: { zh: '均', en: 'even' },
  max_over_mean: 1.1,
  deviation: 0.05,
  compactness: 0.5,
  changed_share: 0.1,
  crossings: 0,
  grids: [],
  moves: [],
  ...more,
})

describe('options side by side', () => {
  const a = option(0, { max_over_mean: 1.05, changed_share: 0.4 })
  const b = option(1, { max_over_mean: 1.2, changed_share: 0.05 })
  const c = option(2, { max_over_mean: 1.21, changed_share: 0.4 })
  it('shows the front that no other beats', () => {
    expect(frontOf([a, b, c], 'changed_share', 'max_over_mean').map(({ index }) => index)).toEqual([1, 0])
    expect(beats(a, c, ['changed_share', 'max_over_mean'])).toBe(true)
    expect(beats(a, b, ['changed_share', 'max_over_mean'])).toBe(false)
  })
  it('knows that more compact is better', () => {
    const round = option(3, { compactness: 0.9 })
    expect(beats(round, option(4, { compactness: 0.4 }), ['compactness', 'deviation'])).toBe(true)
  })
  it('draws polygons north up, in the frame, without corners nobody can see', () => {
    const square: GeoJSON.Polygon = {
      type: 'Polygon',
      coordinates: [
        [
          [120, 30],
          [120.01, 30],
          [120.01000001, 30],
          [120.01, 30.01],
          [120, 30.01],
          [120, 30],
        ],
      ],
    }
    const frame = frameOf([square, null])
    expect(frame?.slice(0, 2)).toEqual([120, 30])
    if (!frame) return
    const project = projector(frame, 100, 100)
    const [x, y] = project([120, 30.01])
    expect(y).toBeCloseTo(3)
    expect(x).toBeGreaterThanOrEqual(3)
    const path = pathOf({ type: 'MultiPolygon', coordinates: [square.coordinates] }, project)
    expect(path).toMatch(/^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){4}Z$/)
    expect(pathOf({ type: 'Point', coordinates: [120, 30] }, project)).toBe('')
  })
  it('reads the grids of an option and leaves out what has no name', () => {
    const found = optionGrids({
      grids: [
        { type: 'Feature', properties: { id: 'x', load: 1.02, measures: { households: 3 } }, geometry: null },
        { type: 'Feature', properties: {}, geometry: null },
      ],
    })
    expect(found).toEqual([{ id: 'x', load: 1.02, geometry: null, measures: { households: 3 } }])
  })
  it('takes a part: what goes to or comes from the chosen grids', () => {
    const move = (unit: number, from: string, to: string): ProposalMove => ({
      unit,
      grid: from,
      to,
      buildings: 2,
      households: 30,
      reason: { zh: '近', en: 'near' },
      where: {},
    })
    const moves = [move(1, 'a', 'b'), move(2, 'c', 'd')]
    expect(movesOf(moves, new Set()).length).toBe(2)
    expect(movesOf(moves, new Set(['a'])).map(({ unit }) => unit)).toEqual([1])
    expect(moveTotals(moves)).toEqual({ buildings: 4, households: 60 })
  })
  it('moves marks that would cover each other aside, in their order and inside the chart', () => {
    const spots = [
      [50, 10],
      [52, 10],
      [51, 12],
      [90, 60],
    ] as const
    const found = apart(spots, 10, [0, 100])
    for (const [i, a] of found.entries())
      for (const b of found.slice(i + 1)) expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeGreaterThan(9.9)
    expect(found[3]).toEqual([90, 60])
    expect((found[0]?.[0] ?? 0) < (found[2]?.[0] ?? 0) && (found[2]?.[0] ?? 0) < (found[1]?.[0] ?? 0)).toBe(true)
    expect(
      apart(
        [
          [99, 5],
          [99, 5],
        ],
        10,
        [0, 100],
      ).every(([x]) => x >= 0 && x <= 100),
    ).toBe(true)
  })

  it('has round ticks within its limits', () => {
    expect(ticks(0.98, 1.22)).toEqual([1, 1.1, 1.2])
    expect(ticks(1, 1)).toEqual([1])
    expect(limitsOf([0, 0.4], 0)[0]).toBe(0)
    expect(limitsOf([1.716, 1.718], 1, 0.08).map((n) => n.toFixed(3))).toEqual(['1.677', '1.757'])
    expect(limitsOf([], 0)).toEqual([0, 1])
  })
})

describe('review, history and files', () => {
  const edition = (name: string) => ({ name })
  it('names the next edition by its month, a second of it with a letter', () => {
    const now = new Date(2027, 0, 5).getTime()
    expect(nextEdition([edition('2026-07')], now)).toBe('2027-01')
    expect(nextEdition([edition('2027-01'), edition('2027-01b')], now)).toBe('2027-01c')
  })
  it('lays answers under what they answer, newest remark first', () => {
    const remark = (id: number, reply_to: number | null): Comment => ({
      id,
      text: String(id),
      by: 'planner',
      written_at: '2026-11-22T10:00:00Z',
      version: 1,
      at: null,
      grid: null,
      reply_to,
      resolved: false,
    })
    const threads = threadsOf([remark(1, null), remark(2, null), remark(3, 1), remark(4, 3), remark(5, 99)])
    expect(threads.map(({ one, replies }) => [one.id, replies.map(({ id }) => id)])).toEqual([
      [5, []],
      [2, []],
      [1, [3, 4]],
    ])
  })
  it('knows how deep undo and redo go, each for oneself', () => {
    const row = (version: number, by: string, counts: boolean, kind: PlanEdit['kind'] = 'edit'): PlanEdit => ({
      version,
      at: '2026-11-22T10:00:00Z',
      by,
      kind,
      op: 'split',
      text: { zh: '分割', en: 'split' },
      grids: [],
      counts,
      left_out: false,
    })
    // Newest first: two of mine undone after three that count, one of another's between.
    const list = [row(7, 'a', true, 'undo'), row(6, 'a', true, 'undo'), row(5, 'a', false), row(4, 'a', false)]
    const older = [row(3, 'b', true), row(2, 'a', true), row(1, 'a', true)]
    expect(depthOf([...list, ...older], 'a')).toEqual({ undo: 2, redo: 2 })
    expect(depthOf([row(8, 'a', true), ...list, ...older], 'a')).toEqual({ undo: 3, redo: 0 })
    expect(depthOf([...list, ...older], 'b')).toEqual({ undo: 1, redo: 0 })
  })
  it('sums repairs by kind and says ground as a person would', () => {
    const repair = (kind: ImportRepair['kind'], area_m2: number): ImportRepair => ({
      kind,
      area_m2,
      grids: [],
      to: null,
      where: {},
    })
    expect(repairsByKind([repair('gap', 1), repair('overlap', 5), repair('gap', 2)])).toEqual([
      { kind: 'overlap', n: 1, m2: 5 },
      { kind: 'gap', n: 2, m2: 3 },
    ])
    expect([areaText(0.004), areaText(0.5), areaText(1234), areaText(250_000), sizeText(2048)]).toEqual([
      '<0.01 m²',
      '0.50 m²',
      '1,234 m²',
      '0.25 km²',
      '2 KB',
    ])
  })
})

describe("the planner's guide", () => {
  it('names the key of every tool, and no other', () => {
    const block = /TOOL_KEYS[^{]*\{([^}]*)\}/.exec(keys)?.[1] ?? ''
    const known = [...block.matchAll(/'([A-Z])'/g)].map(([, key]) => key).sort()
    const told = [...guide.matchAll(/^\| `([A-Z])` \|/gm)].map(([, key]) => key).sort()
    expect(known.length).toBeGreaterThan(7)
    expect(told).toEqual(known)
  })
})
