/** What leads: real before drill, nobody answering before everything, then the level, then who still waits for a decision. */
import type { Calling, Episode, Level, Warning } from '../api/types'

export type Ranked = Pick<Warning, 'drill' | 'calling' | 'level' | 'state' | 'raised_at'>

/** Every rung was called and nobody answered: the loudest state. */
export function isUnanswered(warning: Pick<Warning, 'calling' | 'state'>): boolean {
  return warning.calling === 'unanswered' && warning.state !== 'ended'
}

/** Worst first; within the same rank the newest. */
export function byUrgency(a: Ranked, b: Ranked): number {
  if (a.drill !== b.drill) return a.drill ? 1 : -1
  const [loudA, loudB] = [isUnanswered(a), isUnanswered(b)]
  if (loudA !== loudB) return loudA ? -1 : 1
  if (a.level !== b.level) return a.level - b.level
  if (a.state !== b.state) return a.state === 'active' ? -1 : 1
  return b.raised_at.localeCompare(a.raised_at)
}

/** One storm: its warnings worst first, and what they come to together. */
export interface Group {
  key: string
  level: Level
  drill: boolean
  title: string | null
  warnings: Warning[]
  unconfirmed: number
  unanswered: number
  households: number | null
  residents: number | null
  /** People in grids where nobody has answered yet. */
  waiting: number | null
}

/** A sum in which an unknown part makes the whole unknown, unless something is known of it. */
function total(list: readonly (number | null)[]): number | null {
  const known = list.filter((value) => value !== null)
  return known.length ? known.reduce((sum, value) => sum + value, 0) : null
}

/**
 * Warnings joined by storm, worst first. What the live stream says of warnings leads; the door's own episodes lend
 * their title and their counts of people, in which nobody counts twice.
 */
export function groupByEpisode(warnings: readonly Warning[], known: ReadonlyMap<string, Episode>): Group[] {
  const groups = new Map<string, Warning[]>()
  for (const warning of warnings) {
    // A drill never shares a banner with the real thing.
    const key = `${warning.drill ? 'drill ' : ''}${warning.episode ?? warning.key}`
    const held = groups.get(key)
    if (held) held.push(warning)
    else groups.set(key, [warning])
  }
  return [...groups.values()]
    .map((list) => {
      const sorted = [...list].sort(byUrgency)
      const worst = sorted[0] as Warning
      const told = worst.episode ? known.get(worst.episode) : undefined
      // The door's counts are those of its own list: where that is another one, they are not of this.
      const same = told?.drill === worst.drill && told.warnings.length === list.length
      return {
        key: worst.episode ?? worst.key,
        level: Math.min(...list.map((warning) => warning.level)) as Level,
        drill: worst.drill,
        title: list.length > 1 && told ? told.title : null,
        warnings: sorted,
        unconfirmed: list.filter((warning) => warning.state === 'active').length,
        unanswered: list.filter(isUnanswered).length,
        households: same ? told.households : total(list.map((warning) => warning.households)),
        residents: same ? told.residents : total(list.map((warning) => warning.residents)),
        waiting: total(list.map((warning) => warning.residents_waiting)),
      }
    })
    .sort(
      (a, b) =>
        Number(a.drill) - Number(b.drill) ||
        Number(b.unanswered > 0) - Number(a.unanswered > 0) ||
        a.level - b.level ||
        Number(b.unconfirmed > 0) - Number(a.unconfirmed > 0) ||
        byUrgency(a.warnings[0] as Warning, b.warnings[0] as Warning),
    )
}

/** How loud a grid's calling is: a lower rank is louder. */
export const CALLING_RANK: Record<Calling['state'], number> = {
  unanswered: 0,
  calling: 1,
  waiting: 2,
  answered: 3,
  confirmed: 4,
  closed: 5,
}

/** Loudest first; among those called, whose deadline comes first; then where most people are. */
export function byCalling(
  a: Pick<Calling, 'state' | 'deadline_at' | 'residents' | 'grid_code'>,
  b: Pick<Calling, 'state' | 'deadline_at' | 'residents' | 'grid_code'>,
): number {
  const due = (item: { deadline_at: string | null }) => (item.deadline_at ? Date.parse(item.deadline_at) : Infinity)
  const [dueA, dueB] = [due(a), due(b)]
  return (
    CALLING_RANK[a.state] - CALLING_RANK[b.state] ||
    (dueA === dueB ? 0 : dueA - dueB) ||
    (b.residents ?? 0) - (a.residents ?? 0) ||
    a.grid_code.localeCompare(b.grid_code)
  )
}

export interface Due {
  tone: 'ok' | 'soon' | 'late'
  /** Negative once it has passed. */
  remainingS: number
}

/** How near a deadline is; amber in the last third of its span, and in the last minute of one whose start is not known. */
export function dueIn(dueAt: string | null | undefined, nowMs: number, fromAt?: string | null): Due | null {
  if (!dueAt) return null
  const due = Date.parse(dueAt)
  if (Number.isNaN(due)) return null
  const remainingS = (due - nowMs) / 1000
  const from = fromAt ? Date.parse(fromAt) : Number.NaN
  const soonS = Number.isNaN(from) ? 60 : Math.max(1, (due - from) / 3000)
  return { remainingS, tone: remainingS < 0 ? 'late' : remainingS <= soonS ? 'soon' : 'ok' }
}

/** What a team has to do next about an alert: the one thing under the thumb. */
export type Next = 'acknowledge' | 'arrive' | 'again' | 'report' | 'resolve'

export interface Answerable {
  state: 'queued' | 'delivered' | 'acknowledged' | 'arrived' | 'resolved'
  second_due_at: string | null
  second_at: string | null
  report_due_at: string | null
}

/** A second confirmation is asked for when it falls due within this time. */
const AGAIN_S = 300

export function nextStep(alert: Answerable, reported: boolean, nowMs: number): Next | null {
  if (alert.state === 'resolved') return null
  if (alert.state === 'queued' || alert.state === 'delivered') return 'acknowledge'
  const again = alert.second_at ? null : dueIn(alert.second_due_at, nowMs)
  if (again && again.remainingS <= AGAIN_S) return 'again'
  if (alert.state === 'acknowledged') return 'arrive'
  const report = dueIn(alert.report_due_at, nowMs)
  if (!reported || (report && report.remainingS <= 0)) return 'report'
  return 'resolve'
}
