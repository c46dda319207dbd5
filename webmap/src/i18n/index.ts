/** The language of the page: Chinese first, English beside it. */
import { effect, signal } from '@preact/signals'
import type { Text2 } from '../api/types'
import { messages, type MessageKey as PageKey } from './catalogue'
import type { PlanWord } from './plan'
import type { StudioKey } from './studio'

export type Lang = 'zh' | 'en'

export type MessageKey = PageKey | PlanWord | StudioKey
type Words = Readonly<Record<string, readonly [zh: string, en: string]>>

const known: Record<string, readonly [zh: string, en: string]> = { ...messages }

/** The words of a part of the page that is fetched when it is first opened. */
export function addWords(more: Words): void {
  Object.assign(known, more)
}

const STORED = 'onemap.lang'

function initial(): Lang {
  try {
    return localStorage.getItem(STORED) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh'
  }
}

export const lang = signal<Lang>(initial())

effect(() => {
  if (typeof document === 'undefined') return
  document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en'
  try {
    localStorage.setItem(STORED, lang.value)
  } catch {
    // A browser that keeps nothing still shows the page.
  }
})

/** One and minus one, as figures are written. */
const ONE = /^[-−+]?1$/

/**
 * Fills `{name}` places of a message, and `{name|grid|grids}` with the word that goes with that count. A name without a
 * value is left as it stands so that a test can see it.
 */
export function fill(template: string, values: Record<string, string | number>): string {
  return template.replace(
    /\{(\w+)(?:\|([^{|}]*)\|([^{|}]*))?\}/g,
    (whole, name: string, one?: string, more?: string) => {
      if (!(name in values)) return whole
      const text = String(values[name])
      return one === undefined || more === undefined ? text : ONE.test(text) ? one : more
    },
  )
}

export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  return fill(known[key]?.[lang.value === 'zh' ? 0 : 1] ?? key, values)
}

export function has(key: string): key is MessageKey {
  return Object.hasOwn(known, key)
}

/** The words for an English code of an attribute: `status=online` is 在线. An unknown code is shown as it came. */
export function code(attribute: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '—'
  const own = `code.${attribute}.${value}`
  if (has(own)) return t(own)
  const any = `code.${value}`
  return has(any) ? t(any) : String(value)
}

export function title(text: Text2 | string | null | undefined): string {
  if (!text) return ''
  if (typeof text === 'string') return text
  return (lang.value === 'zh' ? text.zh : text.en) || text.zh || text.en
}

const HAN = /[\u4e00-\u9fff]/

/** The half of `中文 · English` that the reader reads; a text that is not of this make stays whole. */
export function half(text: string): string {
  const [zh = '', en = '', ...more] = text.split(' · ')
  return en && more.length === 0 && HAN.test(zh) ? (lang.value === 'zh' ? zh : en) : text
}
