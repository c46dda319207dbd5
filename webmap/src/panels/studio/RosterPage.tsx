/** One organisation: who is on duty, the week as it comes out, its duties to change, its hand-overs. */
import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { type Duty, type RosterOf, studio } from '../../api/studio'
import { expandDuties, pieceOf } from '../../domain/roster'
import { t } from '../../i18n'
import { serverNow } from '../../state/clock'
import { rosters, teamName, teamOptions } from '../../state/rosters'
import { mayEditRosters } from '../../state/session'
import { Held, useFollow } from '../../state/studio'
import { attempt, toast } from '../../state/toast'
import { isPhone, studioPick } from '../../state/view'
import { Dot } from '../Marks'
import { Loading, Section, Time } from '../Parts'
import { DutyEditor } from './DutyEditor'
import { Field, Page, Pick, Refused } from './Shell'
import { WeekGrid } from './WeekGrid'

const POLL_MS = 20_000

const open = new Held<RosterOf>(() => studio.roster(studioPick.peek()))

/** Duties in the making, by organisation: leaving the page loses none of them. */
const drafts = signal<Record<string, Duty[]>>({})

function keepDraft(code: string, duties: Duty[] | null): void {
  const { [code]: _old, ...rest } = drafts.peek()
  drafts.value = duties ? { ...rest, [code]: duties } : rest
}

function Present({ of }: { of: RosterOf }) {
  const { on_duty: list, gap, next_change_at: next } = of.organisation
  return (
    <Section
      title={t('roster.present')}
      aside={
        next && (
          <>
            {t('roster.next')} <Time at={next} seconds={false} />
          </>
        )
      }
    >
      {gap || list.length === 0 ? (
        <p class="gap-banner" role="alert">
          <strong>{t('roster.gap.now')}</strong>
        </p>
      ) : (
        <ul class="on-duty" data-testid="on-duty">
          {[...list]
            .sort((a, b) => a.rank - b.rank)
            .map((item) => (
              <li key={`${item.rank} ${item.team_key}`} class="card">
                <Dot state={item.rank === 1 ? 'ok' : 'busy'} />
                <b>{item.team_name ?? item.team_key}</b>
                <span>{t('roster.rank.n', { n: item.rank })}</span>
                <span class="grow" />
                <span class="muted">
                  {t(`roster.source.${item.source}`)}
                  {item.until && (
                    <>
                      {' '}
                      · {t('roster.until')} <Time at={item.until} seconds={false} />
                    </>
                  )}
                </span>
              </li>
            ))}
        </ul>
      )}
    </Section>
  )
}

function HandOverForm({ of, done }: { of: RosterOf; done: (now: RosterOf) => void }) {
  const on = of.organisation.on_duty
  const [from, setFrom] = useState(on[0]?.team_key ?? '')
  const [to, setTo] = useState('')
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  if (on.length === 0) return <p class="hint">{t('roster.handover.nobody')}</p>
  const give = async () => {
    setBusy(true)
    await attempt(async () => {
      done(await studio.handOver(of.organisation.code, from, to, note))
      toast(t('roster.handed', { to: teamName(to) }))
      setNote('')
      setTo('')
    })
    setBusy(false)
  }
  return (
    <div class="hand-over" data-testid="hand-over">
      <div class="field-grid is-two">
        <Pick
          label={t('roster.from')}
          value={from}
          options={on.map((item) => [item.team_key, item.team_name ?? item.team_key] as const)}
          onPick={setFrom}
        />
        <Pick
          label={t('roster.to')}
          value={to}
          options={[['', t('roster.to.pick')] as const, ...teamOptions().filter(([key]) => key !== from)]}
          onPick={setTo}
          testid="hand-over-to"
        />
      </div>
      <Field label={t('roster.note')}>
        <textarea
          rows={2}
          maxLength={500}
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
          data-testid="hand-over-note"
        />
      </Field>
      <p class="hint">{t('roster.handover.lead')}</p>
      <button
        type="button"
        class="button primary small"
        disabled={!from || !to || busy}
        onClick={() => void give()}
        data-testid="hand-over-go"
      >
        {t('roster.handover')}
      </button>
    </div>
  )
}

const said = (row: Record<string, unknown>, ...names: string[]): string => {
  for (const name of names) if (typeof row[name] === 'string' && row[name]) return row[name]
  return '—'
}

function History({ of }: { of: RosterOf }) {
  if (of.hand_overs.length === 0) return <p class="calm">{t('roster.history.none')}</p>
  return (
    <ul class="rows hand-overs" data-testid="hand-over-history">
      {of.hand_overs.map((row) => (
        <li class="card" key={`${row.at} ${row.from_team} ${row.to_team}`}>
          <p class="card-head">
            <strong>
              {teamName(said(row, 'from_name', 'from_team_name', 'from_team'))} →{' '}
              {teamName(said(row, 'to_name', 'to_team_name', 'to_team'))}
            </strong>
            <span class="card-aside">
              <Time at={said(row, 'at')} seconds={false} />
            </span>
          </p>
          <p class="card-error">
            {said(row, 'by')}
            {typeof row.open_warnings === 'number' && ` · ${t('roster.openwarnings', { n: row.open_warnings })}`}
            {typeof row.note === 'string' && row.note && ` · ${row.note}`}
          </p>
        </li>
      ))}
    </ul>
  )
}

export function RosterPage() {
  const code = studioPick.value
  useEffect(() => {
    open.forget()
    void open.load()
  }, [code])
  useFollow(open, POLL_MS, 'calls')
  const of = open.value.value
  const error = open.error.value
  if (!of || of.organisation.code !== code) {
    return (
      <Page title={t('rail.rosters')} testid="roster-page">
        {error ? <Refused error={error} again={() => void open.load()} /> : <Loading />}
      </Page>
    )
  }
  const draft = drafts.value[code] ?? null
  const start = serverNow()
  const pieces = draft
    ? expandDuties(draft, start, (key) => draft.find((duty) => duty.team_key === key)?.team_name || teamName(key))
    : of.days.flatMap((row) => pieceOf(row as Record<string, unknown>) ?? [])
  const took = (next: RosterOf) => {
    open.value.value = next
    void rosters.load()
  }
  const { organisation } = of
  return (
    <Page
      title={organisation.name}
      line={
        <>
          {t(`roster.rung.${organisation.rung}`)} · <code>{organisation.code}</code>
          {organisation.waiting_calls > 0 && <b> · {t('roster.waiting', { n: organisation.waiting_calls })}</b>}
        </>
      }
      testid="roster-page"
    >
      <div class="studio-columns is-roster">
        <div>
          <Present of={of} />
          <Section title={t('roster.week')} aside={draft ? t('roster.draft') : undefined}>
            <WeekGrid pieces={pieces} start={start} />
          </Section>
          <Section title={t('roster.duties')}>
            <DutyEditor
              duties={draft ?? of.duties}
              changed={draft !== null}
              locked={!mayEditRosters.value || isPhone.value}
              onChange={(duties) => keepDraft(code, duties)}
              onDrop={() => keepDraft(code, null)}
              onSave={async (duties) => {
                took(await studio.putRoster(code, duties))
                keepDraft(code, null)
                toast(t('roster.saved'))
              }}
            />
          </Section>
        </div>
        <div>
          {mayEditRosters.value && (
            <Section title={t('roster.handover.title')}>
              <HandOverForm key={code} of={of} done={took} />
            </Section>
          )}
          <Section title={t('roster.history')} aside={of.hand_overs.length || undefined}>
            <History of={of} />
          </Section>
        </div>
      </div>
    </Page>
  )
}
