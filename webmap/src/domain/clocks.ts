/** The 1011 clock of a case: ten minutes to be on site, one hour to solve it, one day to follow it up. */
import type { Lang } from '../i18n'
import { spanText } from './age'

export type ClockPhase = 'on_site' | 'resolve' | 'follow_up'
export type ClockTone = 'ok' | 'soon' | 'late'

export interface CaseClock {
  phase: ClockPhase
  tone: ClockTone
  dueMs: number
  /** Negative once it is late. */
  remainingS: number
  /** Share of the allowed time that is left, 0 to 1. */
  left: number
}

/** Below this share of the allowed time the clock turns amber. */
const SOON_SHARE = 1 / 3

const PHASES: Record<string, { phase: ClockPhase; due: string; from: string[] }> = {
  reported: { phase: 'on_site', due: 'due_on_site_at', from: ['reported_at'] },
  dispatched: { phase: 'on_site', due: 'due_on_site_at', from: ['dispatched_at', 'reported_at'] },
  on_site: { phase: 'resolve', due: 'due_resolved_at', from: ['dispatched_at', 'reported_at'] },
  resolved: { phase: 'follow_up', due: 'due_followup_at', from: ['dispatched_at', 'reported_at'] },
}

function instant(value: unknown): number | null {
  if (typeof value !== 'string') return null
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? null : ms
}

/** The clock that runs for a case now, or null when it is closed or has no deadline. */
export function caseClock(item: Record<string, unknown>, nowMs: number): CaseClock | null {
  const plan = PHASES[String(item.status)]
  if (!plan) return null
  const dueMs = instant(item[plan.due])
  if (dueMs === null) return null
  const startMs = plan.from.map((name) => instant(item[name])).find((ms) => ms !== null) ?? null
  const remainingS = (dueMs - nowMs) / 1000
  const allowedS = startMs === null ? null : (dueMs - startMs) / 1000
  const left = allowedS && allowedS > 0 ? Math.min(1, Math.max(0, remainingS / allowedS)) : remainingS > 0 ? 1 : 0
  const tone: ClockTone = remainingS < 0 ? 'late' : left <= SOON_SHARE ? 'soon' : 'ok'
  return { phase: plan.phase, tone, dueMs, remainingS, left }
}

/** `6:12` below an hour, `3:06:12` below a day, else days. */
export function countdown(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`
  return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`
}

const PHASE_WORDS: Record<ClockPhase, readonly [string, string]> = {
  on_site: ['到场', 'on site'],
  resolve: ['解决', 'solve'],
  follow_up: ['回访', 'follow up'],
}

/** What stands beside the ring: `到场 6:12`, or `到场超时 2 分`. */
export function clockText(clock: CaseClock, lang: Lang): string {
  const word = PHASE_WORDS[clock.phase][lang === 'zh' ? 0 : 1]
  if (clock.tone !== 'late') return `${word} ${countdown(clock.remainingS)}`
  const over = spanText(-clock.remainingS, lang)
  return lang === 'zh' ? `${word}超时 ${over}` : `${word} late ${over}`
}

/** Late first, the longest late leading; then what falls due soonest. */
export function byUrgency(a: CaseClock, b: CaseClock): number {
  return a.remainingS - b.remainingS
}
