/** The review of a plan: how far it is, the step that comes next, and what was remarked. */
import { useState } from 'preact/hooks'
import { type Edition, type Plan, plans } from '../../api/plans'
import { fromLocalInput, localInput } from '../../domain/format'
import { nextEdition } from '../../domain/planFiles'
import { t } from '../../i18n'
import { serverNow } from '../../state/clock'
import { notePlan, plan } from '../../state/plan'
import { editions, planDialog, planList, planTab, useFreshRow, useOfPlan } from '../../state/planPanels'
import { account, mayApprovePlans, mayEditPlans } from '../../state/session'
import { attempt, toast } from '../../state/toast'
import { Section, Time } from '../Parts'
import { PlanComments } from './PlanComments'

const ORDER = ['draft', 'submitted', 'approved', 'published'] as const

function Steps({ row }: { row: Plan }) {
  const at = row.state === 'rolled_back' ? 3 : row.state === 'rejected' ? 0 : ORDER.indexOf(row.state as 'draft')
  const whens = [row.created_at, row.submitted_at, row.decided_at, row.effective_at]
  return (
    <ol class="steps plan-steps" data-testid="review-steps">
      {ORDER.map((state, i) => (
        <li key={state} class={i <= at ? 'is-done' : ''}>
          <span class="step-mark" aria-hidden="true">
            {i <= at ? '✓' : ''}
          </span>
          <span>{t(`plans.state.${state}`)}</span>
          <small>{i <= at && whens[i] ? <Time at={whens[i]} seconds={false} /> : '—'}</small>
        </li>
      ))}
    </ol>
  )
}

/** Runs a step of the review; what the door answers is the plan as it then stands. */
async function step(work: () => Promise<Plan | unknown>, said: string): Promise<void> {
  await attempt(async () => {
    const key = plan.peek()?.plan.key
    await work()
    if (key) notePlan(await plans.one(key))
    toast(said)
    void planList.load()
  })
}

function Note({ value, onInput }: { value: string; onInput: (text: string) => void }) {
  return (
    <textarea
      rows={2}
      maxLength={2000}
      value={value}
      placeholder={t('plans.note')}
      aria-label={t('plans.note')}
      onInput={(event) => onInput(event.currentTarget.value)}
      data-testid="review-note"
    />
  )
}

function Submit({ row }: { row: Plan }) {
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const errors = plan.value?.problems.filter(({ severity }) => severity === 'error').length ?? 0
  if (!mayEditPlans.value) return <p class="calm">{t('plans.draft.lead')}</p>
  const nothing = row.edits === 0
  return (
    <>
      {row.decided_by && (
        <p class="plan-warn" data-testid="review-rejected">
          {t('plans.rejected.said', { by: row.decided_by })} <Time at={row.decided_at} seconds={false} />
        </p>
      )}
      {row.behind && (
        <p class="plan-warn" data-testid="submit-behind">
          {t('plans.behind.lead')}{' '}
          <button type="button" class="link" onClick={() => (planDialog.value = 'replay')}>
            {t('plans.rebase')}
          </button>
        </p>
      )}
      {errors > 0 && (
        <p class="plan-warn" data-testid="submit-blocked">
          {t('plans.submit.blocked', { n: errors })}{' '}
          <button type="button" class="link" onClick={() => (planTab.value = 'balance')}>
            {t('plans.look')}
          </button>
        </p>
      )}
      <Note value={note} onInput={setNote} />
      <button
        type="button"
        class="button primary"
        disabled={busy || errors > 0 || nothing || row.behind}
        title={nothing ? t('plans.submit.nothing') : undefined}
        onClick={async () => {
          setBusy(true)
          const version = plan.peek()?.plan.version ?? row.version
          await step(() => plans.submit(row.key, version, note), t('plans.submitted'))
          setBusy(false)
        }}
        data-testid="review-submit"
      >
        {t('plans.submit')}
      </button>
    </>
  )
}

function Decide({ row }: { row: Plan }) {
  const [note, setNote] = useState('')
  // Whoever opened or handed in a plan does not decide on it; nor does whoever drew in it, which the server knows.
  const login = account.value?.login
  const own = login !== undefined && (row.submitted_by === login || row.created_by === login)
  const may = mayApprovePlans.value && !own
  return (
    <>
      {may ? (
        <>
          <Note value={note} onInput={setNote} />
          <div class="quick">
            <button
              type="button"
              class="button primary"
              onClick={() => void step(() => plans.approve(row.key, note), t('plans.approved'))}
              data-testid="review-approve"
            >
              {t('plans.approve')}
            </button>
            <button
              type="button"
              class="button"
              disabled={note.trim() === ''}
              title={note.trim() === '' ? t('plans.reject.why') : undefined}
              onClick={() => void step(() => plans.reject(row.key, note), t('plans.rejected'))}
              data-testid="review-reject"
            >
              {t('plans.reject')}
            </button>
          </div>
          {note.trim() === '' && <p class="hint">{t('plans.reject.why')}</p>}
        </>
      ) : (
        <p class="calm">{t(own && mayApprovePlans.value ? 'plans.decide.own' : 'plans.decide.waits')}</p>
      )}
      {mayEditPlans.value && (
        <button
          type="button"
          class="button"
          onClick={() => void step(() => plans.withdraw(row.key), t('plans.withdrawn'))}
          data-testid="review-withdraw"
        >
          {t('plans.withdraw')}
        </button>
      )}
    </>
  )
}

/** An approved plan that is not in force yet may still be sent back; with it goes its date. */
function Back({ row }: { row: Plan }) {
  const [note, setNote] = useState<string | null>(null)
  if (!mayApprovePlans.value) return null
  if (note === null) {
    return (
      <button type="button" class="button" onClick={() => setNote('')} data-testid="review-back">
        {t(row.effective_at ? 'plans.unschedule' : 'plans.reject')}
      </button>
    )
  }
  return (
    <>
      <Note value={note} onInput={setNote} />
      <div class="quick">
        <button
          type="button"
          class="button primary"
          disabled={note.trim() === ''}
          onClick={() => void step(() => plans.reject(row.key, note), t('plans.rejected'))}
          data-testid="review-back-sure"
        >
          {t('plans.reject')}
        </button>
        <button type="button" class="button" onClick={() => setNote(null)}>
          {t('plans.cancel')}
        </button>
      </div>
      <p class="hint">{t('plans.reject.why')}</p>
    </>
  )
}

function Publish({ row, known }: { row: Plan; known: readonly Edition[] }) {
  const [typed, setTyped] = useState<string | null>(null)
  const name = typed ?? nextEdition(known, serverNow())
  const [title, setTitle] = useState(row.name)
  const [when, setWhen] = useState<'now' | 'at'>('now')
  const [at, setAt] = useState('')
  const [sure, setSure] = useState(false)
  const [busy, setBusy] = useState(false)
  if (row.effective_at) {
    return (
      <>
        <p class="plan-warn" data-testid="review-scheduled">
          {t('plans.scheduled')} <Time at={row.effective_at} seconds={false} />
          {row.edition && ` · ${row.edition}`}
        </p>
        <Back row={row} />
      </>
    )
  }
  if (!mayApprovePlans.value) return <p class="calm">{t('plans.publish.waits')}</p>
  const wrong = !/^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$/.test(name) || known.some((one) => one.name === name)
  const effective = when === 'at' ? fromLocalInput(at) : null
  const publish = async () => {
    setBusy(true)
    await step(
      () => plans.publish(row.key, { edition: name, title, effective_at: effective }),
      t(effective ? 'plans.scheduled.done' : 'plans.published', { name }),
    )
    void editions.load()
    setBusy(false)
    setSure(false)
  }
  return (
    <>
      <div class="field-grid is-two">
        <label class="field">
          <span>{t('plans.edition')}</span>
          <input
            value={name}
            maxLength={32}
            aria-invalid={wrong}
            onInput={(event) => setTyped(event.currentTarget.value.trim())}
            data-testid="publish-edition"
          />
        </label>
        <label class="field">
          <span>{t('plans.edition.title')}</span>
          <input
            value={title}
            maxLength={120}
            onInput={(event) => setTitle(event.currentTarget.value)}
            data-testid="publish-title"
          />
        </label>
        <label class="field">
          <span>{t('plans.effective')}</span>
          <select
            value={when}
            onChange={(event) => setWhen(event.currentTarget.value as 'now' | 'at')}
            data-testid="publish-when"
          >
            <option value="now">{t('plans.effective.now')}</option>
            <option value="at">{t('plans.effective.at')}</option>
          </select>
        </label>
        {when === 'at' && (
          <label class="field">
            <span>{t('plans.effective.date')}</span>
            <input
              type="datetime-local"
              value={at}
              min={localInput(new Date(serverNow()).toISOString())}
              onInput={(event) => setAt(event.currentTarget.value)}
              data-testid="publish-at"
            />
          </label>
        )}
      </div>
      <p class="hint">{t('plans.publish.lead')}</p>
      {sure ? (
        <span class="sure">
          <button
            type="button"
            class="button primary"
            disabled={busy}
            onClick={() => void publish()}
            data-testid="review-publish-sure"
          >
            {t(busy ? 'plans.publish.busy' : 'plans.publish.sure')}
          </button>
          <button type="button" class="button" disabled={busy} onClick={() => setSure(false)}>
            {t('plans.cancel')}
          </button>
        </span>
      ) : (
        <button
          type="button"
          class="button primary"
          disabled={wrong || (when === 'at' && !effective)}
          onClick={() => setSure(true)}
          data-testid="review-publish"
        >
          {t(when === 'at' ? 'plans.schedule' : 'plans.publish')}
        </button>
      )}
      {!sure && <Back row={row} />}
    </>
  )
}

function Published({ row, known }: { row: Plan; known: readonly Edition[] }) {
  const [note, setNote] = useState('')
  const [sure, setSure] = useState(false)
  const edition = known.find(({ name }) => name === row.edition)
  return (
    <>
      <p class="plan-done" data-testid="review-done">
        {t(row.state === 'rolled_back' ? 'plans.rolledback.said' : 'plans.published.said', {
          name: row.edition ?? '—',
        })}
      </p>
      {mayApprovePlans.value && row.state === 'published' && edition?.current && (
        <>
          {!sure && (
            <button type="button" class="button" onClick={() => setSure(true)} data-testid="review-rollback">
              {t('plans.rollback')}
            </button>
          )}
          {sure && (
            <>
              <p class="plan-warn">{t('plans.rollback.lead')}</p>
              <Note value={note} onInput={setNote} />
              <span class="sure">
                <button
                  type="button"
                  class="button primary"
                  onClick={async () => {
                    await step(() => plans.rollback(row.key, note), t('plans.rolledback'))
                    void editions.load()
                    setSure(false)
                  }}
                  data-testid="review-rollback-sure"
                >
                  {t('plans.rollback.sure')}
                </button>
                <button type="button" class="button" onClick={() => setSure(false)}>
                  {t('plans.cancel')}
                </button>
              </span>
            </>
          )}
        </>
      )}
    </>
  )
}

export function PlanReview() {
  useOfPlan(editions, 'state')
  useFreshRow()
  const row = plan.value?.plan
  if (!row) return null
  const known = editions.value.value ?? []
  return (
    <div class="plan-body" data-testid="plan-review">
      <Section title={t('plans.tab.review')}>
        <Steps row={row} />
        <dl class="facts">
          {row.submitted_by && (
            <div>
              <dt>{t('plans.submitted.by')}</dt>
              <dd>{row.submitted_by}</dd>
            </div>
          )}
          {row.decided_by && (
            <div>
              <dt>{t('plans.decided.by')}</dt>
              <dd>{row.decided_by}</dd>
            </div>
          )}
          {row.note && (
            <div>
              <dt>{t('plans.note')}</dt>
              <dd>{row.note}</dd>
            </div>
          )}
        </dl>
        <div class="plan-step" data-testid={`review-${row.state}`}>
          {(row.state === 'draft' || row.state === 'rejected') && <Submit row={row} />}
          {row.state === 'submitted' && <Decide row={row} />}
          {row.state === 'approved' && <Publish row={row} known={known} />}
          {(row.state === 'published' || row.state === 'rolled_back') && <Published row={row} known={known} />}
        </div>
      </Section>
      <PlanComments />
    </div>
  )
}
