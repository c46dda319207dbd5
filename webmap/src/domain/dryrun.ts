/** A dry run as it is drawn: each input a chart of its own with the levels' limits, and the spans in which it stood. */
import type { DryRun, DryRunSeries, DryRunWarning } from '../api/studio'
import type { Level, Text2 } from '../api/types'
import { asLevel } from './levels'

export interface Span {
  from: number
  to: number
  level: Level
  /** Which of the warnings it belongs to. */
  warning: number
}

export interface InputChart {
  input: string
  title: Text2
  unit: string
  x: number[]
  values: (number | null)[]
  /** Worst first; levels that share a limit share a line. */
  limits: { levels: Level[]; value: number }[]
  range: [number, number]
}

const s = (at: string) => Date.parse(at) / 1000

/** The times at which a subject stood at a level, in seconds; one still standing at the end reaches to the end. */
export function spansOf(run: DryRun, subject: string): Span[] {
  const spans: Span[] = []
  run.warnings.forEach((warning, i) => {
    if (warning.subject !== subject) return
    const end = warning.ended_at ? s(warning.ended_at) : s(run.to)
    warning.steps.forEach(([at, step], k) => {
      const level = asLevel(step)
      const next = warning.steps[k + 1]
      const [from, to] = [s(at), next ? s(next[0]) : end]
      if (level && to > from) spans.push({ from, to, level, warning: i })
    })
  })
  return spans.sort((a, b) => a.from - b.from)
}

/** A line over a hole in the data would say what nobody measured: longer than this many usual steps, it is broken. */
const HOLE = 6

function broken(points: DryRunSeries['points']): { x: number[]; values: (number | null)[] } {
  const x: number[] = []
  const values: (number | null)[] = []
  const times = points.map(([at]) => s(at))
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? time))
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0
  points.forEach(([, value], i) => {
    const time = times[i] ?? 0
    const before = times[i - 1]
    if (before !== undefined && usual > 0 && time - before > HOLE * usual) {
      x.push(before + usual)
      values.push(null)
    }
    x.push(time)
    values.push(value)
  })
  return { x, values }
}

/** Limits are part of what is seen: a reading far under its threshold is far under it on the picture too. */
function rangeOf(values: (number | null)[], limits: { value: number }[]): [number, number] {
  const all = [...values.filter((value): value is number => value !== null), ...limits.map(({ value }) => value), 0]
  const [low, high] = all.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity])
  const pad = (high - low || 1) * 0.12
  return [low < 0 ? low - pad : 0, high > 0 ? high + pad : pad]
}

function limitsOf(series: DryRunSeries): InputChart['limits'] {
  const lines = new Map<number, Level[]>()
  for (const [step, value] of series.limits) {
    const level = asLevel(step)
    if (level) lines.set(value, [...(lines.get(value) ?? []), level].sort())
  }
  return [...lines]
    .map(([value, levels]) => ({ levels, value }))
    .sort((a, b) => (a.levels[0] ?? 4) - (b.levels[0] ?? 4))
}

export function chartsOf(run: DryRun, subject: string): InputChart[] {
  return run.series
    .filter((series) => series.subject === subject && series.points.length > 0)
    .map((series) => {
      const limits = limitsOf(series)
      const { x, values } = broken(series.points)
      const { input, title, unit } = series
      return { input, title, unit, x, values, limits, range: rangeOf(values, limits) }
    })
}

/** The subject whose series are looked at first: that of the worst warning, else the first there is. */
export function firstSubject(run: DryRun): string | null {
  return run.series[0]?.subject ?? run.warnings[0]?.subject ?? null
}

/** A warning with air on both sides, so that one sees it come and go; within what was tried. */
export function windowOf(run: DryRun, warning: DryRunWarning): [number, number] {
  const [from, to] = [s(warning.raised_at), warning.ended_at ? s(warning.ended_at) : s(run.to)]
  const air = Math.max(6 * 3600, (to - from) * 0.6)
  return [Math.max(s(run.from), from - air), Math.min(s(run.to), to + air)]
}
