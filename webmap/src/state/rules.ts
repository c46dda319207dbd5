/** Rules as they stand, the drafts a person works on, and what the checker said of them. */
import { computed, signal } from '@preact/signals'
import { type DryRun, type Rule, type RuleCheck, type RuleSpec, studio } from '../api/studio'
import { Held } from './studio'
import { studioPick } from './view'

export const rules = new Held<Rule[]>(studio.rules)

/** By rule key, `+` for one in the making: a page that is left and opened again has lost nothing. */
const drafts = signal<Record<string, RuleSpec>>({})

export const NEW = '+'

const EMPTY: RuleSpec = {
  key: '',
  title: { zh: '', en: '' },
  kind: 'geohazard',
  scope: 'hazard',
  where: 'true',
  inputs: [],
  levels: [{ level: 3, when: '', hold_s: 0 }],
  join: 'subject',
  valid_h: 24,
  actions: { zh: '', en: '' },
}

/** What the author says of a rule, without what the server knows of it. */
export function specOf(rule: RuleSpec): RuleSpec {
  const { key, title, kind, scope, where, inputs, levels, calendar, join, valid_h, lead_h, actions } = rule
  return {
    key,
    title,
    kind,
    scope,
    where,
    inputs,
    levels,
    join,
    valid_h,
    actions,
    ...(calendar ? { calendar } : {}),
    ...(lead_h === null || lead_h === undefined ? {} : { lead_h }),
  }
}

export const stored = computed<Rule | null>(
  () => rules.value.value?.find(({ key }) => key === studioPick.value) ?? null,
)

/** What stands in the form: the draft, else the rule as it is stored. */
export const draft = computed<RuleSpec | null>(() => {
  const key = studioPick.value
  const held = drafts.value[key]
  if (held) return held
  if (key === NEW) return EMPTY
  return stored.value ? specOf(stored.value) : null
})

/** Fields in the order of the spec and nulls left out, so that what only looks different is the same. */
const same = (spec: RuleSpec) => JSON.stringify(specOf(spec), (_key, value) => value ?? undefined)

export const dirty = computed(() => {
  const now = draft.value
  if (!now) return false
  return stored.value ? same(now) !== same(stored.value) : same(now) !== same(EMPTY)
})

export function edit(change: Partial<RuleSpec>): void {
  const now = draft.peek()
  if (now) drafts.value = { ...drafts.peek(), [studioPick.peek()]: { ...now, ...change } }
}

export function dropDraft(key: string): void {
  const { [key]: _dropped, ...rest } = drafts.peek()
  drafts.value = rest
}

/** A rule like another, under a key of its own. */
export function copyOf(rule: RuleSpec): void {
  const title = { ...rule.title }
  drafts.value = { ...drafts.peek(), [NEW]: { ...specOf(rule), key: `${rule.key}-2`.slice(0, 60), title } }
  studioPick.value = NEW
}

export const checked = signal<RuleCheck | null>(null)
export const checkError = signal<unknown>(null)

/** The last dry run, and what was tried in it: an answer to another version is none. */
export const tried = signal<{ of: string; days: number; run: DryRun } | null>(null)
export const identity = (spec: RuleSpec) => same(spec)
