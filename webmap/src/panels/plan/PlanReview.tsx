/** The review of a plan: how far it is, the step that comes next, every step so far, and what was remarked. */
import { useState } from 'preact/hooks'
import { type Plan, plans, type ReviewStep } from '../../api/plans'
import { t } from '../../i18n'
import { plan, planEditable } from '../../state/plan'
import { editions, planDialog, planReview, planTab, useFreshRow, useOfPlan } from '../../state/planPanels'
import { account, mayApprovePlans, mayEditPlans } from '../../state/session'
import { Fold, Section, Time } from '../Parts'
import { PlanComments } from './PlanComments'
import { Note, Publish, Published, step } from './PlanPublish'
import { serverText } from './ToolsWhy'
import '../../theme/planReview.css'

const ORDER = ['draft', 'submitted', 'approved', 'published'] as const
const MADE_BY = { submitted: 'submit', approved: 'approve', published: 'publish' } as const

/** The last step of a kind. */
function last(steps: readonly ReviewStep[], ...kinds: ReviewStep['what'][]): ReviewStep | undefined {
  return steps.findLast(({ what }) => kinds.includes(what))
}

function Steps({ row, steps }: { row: Plan; steps: readonly ReviewStep[] }) {
  const at = row.state === 'rolled_back' ? 3 : row.state === 'rejected' ? 0 : ORDER.indexOf(row.state as 'draft')
  const when = (state: (typeof ORDER)[number], i: number) => {
    // The time that was set stands where it will be published.
    if (i > at) return state === 'published' && row.state === 'approved' ? row.effective_at : undefined
    return state === 'draft' ? row.created_at : last(steps, MADE_BY[state])?.at
  }
  return (
    <ol class="steps plan-steps" data-testid="review-steps">
      {ORDER.map((state, i) => (
        <li key={state} class={i <= at ? 'is-done' : ''}>
          <span class="step-mark" aria-hidden="true">
            {i <= at ? '✓' : ''}
          </span>
          <span>{t(`plans.state.${state}`)}</span>
          <small>{when(state, i) ? <Time at={when(state, i)} seconds={false} /> : '—'}</small>
        </li>
      ))}
    </ol>
  )
}

/** Every step with its time, who took it and what was said, the newest first. */
function Log({ steps }: { steps: readonly ReviewStep[] }) {
  if (steps.length === 0) return null
  return (
    <Fold title={t('plans.log')} aside={String(steps.length)} testid="review-log">
      <ol class="plan-log">
        {[...steps].reverse().map((one) => (
          <li key={`${one.at}${one.what}`} class={`is-${one.what}`}>
            <b>{t(`plans.log.${one.what}`)}</b>
            <small>
              {one.by} · <Time at={one.at} seconds={false} />
            </small>
            {(one.note || one.effective_at) && (
              <p>
                {one.by === 'system' ? serverText(one.note) : one.note}
                {one.effective_at && (
                  <>
                    {one.note && ' · '}
                    {t('plans.log.for')} <Time at={one.effective_at} seconds={false} />
                  </>
                )}
              </p>
            )}
          </li>
        ))}
      </ol>
    </Fold>
  )
}

/** Why it came back, until it is handed in again. */
function Rejection({ steps }: { steps: readonly ReviewStep[] }) {
  const found = last(steps, 'submit', 'reject')
  if (found?.what !== 'reject') return null
  return (
    <div class="plan-warn" data-testid="review-rejected">
      {t('plans.rejected.said', { by: found.by })} <Time at={found.at} seconds={false} />
      <blockquote>{found.note}</blockquote>
    </div>
  )
}

function Submit({ row }: { row: Plan }) {
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const errors = plan.value?.problems.filter(({ severity }) => severity === 'error').length ?? 0
  if (!mayEditPlans.value) return <p class="calm">{t('plans.draft.lead')}</p>
  const nothing = row.edits === 0 && !row.mended
  return (
    <>
      {/* Conflicts are looked at beside the map: the way to them is at a desk. */}
      {row.behind && (
        <p class="plan-warn" data-testid="submit-behind">
          {t('plans.behind.lead')}{' '}
          {planEditable.value && (
            <button type="button" class="link" onClick={() => (planDialog.value = 'replay')}>
              {t('plans.rebase')}
            </button>
          )}
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

export function PlanReview() {
  useOfPlan(editions, 'state')
  useOfPlan(planReview, 'state')
  useFreshRow()
  const row = plan.value?.plan
  if (!row) return null
  const known = editions.value.value ?? []
  const { steps = [], publication = null } = planReview.value.value ?? {}
  return (
    <div class="plan-body" data-testid="plan-review">
      <Section title={t('plans.tab.review')}>
        <Steps row={row} steps={steps} />
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
          {(row.state === 'draft' || row.state === 'rejected') && (
            <>
              <Rejection steps={steps} />
              <Submit row={row} />
            </>
          )}
          {row.state === 'submitted' && <Decide row={row} />}
          {row.state === 'approved' && <Publish row={row} known={known} publication={publication} />}
          {(row.state === 'published' || row.state === 'rolled_back') && (
            <Published row={row} known={known} publication={publication} />
          )}
        </div>
        <Log steps={steps} />
      </Section>
      <PlanComments />
    </div>
  )
}
