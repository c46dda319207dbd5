/** Warnings in force, worst first: the live feature for speed, the warnings door for what only it knows. */
import { computed, effect, signal } from '@preact/signals'
import { api } from '../api/client'
import type { Change, Counted, Episode, Level, MapFeature, Warning, WarningDetail } from '../api/types'
import { counted, UNKNOWN } from '../domain/format'
import { middleOf } from '../domain/geo'
import { asLevel, levelName } from '../domain/levels'
import { byUrgency, groupByEpisode, isUnanswered } from '../domain/urgency'
import { t } from '../i18n'
import { DRILL_MARK } from '../i18n/catalogue'
import { stores } from './features'
import { tone } from './sound'

const summaries = signal<Map<string, Warning>>(new Map())

/** A text of the live feature, else what the door last said of it. */
function textOf(value: unknown, known: string | null | undefined): string | null {
  return typeof value === 'string' ? value : (known ?? null)
}

/** One of the words a field may hold; an unknown word is never shown as one of them. */
function wordOf<T extends string>(value: unknown, words: readonly T[]): T | null {
  return words.find((word) => word === value) ?? null
}

const SOURCES = ['threshold', 'rule', 'fence', 'cap', 'manual', 'drill'] as const
const CALLINGS = ['none', 'waiting', 'calling', 'answered', 'confirmed', 'unanswered', 'closed'] as const

function fromFeature(feature: MapFeature, known: Warning | undefined): Warning | null {
  const p = feature.properties
  const level = asLevel(p.level)
  if (!level) return null
  const hazardKey = textOf(p.hazard_key, known?.hazard_key)
  const hazard = hazardKey ? stores.hazard.features.get(hazardKey) : undefined
  const [lon, lat] = hazard?.geometry.type === 'Point' ? hazard.geometry.coordinates : middleOf(feature.geometry)
  const raised = textOf(p.raised_at, known?.raised_at) ?? ''
  return {
    key: p.key,
    hazard_key: hazardKey,
    subject: textOf(p.subject, known?.subject) ?? '',
    kind: textOf(p.kind, known?.kind) ?? 'other',
    source: wordOf(p.source, SOURCES) ?? known?.source ?? 'threshold',
    rule_key: textOf(p.rule_key, known?.rule_key),
    level,
    state: p.state === 'confirmed' ? 'confirmed' : p.state === 'ended' ? 'ended' : 'active',
    title: String(p.title ?? p.key),
    raised_at: raised,
    changed_at: textOf(p.changed_at, null) ?? raised,
    ended_at: textOf(p.ended_at, null),
    end_reason: known?.end_reason ?? null,
    onset_at: textOf(p.onset_at, known?.onset_at),
    valid_until: textOf(p.valid_until, known?.valid_until),
    actions: textOf(p.actions, known?.actions),
    episode: textOf(p.episode, known?.episode),
    identifier: textOf(p.identifier, known?.identifier),
    calling: wordOf(p.calling, CALLINGS) ?? known?.calling ?? null,
    residents_waiting: (p.residents_waiting ?? known?.residents_waiting ?? null) as number | null,
    residents_waiting_note: (p.residents_waiting_note ?? known?.residents_waiting_note ?? null) as string | null,
    drill: p.drill === true,
    drill_key: textOf(p.drill_key, known?.drill_key),
    households: (p.households ?? known?.households ?? null) as number | null,
    residents: (p.residents ?? known?.residents ?? null) as number | null,
    households_note: (p.households_note ?? known?.households_note ?? null) as string | null,
    residents_note: (p.residents_note ?? known?.residents_note ?? null) as string | null,
    lon: known?.lon ?? lon ?? 0,
    lat: known?.lat ?? lat ?? 0,
    alerts: known?.alerts ?? null,
  }
}

/** The place a warning stands on: its title says the level first, which every list here shows by its own sign. */
export function warningName(warning: { title: string; hazard_key?: string | null; level: Level }): string {
  const hazard = warning.hazard_key ? stores.hazard.get(warning.hazard_key)?.properties.name : null
  if (typeof hazard === 'string' && hazard) return hazard
  return placeOf(warning.title, warning.level)
}

/** `威胁 23 户 71 人`, or nothing for those who are not told. */
export function threatText(counts: Counted): string {
  const [households, residents] = [counted(counts, 'households'), counted(counts, 'residents')]
  if (households === UNKNOWN && residents === UNKNOWN) return ''
  return t('warning.threat', { households, residents })
}

/** A title without the mark of an exercise and the level that lead it: every list here shows both by its own signs. */
export function placeOf(title: string, level: Level): string {
  const lead = `${levelName(level, 'zh')} · `
  const bare = title.startsWith(DRILL_MARK) ? title.slice(DRILL_MARK.length) : title
  return bare.startsWith(lead) ? bare.slice(lead.length) : bare
}

/** Active and confirmed warnings: unanswered first, then by level. */
export const warnings = computed<Warning[]>(() => {
  const merged = new Map<string, Warning>()
  const known = summaries.value
  const store = stores.warning
  for (const feature of store.all()) {
    const warning = fromFeature(feature, known.get(feature.properties.key))
    if (warning && warning.state !== 'ended') merged.set(warning.key, warning)
  }
  // Until the features are there, the door's own list stands.
  if (!store.loaded.value) for (const [key, warning] of known) if (!merged.has(key)) merged.set(key, warning)
  return [...merged.values()].sort(byUrgency)
})

export const byHazard = computed(() => {
  const worst = new Map<string, Warning>()
  for (const warning of warnings.value) {
    if (warning.hazard_key && !worst.has(warning.hazard_key)) worst.set(warning.hazard_key, warning)
  }
  return worst
})

/** Warnings nobody has confirmed yet. */
export const unconfirmed = computed(() => warnings.value.filter((warning) => warning.state === 'active'))
/** Warnings that nobody answers on any rung. */
export const unanswered = computed(() => warnings.value.filter(isUnanswered))
export const redUnconfirmed = computed(() => unconfirmed.value.some((warning) => warning.level === 1))
/** What the tone repeats for: red that waits for a decision, and a call that nobody answers; a drill sounds once. */
const calling = computed(() =>
  [...unconfirmed.value, ...unanswered.value].some((w) => !w.drill && (w.level === 1 || isUnanswered(w))),
)

const told = signal<ReadonlyMap<string, Episode>>(new Map())

/** One group for each storm, worst first: 200 warnings of one night are one banner. */
export const groups = computed(() => groupByEpisode(warnings.value, told.value))
/** What the banner is up for: a storm that waits for a decision, or in which somebody does not answer. */
export const loud = computed(() => groups.value.filter((group) => group.unconfirmed > 0 || group.unanswered > 0))

let refreshing: ReturnType<typeof setTimeout> | null = null

export async function loadWarnings(): Promise<void> {
  const [list, storms] = await Promise.all([api.warnings('active'), api.episodes().catch(() => null)])
  summaries.value = new Map(list.map((warning) => [warning.key, warning]))
  // Without that door, storms are told apart by what the warnings say themselves.
  if (storms) told.value = new Map(storms.map((storm) => [storm.key, storm]))
}

/** Asks the door again soon, once for many changes. */
export function refreshWarningsSoon(): void {
  if (refreshing) return
  refreshing = setTimeout(() => {
    refreshing = null
    loadWarnings().catch(() => {
      // The next change or reconnection asks again.
    })
    detailVersion.value++
  }, 400)
}

/** Counts what may have changed a warning's detail. */
export const detailVersion = signal(0)
const details = new Map<string, { version: number; detail: WarningDetail }>()

export async function warningDetail(key: string): Promise<WarningDetail> {
  const version = detailVersion.peek()
  const held = details.get(key)
  if (held && held.version === version) return held.detail
  const detail = await api.warning(key)
  details.set(key, { version, detail })
  return detail
}

/** New warnings since the list was first known, offered to the person who works elsewhere on the map. */
export const fresh = signal<string[]>([])

export function dismissFresh(): void {
  fresh.value = []
}

export function noteWarningChange(change: Change): void {
  refreshWarningsSoon()
  const feature = change.feature
  if (change.op !== 'upsert' || !feature || feature.properties.state !== 'active') return
  const before = stores.warning.features.get(change.key)
  const level = asLevel(feature.properties.level)
  const worse = !before || (asLevel(before.properties.level) ?? 9) > (level ?? 9)
  if (!worse || !level) return
  if (!fresh.value.includes(change.key)) fresh.value = [...fresh.value, change.key]
  tone(level)
}

/** The only tone that repeats. */
export function startRedTone(): void {
  let timer: ReturnType<typeof setInterval> | null = null
  effect(() => {
    if (calling.value) timer ??= setInterval(() => tone(1), 8000)
    else if (timer) {
      clearInterval(timer)
      timer = null
    }
  })
}
