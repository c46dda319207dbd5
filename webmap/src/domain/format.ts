/** Figures as they stand on the screen: grouped, with units, half-width digits, and a dash for what is not known. */
import type { Lang } from '../i18n'

export const UNKNOWN = '—'

export function count(value: unknown): string {
  if (value === null || value === undefined || value === '') return UNKNOWN
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : UNKNOWN
  return String(value)
}

/** A count of people, or what stands instead of a small one: `<5`. */
export function counted(counts: object, name: string): string {
  const row = counts as Record<string, unknown>
  return count(row[name] ?? row[`${name}_note`])
}

/** At most three significant decimals, none for large figures. */
export function figure(value: unknown, unit?: string | null): string {
  if (value === null || value === undefined || value === '') return UNKNOWN
  const n = typeof value === 'number' ? value : Number(value)
  if (!Number.isFinite(n)) return String(value)
  const size = Math.abs(n)
  const digits = Number.isInteger(n) || size >= 1000 ? 0 : size >= 100 ? 1 : size >= 0.1 ? 2 : 4
  const text = n.toLocaleString('en-US', { maximumFractionDigits: digits })
  return unit ? `${text} ${unit}` : text
}

export function distance(metres: unknown): string {
  if (typeof metres !== 'number' || !Number.isFinite(metres)) return UNKNOWN
  if (metres < 1000) return `${Math.round(metres)} m`
  return `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} km`
}

const two = (n: number) => String(n).padStart(2, '0')

/** `21:40:05` on the day of `now`, `11-20 21:40` on any other; local time of the screen. */
export function clockTime(iso: string | null | undefined, nowMs: number, seconds = true): string {
  if (!iso) return UNKNOWN
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return UNKNOWN
  const now = new Date(nowMs)
  const hm = `${two(at.getHours())}:${two(at.getMinutes())}`
  const today =
    at.getFullYear() === now.getFullYear() && at.getMonth() === now.getMonth() && at.getDate() === now.getDate()
  if (today) return seconds ? `${hm}:${two(at.getSeconds())}` : hm
  const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return at.getFullYear() === now.getFullYear() ? `${day} ${hm}` : `${at.getFullYear()}-${day} ${hm}`
}

/** The whole instant with its zone, for tooltips. */
export function fullTime(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  const offset = -at.getTimezoneOffset()
  const sign = offset < 0 ? '-' : '+'
  const zone = `UTC${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone}`
}

export function minutes(seconds: number | null, lang: Lang): string {
  if (seconds === null || !Number.isFinite(seconds)) return UNKNOWN
  const m = Math.max(1, Math.round(seconds / 60))
  return lang === 'zh' ? `${m} 分` : `${m} min`
}

const COMPASS: readonly (readonly [string, string])[] = [
  ['北', 'N'],
  ['东北', 'NE'],
  ['东', 'E'],
  ['东南', 'SE'],
  ['南', 'S'],
  ['西南', 'SW'],
  ['西', 'W'],
  ['西北', 'NW'],
]

/** `东北 45°`. */
export function bearing(degrees: unknown, lang: Lang): string {
  if (typeof degrees !== 'number' || !Number.isFinite(degrees)) return UNKNOWN
  const d = ((degrees % 360) + 360) % 360
  const word = COMPASS[Math.round(d / 45) % 8]?.[lang === 'zh' ? 0 : 1] ?? ''
  return `${word} ${Math.round(d)}°`
}

const OPERATORS: Record<string, string> = {
  '>=': '≥',
  '<=': '≤',
  gt: '>',
  ge: '≥',
  gte: '≥',
  lt: '<',
  le: '≤',
  lte: '≤',
}

/** The sign of a comparison as it is read: `>=` is ≥. */
export function operatorSign(op: unknown): string {
  const text = typeof op === 'string' ? op : ''
  return OPERATORS[text] ?? text
}

/** Local date and time for an input, to the minute; empty for nothing. */
export function localInput(iso: string | null | undefined): string {
  const at = new Date(iso ?? '')
  if (Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function fromLocalInput(text: string): string | null {
  const at = new Date(text)
  return text === '' || Number.isNaN(at.getTime()) ? null : at.toISOString()
}
