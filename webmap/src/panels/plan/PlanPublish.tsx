/** The end of a review: publishing at once or at a time, taking the date or the plan back, rolling back. */
import { useState } from 'preact/hooks'
import { type Edition, type Plan, type Publication, plans } from '../../api/plans'
import { fromLocalInput, localInput } from '../../domain/format'
import { nextEdition } from '../../domain/planFiles'
import { t } from '../../i18n'
import { serverNow } from '../../state/clock'
import { notePlan, plan } from '../../state/plan'
import { editions, planList, planReview } from '../../state/planPanels'
import { mayApprovePlans } from '../../state/session'
import { attempt, toast } from '../../state/toast'
import { Time } from '../Parts'
import { serverText } from './ToolsWhy'

/** Runs a step of the review; what the door answers is the plan as it then stands. */
export async function step(work: () => Promise<Plan | unknown>, said: string): Promise<void> {
  await attempt(async () => {
    const key = plan.peek()?.plan.key
    await work()
    if (key) notePlan(await plans.one(key))
    toast(said)
    void planList.load()
    void planReview.load()
  })
}

export function Note({ value, onInput }: { value: string; onInput: (text: string) => void }) {
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

/** An approved plan that is not in force yet may still be sent back; with it goes its date. */
function Back({ row }: { row: Plan }) {
  const [note, setNote] = useState<string | null>(null)
  if (!mayApprovePlans.value) return null
  if (note === null) {
    return (
      <button type="button" class="button" onClick={() => setNote('')} data-testid="review-back">
        {t('plans.reject')}
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

/** A date that was set: taken back, the plan stays approved; sent back, it is a draft again. */
function Dated({ row }: { row: Plan }) {
  const [busy, setBusy] = useState(false)
  if (!mayApprovePlans.value) return null
  return (
    <div class="quick">
      <button
        type="button"
        class="button"
        disabled={busy}
        onClick={async () => {
          setBusy(true)
          await step(() => plans.rollback(row.key), t('plans.date.taken'))
          setBusy(false)
        }}
        data-testid="review-unschedule"
      >
        {t('plans.date.take')}
      </button>
      <Back row={row} />
    </div>
  )
}

interface Ending {
  row: Plan
  known: readonly Edition[]
  publication: Publication | null
}

export function Publish({ row, known, publication }: Ending) {
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
        <Dated row={row} />
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
      {publication?.state === 'cancelled' && publication.problem && (
        <p class="plan-warn" data-testid="review-failed">
          {t('plans.date.failed')} {serverText(publication.problem)}
        </p>
      )}
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

export function Published({ row, known, publication }: Ending) {
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
      {publication && (
        <p class="hint" data-testid="review-told">
          {publication.notified === 0
            ? t('plans.told.none')
            : t('plans.told', { n: publication.notified, m: publication.seen })}
        </p>
      )}
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
