/** What a rule says of itself, in the order in which one thinks of it: what, for whom, from what, when, and what to do. */
import type { RuleSpec } from '../../api/studio'
import { code, t } from '../../i18n'
import { checkError, checked, edit, NEW, stored } from '../../state/rules'
import { isNotYet } from '../../state/studio'
import { problemText } from '../../state/toast'
import { studioPick } from '../../state/view'
import { Chips, Fold } from '../Parts'
import { Expression, OtherProblems, Problems } from './Problems'
import { RuleInputs } from './RuleInputs'
import { RuleLevels } from './RuleLevels'
import { Field, Figure, Pick, weekdayNames } from './Shell'

const SCOPES = ['hazard', 'grid', 'area', 'sensor', 'feed', 'fence', 'cell'] as const
const KINDS = ['geohazard', 'rain', 'flood', 'fire', 'feed', 'fence', 'other'] as const
const JOINS = ['subject', 'area', 'rule'] as const
const MONTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const

const OWN =
  /^(key|kind|scope|where|join|valid_h|lead_h|title(\.\w+)?|actions(\.\w+)?|calendar(\.\w+)?|inputs(\.\d+(\.\w+)?)?|levels(\.\d+(\.(when|until|level|hold_s))?)?)$/

function Applies() {
  const found = checked.value
  const error = checkError.value
  if (error !== null) return <p class="hint">{isNotYet(error) ? t('rule.check.notyet') : problemText(error)}</p>
  if (!found) return <p class="hint">{t('rule.check.busy')}</p>
  return (
    <p class={`check-line ${found.problems.length ? '' : 'is-ok'}`} role="status" data-testid="rule-check">
      {found.problems.length ? t('rule.check.bad', { n: found.problems.length }) : t('rule.check.good')}
      {' · '}
      {t('rule.applies', { n: found.subjects })}
    </p>
  )
}

function Calendar({ spec, locked }: { spec: RuleSpec; locked: boolean }) {
  const calendar = spec.calendar ?? { months: [], weekdays: [], hours: '0-24' }
  const set = (change: Partial<typeof calendar>) => {
    const next = { ...calendar, ...change }
    const always = !next.months.length && !next.weekdays.length && next.hours === '0-24'
    edit({ calendar: always ? null : next })
  }
  const said = spec.calendar
    ? [
        calendar.months.length ? t('rule.months.some', { list: calendar.months.join(' ') }) : '',
        calendar.weekdays.map((n) => weekdayNames()[n]?.[1] ?? '').join(' '),
        calendar.hours === '0-24' ? '' : calendar.hours,
      ]
        .filter(Boolean)
        .join(' · ')
    : t('rule.always')
  return (
    <Fold title={t('rule.calendar')} aside={said} open={Boolean(spec.calendar)} testid="rule-calendar">
      <fieldset class="plain" disabled={locked}>
        <Chips
          label={t('rule.months')}
          value={calendar.months}
          options={MONTHS.map((n) => [n as number, String(n)] as const)}
          onPick={(months) => set({ months: [...months].sort((a, b) => a - b) })}
        />
        <Chips
          label={t('rule.weekdays')}
          value={calendar.weekdays}
          options={weekdayNames()}
          onPick={(weekdays) => set({ weekdays: [...weekdays].sort((a, b) => a - b) })}
        />
        <Field label={t('rule.hours')}>
          <input
            value={calendar.hours}
            placeholder="20-8"
            onInput={(event) => set({ hours: event.currentTarget.value })}
          />
        </Field>
      </fieldset>
      <Problems at="calendar" />
      <Problems at="calendar.hours" />
    </Fold>
  )
}

export function RuleForm({ spec, locked }: { spec: RuleSpec; locked: boolean }) {
  const isNew = studioPick.value === NEW && !stored.value
  const text = (field: 'title' | 'actions', language: 'zh' | 'en') => ({
    value: spec[field][language],
    onInput: (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      edit({ [field]: { ...spec[field], [language]: event.currentTarget.value } }),
  })
  return (
    <div class="rule-form" data-testid="rule-form">
      {!locked && <Applies />}
      <OtherProblems shown={(place) => OWN.test(place)} />
      <fieldset class="studio-group" disabled={locked}>
        <legend>{t('rule.what')}</legend>
        <div class="field-grid">
          <Field label={t('rule.title.zh')}>
            <input {...text('title', 'zh')} maxLength={100} data-testid="rule-title-zh" />
          </Field>
          <Field label={t('rule.title.en')}>
            <input {...text('title', 'en')} maxLength={100} />
          </Field>
          {isNew && (
            <Field label={t('rule.key')} hint={t('rule.key.hint')}>
              <input
                class="mono"
                value={spec.key}
                placeholder="night-rain-crack"
                spellcheck={false}
                onInput={(event) => edit({ key: event.currentTarget.value.trim().toLowerCase() })}
                data-testid="rule-key"
              />
            </Field>
          )}
          <Pick
            label={t('rule.event')}
            value={spec.kind}
            options={[...new Set([...KINDS, spec.kind])].map((name) => [name, code('rulekind', name)] as const)}
            onPick={(kind) => edit({ kind })}
          />
          <Pick
            label={t('rule.join')}
            value={spec.join}
            options={JOINS.map((name) => [name, t(`rule.join.${name}`)] as const)}
            onPick={(join) => edit({ join })}
          />
        </div>
        {['key', 'title', 'title.zh', 'title.en', 'kind', 'join'].map((at) => (
          <Problems key={at} at={at} />
        ))}
      </fieldset>
      <fieldset class="studio-group" disabled={locked}>
        <legend>{t('rule.whom')}</legend>
        <div class="field-grid is-where">
          <Pick
            label={t('rule.scope')}
            value={spec.scope}
            options={SCOPES.map((name) => [name, t(`rule.scope.${name}`)] as const)}
            onPick={(scope) => edit({ scope })}
            testid="rule-scope"
          />
          <Expression
            label={t('rule.where')}
            at="where"
            value={spec.where}
            placeholder="true"
            disabled={locked}
            onInput={(where) => edit({ where })}
          />
        </div>
        <Problems at="scope" />
      </fieldset>
      <RuleInputs spec={spec} locked={locked} />
      <RuleLevels spec={spec} locked={locked} />
      <fieldset class="studio-group" disabled={locked}>
        <legend>{t('rule.then')}</legend>
        <div class="field-grid">
          <Figure
            label={t('rule.valid')}
            unit="h"
            min={0.5}
            max={240}
            value={spec.valid_h}
            onInput={(valid_h) => edit({ valid_h: valid_h ?? 24 })}
          />
          <Figure
            label={t('rule.lead')}
            unit="h"
            min={0}
            max={72}
            value={spec.lead_h}
            placeholder={t('rule.lead.none')}
            onInput={(lead_h) => edit({ lead_h })}
          />
        </div>
        <div class="field-grid is-two">
          <Field label={t('rule.actions.zh')}>
            <textarea rows={3} {...text('actions', 'zh')} />
          </Field>
          <Field label={t('rule.actions.en')}>
            <textarea rows={3} {...text('actions', 'en')} />
          </Field>
        </div>
        <Problems at="valid_h" />
        <Problems at="lead_h" />
        <Problems at="actions" />
      </fieldset>
      <Calendar spec={spec} locked={locked} />
    </div>
  )
}
