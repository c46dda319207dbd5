/** How the grids of a plan stand to one another: rows of the balance table, their bars, and who is off by too much. */
import type { Balance, LoadModel, PlanGrid } from '../api/plans'
import { type Tone, toneOf } from './topology'

/** One line of the table. Load is a share of the mean: 1 is exactly even. */
export interface BalanceRow {
  grid: PlanGrid
  tone: Tone
  /** Over the model's own limits: it cannot be handed in so. */
  beyond: boolean
}

export type SortKey = 'label' | 'load' | string

/** A model's own limits hold as they are read: two decimals. */
const SLACK = 0.0005

const plainOrder = new Intl.Collator('zh-Hans-CN', { numeric: true })

/** The grids of a community, or all; by figures the heaviest first, by label in reading order. */
export function balanceRows(
  grids: Iterable<PlanGrid>,
  model: LoadModel,
  sort: { by: SortKey; down: boolean },
  community: string | null = null,
): BalanceRow[] {
  const figure = (grid: PlanGrid): number =>
    sort.by === 'load' ? grid.load : (grid.measures[sort.by] ?? Number.NEGATIVE_INFINITY)
  const rows: BalanceRow[] = []
  for (const grid of grids) {
    if (community !== null && grid.community_code !== community) continue
    rows.push({
      grid,
      tone: toneOf(grid.load, model.tolerance),
      beyond: grid.load > model.most + SLACK || grid.load < model.least - SLACK,
    })
  }
  const sign = sort.down ? -1 : 1
  return rows.sort((a, b) => {
    const byFigure = sort.by === 'label' ? 0 : figure(a.grid) - figure(b.grid)
    return sign * byFigure || (sort.by === 'label' ? sign : 1) * labelOrder(a.grid, b.grid)
  })
}

/** Grids without a code yet stand after their neighbours with one. */
export function labelOrder(a: PlanGrid, b: PlanGrid): number {
  const within = plainOrder.compare(a.community_code ?? '', b.community_code ?? '')
  return within || plainOrder.compare(a.label, b.label) || plainOrder.compare(a.id, b.id)
}

/** Where the bars of the table end: the largest load, yet never so far that an even one looks like nothing. */
export function barReach(rows: readonly BalanceRow[], tolerance: number): number {
  let most = 1 + 2 * tolerance
  for (const { grid } of rows) if (grid.load > most) most = grid.load
  return Math.min(most, 2)
}

export interface Bin {
  from: number
  to: number
  count: number
  tone: Tone
}

/** Grids by load, in steps of half the tolerance, edges of tolerance on edges of bins; the last bins take all beyond. */
export function loadBins(loads: readonly number[], tolerance: number): Bin[] {
  const step = tolerance / 2
  const reach = Math.min(10, Math.max(4, Math.ceil(Math.max(0, ...loads.map((load) => Math.abs(load - 1))) / step)))
  const bins: Bin[] = []
  for (let i = -reach; i < reach; i++) {
    const [from, to] = [1 + i * step, 1 + (i + 1) * step]
    bins.push({ from, to, count: 0, tone: toneOf((from + to) / 2, tolerance) })
  }
  for (const load of loads) {
    // An edge itself belongs to the bin nearer to the middle, as the tolerance takes it in.
    const off = (load - 1) / step
    const at = off >= 0 ? Math.max(0, Math.ceil(off - 1e-9) - 1) : Math.floor(off + 1e-9)
    const bin = bins[Math.min(bins.length - 1, Math.max(0, at + reach))]
    if (bin) bin.count++
  }
  return bins
}

/** The row of the whole scope, or of one community. */
export const balanceOf = (balance: readonly Balance[], community: string | null): Balance | null =>
  balance.find(({ community_code }) => community_code === community) ?? balance[0] ?? null

/** `…007-004甲`: the last places of the community and the label; what is known by place needs no district before it. */
export function shortCode(grid: Pick<PlanGrid, 'code' | 'label' | 'id' | 'community_code'>): string {
  const own = grid.code ?? (/^\d{15}$/.test(grid.id) ? grid.id : null)
  if (own && /^\d{15}$/.test(own)) return `…${own.slice(-6, -3)}-${grid.label}`
  // One that has no code yet stands with its neighbours.
  const community = grid.community_code ?? ''
  return /^\d{12}$/.test(community) ? `…${community.slice(-3)}-${grid.label}` : grid.label
}

/**
 * Load as it stands beside a grid: two decimals, so that figures stand below one another. Where a tolerance is named and
 * two would read as within what is just missed, as many more as show it.
 */
export function loadText(load: number | null | undefined, tolerance?: number): string {
  if (load === null || load === undefined || !Number.isFinite(load)) return '—'
  let digits = 2
  if (tolerance !== undefined && toneOf(load, tolerance) !== 'within') {
    while (digits < 6 && toneOf(Number(load.toFixed(digits)), tolerance) === 'within') digits++
  }
  return load.toFixed(digits)
}

export const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)}%`

/** A signed change, with a true minus; nothing at all is a plain zero. */
export function signed(value: number, digits = 0): string {
  const text = Math.abs(value).toLocaleString('en-US', { maximumFractionDigits: digits })
  if (Number(text.replaceAll(',', '')) === 0) return '0'
  return value > 0 ? `+${text}` : `−${text}`
}
