/** What the five digits of parts and of matters mean, asked of the server when such a thing is first looked at. */
import { computed, signal } from '@preact/signals'
import { api } from '../api/client'
import type { Classes } from '../api/types'
import { lang, title } from '../i18n'

export type ClassKind = Classes['kind']
type P = Readonly<Record<string, unknown>>

/** A code that is not among what is held may be the city's own, known since its server began anew: asked again, not often. */
const AGAIN_MS = 60_000

function list(kind: ClassKind) {
  const found = signal<Classes | null>(null)
  const byCode = computed(() => new Map((found.value?.classes ?? []).map((one) => [one.code, one.title])))
  const byName = computed(() => new Map((found.value?.classes ?? []).map((one) => [one.title.zh, one.title])))
  let asked = 0
  const want = (code?: unknown) => {
    const known = found.peek() !== null && (!code || byCode.peek().has(String(code)))
    const now = Date.now()
    if (known || (asked && now - asked < AGAIN_MS)) return
    asked = now
    api.classes(kind).then(
      (answer) => {
        found.value = answer
      },
      () => {
        // The digits stand for themselves until somebody looks again.
        asked = 0
      },
    )
  }
  return { found, byCode, byName, want }
}

const lists = { part: list('part'), matter: list('matter') }

export const classes = { part: lists.part.found, matter: lists.matter.found }

/** Of a part its class, of an incident that of the part or matter that it is about; null for anything else. */
export function classOf(layer: string, p: P): { kind: ClassKind; code: string } | null {
  const digits = layer === 'part' ? p.class_code : layer === 'incident' ? p.code : null
  if (!digits) return null
  return { kind: layer === 'part' || p.kind === 'part' ? 'part' : 'matter', code: String(digits) }
}

export function wantClasses(kind: ClassKind, code?: unknown): void {
  lists[kind].want(code)
}

/** What the catalogue calls the class of a part or an incident; empty where it is not known (yet). */
export function className(layer: string, p: P): string {
  const found = classOf(layer, p)
  return found ? title(lists[found.kind].byCode.value.get(found.code)) : ''
}

/** The major class of a class of parts. */
export function partMajor(code: unknown): string {
  const major = String(code).slice(0, 2)
  return title(classes.part.value?.majors.find((one) => one.code === major)?.title)
}

/**
 * A name that is a class's own, as most parts and incidents have it, in the language of the page; any other as it is.
 * What stands in brackets behind a class's name is somebody's own word and stays.
 */
export function spoken(kind: ClassKind, name: string): string {
  if (lang.value === 'zh') return name
  wantClasses(kind)
  const known = lists[kind].byName.value
  const [, head = name, more] = known.has(name) ? [] : (/^(.+)（([^（]+)）$/.exec(name) ?? [])
  const found = known.get(head)
  if (!found) return name
  return more ? `${title(found)} (${more})` : title(found)
}

/** What a thing is called: by its own name, or its class's in the language of the page. */
export function calledAs(layer: string, p: P, key?: string): string {
  if (lang.value === 'en' && p.name_en) return String(p.name_en)
  const name = String(p.name ?? p.title ?? p.code ?? key ?? p.key)
  const found = classOf(layer, p)
  return found ? spoken(found.kind, name) : name
}

/** The class of a thing whose name does not say it: somebody's own words, in one language. */
export function classBeside(layer: string, p: P): string {
  const found = classOf(layer, p)
  if (!found) return ''
  wantClasses(found.kind)
  const name = className(layer, p)
  return calledAs(layer, p).startsWith(name) ? '' : name
}
