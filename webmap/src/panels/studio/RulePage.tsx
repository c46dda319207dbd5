/** One rule: its form, checked while it is typed, beside what it would have done in the past. */
import { effect } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { ApiError } from '../../api/client'
import { type RuleCheck, type RuleSpec, studio } from '../../api/studio'
import { t, title } from '../../i18n'
import {
  checkError,
  checked,
  copyOf,
  dirty,
  draft,
  dropDraft,
  identity,
  NEW,
  rules,
  specOf,
  stored,
} from '../../state/rules'
import { mayEditRules } from '../../state/session'
import { attempt, toast } from '../../state/toast'
import { isPhone, studioPick } from '../../state/view'
import { Loading, Time } from '../Parts'
import { DryRunView } from './DryRun'
import { RuleForm } from './RuleForm'
import { Page, Refused, Sure, Switch } from './Shell'

const CHECK_MS = 450

/** What the door refuses to read at all it still says by place, which is as good as a checker's word. */
function asCheck(error: unknown): RuleCheck | null {
  if (!(error instanceof ApiError) || error.status === 503) return null
  const listed = error.problem?.errors
  if (!listed?.length) return null
  const problems = listed.map((item) => ({
    where: String(item.in ?? '').replace(/^body\.?/, ''),
    message: String(item.message ?? ''),
    column: null,
  }))
  return { problems, subjects: 0 }
}

/** Asks the checker a moment after the last key; only the answer to what now stands there counts. */
function followChecks(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0
  const dispose = effect(() => {
    const spec = draft.value
    if (!spec || !mayEditRules.value) return
    const mine = ++turn
    clearTimeout(timer)
    timer = setTimeout(() => {
      studio.checkRule(specOf(spec)).then(
        (found) => {
          if (mine !== turn) return
          checked.value = found
          checkError.value = null
        },
        (error: unknown) => {
          if (mine !== turn) return
          checked.value = asCheck(error)
          checkError.value = checked.value ? null : error
        },
      )
    }, CHECK_MS)
  })
  return () => {
    turn++
    clearTimeout(timer)
    dispose()
    checked.value = null
    checkError.value = null
  }
}

/** Why the switch cannot be turned on, in words; null: it can. */
function heldBack(spec: RuleSpec): string | null {
  const rule = stored.value
  if (!rule) return t('rule.switch.save')
  if (dirty.value) return t('rule.switch.save')
  if ((checked.value?.problems ?? rule.problems).length > 0) return t('rule.switch.mend')
  if (!rule.dry_run_at) return t('rule.switch.try')
  return spec.key === rule.key ? null : t('rule.switch.save')
}

function Actions({ spec }: { spec: RuleSpec }) {
  const rule = stored.value
  const [armed, setArmed] = useState(false)
  const [busy, setBusy] = useState(false)
  const held = heldBack(spec)
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true)
    await attempt(work)
    setBusy(false)
  }
  const save = () =>
    run(async () => {
      const from = studioPick.peek()
      const kept = await studio.putRule(specOf(spec))
      dropDraft(from)
      await rules.load()
      studioPick.value = kept.key
      toast(t('rule.saved', { n: kept.version }))
    })
  const turn = (enabled: boolean) =>
    run(async () => {
      if (!rule) return
      await studio.switchRule(rule.key, enabled)
      await rules.load()
      toast(t(enabled ? 'rule.switched.on' : 'rule.switched.off'))
    })
  const remove = () =>
    run(async () => {
      if (!rule) return
      await studio.deleteRule(rule.key)
      dropDraft(rule.key)
      studioPick.value = ''
      await rules.load()
    })
  return (
    <>
      {rule && (
        <Switch
          on={rule.enabled}
          label={t('rule.switch')}
          disabled={busy || (!rule.enabled && held !== null)}
          title={rule.enabled ? t('rule.switch.off') : (held ?? undefined)}
          onPick={(on) => void turn(on)}
          testid="rule-switch"
        />
      )}
      {rule && !rule.enabled && held && <span class="hint held-back">{held}</span>}
      {dirty.value && (
        <button
          type="button"
          class="button small primary"
          disabled={busy || !spec.key}
          onClick={() => void save()}
          data-testid="rule-save"
        >
          {t('rule.save')}
        </button>
      )}
      {dirty.value && (
        <button type="button" class="button small" onClick={() => dropDraft(studioPick.peek())} data-testid="rule-drop">
          {t('rule.dropdraft')}
        </button>
      )}
      {rule && (
        <button type="button" class="button small desk-only" onClick={() => copyOf(rule)} data-testid="rule-copy">
          {t('rule.copy')}
        </button>
      )}
      {rule?.origin === 'page' && (
        <Sure
          text={t('studio.delete')}
          ask={t('rule.delete.sure')}
          armed={armed}
          onArm={setArmed}
          onSure={() => void remove()}
          testid="rule-delete"
        />
      )}
    </>
  )
}

function Line() {
  const rule = stored.value
  if (!rule) return <>{t('rule.draft')}</>
  return (
    <>
      <code>{rule.key}</code> · {t('rule.version', { n: rule.version })} · {t(`rule.origin.${rule.origin}`)} ·{' '}
      {t('rule.changed', { by: rule.changed_by === 'file' ? t('rule.origin.file') : rule.changed_by })}{' '}
      <Time at={rule.changed_at} seconds={false} />
      {rule.last_run_at && (
        <>
          {' · '}
          {t('rule.lastrun')} <Time at={rule.last_run_at} />
        </>
      )}
      {rule.open_warnings > 0 && (
        <>
          {' · '}
          <b>{t('rule.open', { n: rule.open_warnings })}</b>
        </>
      )}
    </>
  )
}

export function RulePage() {
  const key = studioPick.value
  const spec = draft.value
  useEffect(() => {
    if (!rules.value.peek()) void rules.load()
  }, [])
  useEffect(followChecks, [key])
  if (!spec) {
    const missing = rules.value.value !== null
    return (
      <Page title={t('rail.rules')} testid="rule-page">
        {missing ? (
          <p class="calm">{t('rule.gone')}</p>
        ) : rules.error.value ? (
          <Refused error={rules.error.value} again={() => void rules.load()} />
        ) : (
          <Loading />
        )}
      </Page>
    )
  }
  const locked = !mayEditRules.value || stored.value?.origin === 'file' || isPhone.value
  return (
    <Page
      title={title(spec.title) || (key === NEW ? t('rule.new') : spec.key)}
      line={<Line />}
      actions={mayEditRules.value && <Actions spec={spec} />}
      testid="rule-page"
    >
      {stored.value?.origin === 'file' && mayEditRules.value && <p class="hint file-note">{t('rule.file.lead')}</p>}
      {isPhone.value && mayEditRules.value && <p class="hint file-note">{t('studio.desk')}</p>}
      <div class="studio-columns is-rule">
        <RuleForm spec={spec} locked={locked} />
        {mayEditRules.value && <DryRunView spec={spec} of={identity(spec)} />}
      </div>
    </Page>
  )
}
