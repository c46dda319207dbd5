/** All rules: whether each is on, what it has raised, what is wrong with it. */
import type { Rule } from '../../api/studio'
import { code, t, title } from '../../i18n'
import { NEW, rules } from '../../state/rules'
import { mayEditRules } from '../../state/session'
import { useFollow } from '../../state/studio'
import { studioPick } from '../../state/view'
import { Empty, Loading, Section } from '../Parts'
import { Refused } from './Shell'

const POLL_MS = 15_000

function RuleRow({ rule }: { rule: Rule }) {
  const picked = studioPick.value === rule.key
  const broken = rule.problems.length
  return (
    <li class="row-item">
      <button
        type="button"
        class={`row rule-row ${picked ? 'is-selected' : ''}`}
        aria-current={picked ? 'true' : undefined}
        onClick={() => (studioPick.value = rule.key)}
        data-testid={`rule-${rule.key}`}
      >
        <span class="row-mark">
          <i class={`state-sign ${broken ? 'is-broken' : rule.enabled ? 'is-on' : 'is-off'}`} aria-hidden="true" />
        </span>
        <span class="row-title">{title(rule.title) || rule.key}</span>
        <span class="row-aside">
          {rule.open_warnings > 0
            ? t('rule.open', { n: rule.open_warnings })
            : t(rule.enabled ? 'studio.on' : 'studio.off')}
        </span>
        <span class="row-line">
          {broken > 0 && <b class="is-noted">{t('rule.problems', { n: broken })} · </b>}
          {t(`rule.scope.${rule.scope}`)} · {code('rulekind', rule.kind)} · {t(`rule.origin.${rule.origin}`)}
        </span>
      </button>
    </li>
  )
}

export function RuleList() {
  useFollow(rules, POLL_MS, 'rules')
  const list = rules.value.value
  const error = rules.error.value
  if (!list) return error ? <Refused error={error} again={() => void rules.load()} /> : <Loading />
  const on = list.filter(({ enabled }) => enabled)
  const off = list.filter(({ enabled }) => !enabled)
  return (
    <div class="studio-list" data-testid="rule-list">
      {mayEditRules.value && (
        <button
          type="button"
          class="button studio-new desk-only"
          aria-pressed={studioPick.value === NEW}
          onClick={() => (studioPick.value = NEW)}
          data-testid="rule-new"
        >
          {t('rule.new')}
        </button>
      )}
      {error !== null && <Refused error={error} />}
      {list.length === 0 && <Empty title={t('rule.none')} lead={t('rule.none.lead')} />}
      {on.length > 0 && (
        <Section title={t('rule.group.on')} aside={on.length}>
          <ul class="rows">
            {on.map((rule) => (
              <RuleRow key={rule.key} rule={rule} />
            ))}
          </ul>
        </Section>
      )}
      {off.length > 0 && (
        <Section title={t('rule.group.off')} aside={off.length}>
          <ul class="rows">
            {off.map((rule) => (
              <RuleRow key={rule.key} rule={rule} />
            ))}
          </ul>
        </Section>
      )}
    </div>
  )
}
