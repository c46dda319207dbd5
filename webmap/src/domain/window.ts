/** Which hours are counted, as text: `90d@fri18-24~1y`. Read, written and said in words; no door is asked here. */
import type { Lang } from '../i18n'

/** Whole days of a filter, in the city's own zone. */
export const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

export interface WindowParts {
  /** `24h`, `7d`, or two instants joined by a stroke. */
  base: string
  /** `fri`, `mon-fri`, `sat,sun`; empty for every day. */
  days: string
  /** From and to o'clock, half open, past midnight where the second is the smaller; null for the whole day. */
  hours: readonly [from: number, to: number] | null
  /** `1y` is 52 weeks back, so that weekdays meet; empty for now. */
  back: string
}

const SHAPE = /^(?<base>\d+[hdw]|[^@~/]+\/[^@~/]+)(?:@(?<filter>[^@~]+))?(?:~(?<back>[1-9]\d*[dwy]))?$/
const DAY = WEEK.join('|')
const FILTER = new RegExp(
  `^(?<days>(?:${DAY})(?:-(?:${DAY}))?(?:,(?:${DAY})(?:-(?:${DAY}))?)*)?(?:(?<from>\\d{1,2})-(?<to>\\d{1,2}))?$`,
)

export function readWindow(text: string): WindowParts | null {
  const { base = '', filter, back = '' } = SHAPE.exec(text)?.groups ?? {}
  if (!base || /^0+[hdw]$/.test(base)) return null
  if (base.includes('/')) {
    const [from = Number.NaN, to = Number.NaN] = base.split('/').map((instant) => Date.parse(instant))
    if (!(from < to)) return null
  }
  if (filter === undefined) return { base, days: '', hours: null, back }
  const found = FILTER.exec(filter)?.groups
  if (!found) return null
  const { days = '', from, to } = found
  if (from === undefined || to === undefined) return { base, days, hours: null, back }
  const hours = [Number(from), Number(to)] as const
  if (hours[0] === hours[1] || hours[0] > 23 || hours[1] > 24 || hours[1] === 0) return null
  return { base, days, hours, back }
}

const two = (n: number) => String(n).padStart(2, '0')

export function writeWindow({ base, days, hours, back }: WindowParts): string {
  const clock = hours && !(hours[0] === 0 && hours[1] === 24) ? `${two(hours[0])}-${two(hours[1])}` : ''
  return `${base}${days || clock ? `@${days}${clock}` : ''}${back ? `~${back}` : ''}`
}

/** The same window with something else about it; a text that cannot be read gives way to the last 24 hours. */
export function changeWindow(text: string, change: Partial<WindowParts>): string {
  return writeWindow({ ...(readWindow(text) ?? { base: '24h', days: '', hours: null, back: '' }), ...change })
}

/** Two fields of local time, as `2026-11-01T08:00`, to the whole hours between them; null while they are none. */
export function span(from: string, to: string): string | null {
  const hour = (local: string) => {
    const at = new Date(local)
    return Number.isNaN(at.getTime()) ? null : `${at.toISOString().slice(0, 13)}:00Z`
  }
  const [start, end] = [hour(from), hour(to)]
  return start && end && start < end ? `${start}/${end}` : null
}

/** An instant as a field of local time wants it. */
export function localField(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:00`
}

const DAY_ZH: Record<string, string> = { mon: '一', tue: '二', wed: '三', thu: '四', fri: '五', sat: '六', sun: '日' }
const DAY_EN: Record<string, string> = {
  mon: 'Mon',
  tue: 'Tue',
  wed: 'Wed',
  thu: 'Thu',
  fri: 'Fri',
  sat: 'Sat',
  sun: 'Sun',
}
const DAYS: Record<string, readonly [string, string]> = {
  'mon-fri': ['工作日', 'weekdays'],
  'sat,sun': ['周末', 'weekends'],
  'sat-sun': ['周末', 'weekends'],
}

export function daysText(days: string, lang: Lang): string {
  const known = DAYS[days]
  if (known) return known[lang === 'zh' ? 0 : 1]
  const each = days.split(',').map((part) =>
    part
      .split('-')
      .map((day) => (lang === 'zh' ? DAY_ZH[day] : DAY_EN[day]) ?? day)
      .join(lang === 'zh' ? '至' : '–'),
  )
  return lang === 'zh' ? `周${each.join('、')}` : each.join(', ')
}

const UNITS: Record<string, readonly [string, string]> = { h: ['小时', 'h'], d: ['天', 'd'], w: ['周', 'wk'] }
const BACK: Record<string, readonly [string, string]> = {
  '1d': ['昨天同期', 'a day before'],
  '1w': ['上周同期', 'a week before'],
  '1y': ['去年同期', 'a year before'],
}
const BACK_UNITS: Record<string, readonly [string, string]> = {
  d: ['天', 'days'],
  w: ['周', 'weeks'],
  y: ['年', 'years'],
}

export function backText(back: string, lang: Lang): string {
  const known = BACK[back]
  if (known) return known[lang === 'zh' ? 0 : 1]
  const unit = BACK_UNITS[back.slice(-1)]
  if (!unit) return back
  return lang === 'zh' ? `${back.slice(0, -1)} ${unit[0]}前同期` : `${back.slice(0, -1)} ${unit[1]} before`
}

function baseText(base: string, lang: Lang): string {
  if (base.includes('/')) {
    const [from = '', to = ''] = base.split('/').map((instant) => {
      const at = new Date(instant)
      return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`
    })
    return lang === 'zh' ? `${from} 至 ${to}` : `${from} to ${to}`
  }
  const unit = UNITS[base.slice(-1)] ?? [base, base]
  return lang === 'zh' ? `近 ${base.slice(0, -1)} ${unit[0]}` : `last ${base.slice(0, -1)} ${unit[1]}`
}

function hoursText([from, to]: readonly [number, number], lang: Lang): string {
  if (lang === 'zh') return `${from}–${from > to ? '次日 ' : ''}${to} 时`
  return `${from}–${to} h${from > to ? ' next day' : ''}`
}

/** `近 90 天 · 周五 18–24 时 · 去年同期`. */
export function windowText(window: string, lang: Lang): string {
  const parts = readWindow(window)
  if (!parts) return window
  const { base, days, hours, back } = parts
  const clock = hours ? hoursText(hours, lang) : ''
  const filter = [days && daysText(days, lang), clock].filter(Boolean).join(' ')
  return [baseText(base, lang), filter, back && backText(back, lang)].filter(Boolean).join(' · ')
}

/** `未来 24 小时`: a forecast's window lies ahead. */
export function horizonText(horizon: string, lang: Lang): string {
  const unit = UNITS[horizon.slice(-1)]
  if (!unit) return horizon
  return lang === 'zh' ? `未来 ${horizon.slice(0, -1)} ${unit[0]}` : `next ${horizon.slice(0, -1)} ${unit[1]}`
}

/** The window one would hold this one against: the same a year before, or now where it is itself in the past. */
export function counterpart(window: string, back = '1y'): string {
  const parts = readWindow(window)
  if (!parts) return `7d~${back}`
  return writeWindow({ ...parts, back: parts.back ? '' : back })
}

/** How far back the nearest like window lies: whole weeks, so that weekdays meet and the two do not overlap. */
export function nearestBack(window: string): string {
  const [, n, unit] = /^(\d+)([hdw])/.exec(window) ?? []
  const hours = Number(n) * ({ h: 1, d: 24, w: 168 }[unit ?? ''] ?? Number.NaN)
  return Number.isFinite(hours) ? `${Math.ceil(hours / 168)}w` : '1y'
}
