/** Call and confirm of one warning: who is called now and until when, every rung and every silence, grid by grid. */
import { useState } from 'preact/hooks'
import { api } from '../api/client'
import type { Call, Calling, Ladder } from '../api/types'
import { spanText } from '../domain/age'
import { countdown } from '../domain/clocks'
import { count } from '../domain/format'
import { byCalling, dueIn } from '../domain/urgency'
import { code, lang, t, title } from '../i18n'
import { ladderOf, ladderVersion, notAvailable, noteCalls } from '../state/calls'
import { now } from '../state/clock'
import { mayCommand } from '../state/session'
import { attempt, problemText } from '../state/toast'
import { detailVersion } from '../state/warnings'
import { CallingMark } from './Marks'
import { Loading, Section, Time, useLoad } from './Parts'

/** More grids than this are counted until a person wants all of them. */
const GRIDS = 8
const RUNGS = ['grid', 'community', 'street', 'district'] as const

/** `1:08`, or how long it is over; in the words that stand around it. */
export function Countdown({
  to,
  from,
  text,
  over,
}: {
  to: string
  from?: string | null
  text: CountKey
  over: CountKey
}) {
  const due = dueIn(to, now.value, from)
  if (!due) return null
  const late = due.tone === 'late'
  return (
    <span class={`clock-${due.tone}`}>
      {late ? t(over, { span: spanText(-due.remainingS, lang.value) }) : t(text, { span: countdown(due.remainingS) })}
    </span>
  )
}

type CountKey =
  | 'ladder.climbs'
  | 'ladder.climbing'
  | 'ladder.auto'
  | 'ladder.auto.now'
  | 'ladder.second'
  | 'ladder.second.late'
  | 'ladder.report'
  | 'ladder.report.late'

/** Writes down what a team said by radio or telephone. */
function RadioAnswer({ call, done }: { call: Call; done: () => void }) {
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const answer = async (what: 'here' | 'declined') => {
    setBusy(true)
    if (await attempt(() => api.answerCall(call.id, what, note.trim()))) {
      noteCalls()
      done()
    }
    setBusy(false)
  }
  return (
    <form
      class="radio"
      onSubmit={(event) => {
        event.preventDefault()
        void answer('here')
      }}
      data-testid="radio-form"
    >
      <label class="field">
        <span>{t('ladder.radio.note')}</span>
        <input
          maxLength={500}
          value={note}
          placeholder={t('ladder.radio.hint')}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button type="submit" class="button primary grow" disabled={busy} data-testid="radio-here">
          {t('ladder.radio.here')}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => void answer('declined')}>
          {t('ladder.radio.declined')}
        </button>
        <button type="button" class="button" onClick={done}>
          {t('form.cancel')}
        </button>
      </div>
    </form>
  )
}

/** One rung: who was called when, and what came of it. */
function Rung({ call, last }: { call: Call; last: boolean }) {
  const [writing, setWriting] = useState(false)
  const at = call.answered_at ?? (call.state === 'silent' ? call.deadline_at : null)
  // Whoever was silent further down may still call in, but who is asked now is asked first.
  const open = call.state === 'calling' || (call.state === 'silent' && last)
  return (
    <li class={`rung rung-${call.state}`} data-testid="rung" data-state={call.state}>
      <CallingMark state={call.state} />
      <div>
        <p class="rung-head">
          <b>{call.team_name ?? call.team_key ?? t('ladder.noduty')}</b>
          <Time at={call.called_at} />
        </p>
        <p class="rung-line">
          <span>
            {code('rung', call.rung)} · {call.area_name}
            {call.rank > 1 && ` · ${t('ladder.rank', { n: call.rank })}`}
          </span>
          <span class="rung-state">
            {call.state === 'calling' ? (
              <Countdown to={call.deadline_at} from={call.called_at} text="ladder.climbs" over="ladder.climbing" />
            ) : call.state === 'no_duty' ? null : (
              <>
                {code('call', call.state)} {at && <Time at={at} />}
              </>
            )}
          </span>
        </p>
        {call.note && <p class="rung-line">{call.note}</p>}
        {writing ? (
          <RadioAnswer call={call} done={() => setWriting(false)} />
        ) : (
          open &&
          call.team_key &&
          mayCommand.value && (
            <button type="button" class="button small" onClick={() => setWriting(true)} data-testid="radio-answer">
              {t('ladder.radio')}
            </button>
          )
        )}
      </div>
    </li>
  )
}

/** A grid's rungs in the order they were called, and after them those still to come. */
function Rungs({ calls, open }: { calls: Call[]; open: boolean }) {
  const called = [...calls].sort((a, b) => a.called_at.localeCompare(b.called_at) || a.rank - b.rank)
  const top = Math.max(-1, ...called.map((call) => RUNGS.indexOf(call.rung)))
  const coming = open ? RUNGS.slice(top + 1) : []
  return (
    <ol class="rungs">
      {called.map((call, i) => (
        <Rung key={call.id} call={call} last={i === called.length - 1} />
      ))}
      {coming.length > 0 && (
        <li class="rung rung-coming">
          <CallingMark state="waiting" />
          <div>{coming.map((rung) => code('rung', rung)).join(' → ')}</div>
        </li>
      )}
    </ol>
  )
}

/** What stands beside a grid: its deadline, who answered, or what is due next. */
function GridState({ grid }: { grid: Calling }) {
  if (grid.state === 'calling' && grid.deadline_at) {
    return <Countdown to={grid.deadline_at} from={grid.called_at} text="ladder.climbs" over="ladder.climbing" />
  }
  if (grid.state === 'answered' && grid.second_due_at && !grid.second_at) {
    return <Countdown to={grid.second_due_at} from={grid.answered_at} text="ladder.second" over="ladder.second.late" />
  }
  if (grid.state === 'answered' || grid.state === 'confirmed') {
    if (grid.report_due_at) return <Countdown to={grid.report_due_at} text="ladder.report" over="ladder.report.late" />
    return <Time at={grid.second_at ?? grid.answered_at} seconds={false} />
  }
  return null
}

function GridRow({ grid, calls, first }: { grid: Calling; calls: Call[]; first: boolean }) {
  const [open, setOpen] = useState(first)
  const who = grid.answered_by ?? (grid.state === 'calling' ? (grid.team_name ?? grid.team_key) : null)
  const line = [
    code('calling', grid.state),
    grid.rung && grid.state === 'calling' ? code('rung', grid.rung) : '',
    who,
    grid.residents === null ? '' : t('why.members', { n: count(grid.residents) }),
  ].filter(Boolean)
  return (
    <li class={`grid-call grid-${grid.state}`} data-testid="grid-call" data-state={grid.state}>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <CallingMark state={grid.state} />
        <span class="row-title">{grid.grid_name || grid.grid_code}</span>
        <span class="row-aside">
          <GridState grid={grid} />
        </span>
        <span class="row-line">{line.join(' · ')}</span>
      </button>
      {open && <Rungs calls={calls} open={grid.state === 'calling' || grid.state === 'waiting'} />}
    </li>
  )
}

/** 6-3-1-0.5 hours before the danger is expected: what has been done, what is due. */
function Phases({ ladder }: { ladder: Ladder }) {
  if (ladder.phases.length === 0) return null
  return (
    <ol class="phases" aria-label={t('ladder.phases')}>
      {ladder.phases.map((phase) => {
        const late = !phase.done_at && Date.parse(phase.due_at) < now.value
        return (
          <li key={phase.name} class={phase.done_at ? 'is-done' : late ? 'is-late' : ''}>
            <span class="step-mark" aria-hidden="true">
              {phase.done_at ? '✓' : late ? '!' : ''}
            </span>
            <span>{title(phase.title)}</span>
            <small>
              <Time at={phase.done_at ?? phase.due_at} seconds={false} />
            </small>
          </li>
        )
      })}
    </ol>
  )
}

function Head({ ladder, warningKey }: { ladder: Ladder; warningKey: string }) {
  const nobody = ladder.grids.filter((grid) => grid.state === 'unanswered').length
  const people = ladder.residents_waiting
  const start = async () => {
    if (await attempt(() => api.startLadder(warningKey))) noteCalls()
  }
  return (
    <>
      <p class={`ladder-head ${nobody ? 'is-nobody' : ''}`} data-testid="ladder-state" data-state={ladder.state}>
        <CallingMark state={ladder.state === 'none' ? 'waiting' : ladder.state} size={1.4} />
        <b>{nobody ? t('calls.nobody.count', { n: nobody }) : code('calling', ladder.state)}</b>
        <span>
          {[
            ladder.grids_waiting > 0 ? t('ladder.waiting', { n: ladder.grids_waiting, all: ladder.grids.length }) : '',
            people ? t('calls.people', { n: count(people) }) : '',
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </p>
      {!ladder.started_at && ladder.state !== 'closed' && (
        <div class="actions">
          {mayCommand.value && (
            <button type="button" class="button primary" onClick={() => void start()} data-testid="ladder-start">
              {t('ladder.start')}
            </button>
          )}
          {ladder.auto_start_at && (
            <span class="confirmed muted">
              <Countdown to={ladder.auto_start_at} text="ladder.auto" over="ladder.auto.now" />
            </span>
          )}
        </div>
      )}
    </>
  )
}

export function LadderSection({ warningKey }: { warningKey: string }) {
  const [all, setAll] = useState(false)
  const loaded = useLoad(() => ladderOf(warningKey), [warningKey, ladderVersion.value, detailVersion.value])
  if (loaded.state === 'failed') {
    return (
      <Section title={t('why.alerts')}>
        <p class="calm" data-testid="ladder-none">
          {notAvailable(loaded.error) ? t('ladder.notthere') : problemText(loaded.error)}
        </p>
      </Section>
    )
  }
  const ladder = loaded.value
  if (!ladder) {
    return (
      <Section title={t('why.alerts')}>
        <Loading />
      </Section>
    )
  }
  const grids = [...ladder.grids].sort(byCalling)
  const shown = all ? grids : grids.slice(0, GRIDS)
  const calls = new Map<string, Call[]>()
  for (const call of ladder.calls) calls.set(call.grid_code, [...(calls.get(call.grid_code) ?? []), call])
  return (
    <Section title={t('why.alerts')} aside={ladder.template}>
      <Head ladder={ladder} warningKey={warningKey} />
      <Phases ladder={ladder} />
      {grids.length === 0 && <p class="calm">{t('ladder.nogrids')}</p>}
      <ul class="grid-calls" data-testid="ladder">
        {shown.map((grid, i) => (
          <GridRow key={grid.grid_code} grid={grid} calls={calls.get(grid.grid_code) ?? []} first={i === 0} />
        ))}
      </ul>
      {grids.length > shown.length && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          {t('ladder.all', { n: grids.length - shown.length })}
        </button>
      )}
    </Section>
  )
}
