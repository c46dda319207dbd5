/** A team's own work in the hand: the alert, one big thumb action, then the rest. */
import { useRef, useState } from 'preact/hooks'
import type { Alert } from '../api/types'
import { agoText, secondsSince } from '../domain/age'
import { clockText } from '../domain/clocks'
import { distance } from '../domain/format'
import { distanceM } from '../domain/geo'
import { levelName } from '../domain/levels'
import { lang, t } from '../i18n'
import { flyTo } from '../map/map'
import { alerts, openAlerts } from '../state/alerts'
import { now } from '../state/clock'
import { pending, type Step, sendReport, takeStep } from '../state/outbox'
import { ownPlace } from '../state/own'
import { toast } from '../state/toast'
import { phoneTab } from '../state/view'
import { placeOf } from '../state/warnings'
import { LevelMark, Ring } from './Marks'
import { Empty } from './Parts'
import { AlertSteps } from './Why'

const PHOTO_MAX_BYTES = 5 * 1024 * 1024

function clockOf(alert: Alert) {
  const dueAt = alert.arrived_at ? alert.due_resolved_at : alert.due_on_site_at
  if (!dueAt || alert.state === 'resolved') return null
  const dueMs = Date.parse(dueAt)
  const startMs = Date.parse(alert.created_at)
  const remainingS = (dueMs - now.value) / 1000
  const left = Math.min(1, Math.max(0, (dueMs - now.value) / Math.max(1, dueMs - startMs)))
  const tone = remainingS < 0 ? ('late' as const) : left <= 1 / 3 ? ('soon' as const) : ('ok' as const)
  return { phase: alert.arrived_at ? ('resolve' as const) : ('on_site' as const), tone, dueMs, remainingS, left }
}

export function AlertCard({ alert }: { alert: Alert }) {
  const [busy, setBusy] = useState(false)
  const here = ownPlace.value
  const spot: [number, number] | null = alert.lon !== null && alert.lat !== null ? [alert.lon, alert.lat] : null
  const clock = clockOf(alert)
  const step = async (next: Step) => {
    setBusy(true)
    await takeStep(alert.id, next)
    setBusy(false)
  }
  const facts = [
    levelName(alert.level, lang.value),
    here && spot ? t('alert.distance', { d: distance(distanceM(here, spot)) }) : '',
    agoText(secondsSince(alert.created_at, now.value), lang.value),
  ].filter(Boolean)
  const waiting = alert.state === 'queued' || alert.state === 'delivered'
  return (
    <article class={`alert-card level-${alert.level}`} data-testid="alert-card">
      <header>
        <LevelMark level={alert.level} size={2.1} sign />
        <div>
          <h2>{placeOf(alert.title, alert.level)}</h2>
          <p>{facts.join(' · ')}</p>
        </div>
      </header>
      {waiting && (
        <button
          type="button"
          class="button primary thumb"
          disabled={busy}
          onClick={() => void step('acknowledge')}
          data-testid="alert-acknowledge"
        >
          {t('alert.ack')}
        </button>
      )}
      {alert.state === 'acknowledged' && (
        <button
          type="button"
          class="button primary thumb"
          disabled={busy}
          onClick={() => void step('arrive')}
          data-testid="alert-arrive"
        >
          {t('alert.arrive')}
        </button>
      )}
      {alert.state === 'arrived' && (
        <button
          type="button"
          class="button primary thumb"
          disabled={busy}
          onClick={() => void step('resolve')}
          data-testid="alert-resolve"
        >
          {t('alert.resolve')}
        </button>
      )}
      <div class="thumb-row">
        {waiting && (
          <button type="button" class="button" disabled={busy} onClick={() => void step('arrive')}>
            {t('alert.arrive')}
          </button>
        )}
        <button type="button" class="button" onClick={() => (phoneTab.value = 'report')} data-testid="alert-report">
          {t('alert.report')}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            reportNote = t('report.help')
            phoneTab.value = 'report'
          }}
          data-testid="alert-help"
        >
          {t('report.help.button')}
        </button>
        {spot && (
          <button
            type="button"
            class="button"
            onClick={() => {
              phoneTab.value = 'map'
              flyTo(spot[0], spot[1])
            }}
          >
            {t('alert.locate')}
          </button>
        )}
      </div>
      {clock && (
        <p class={`case-clock clock-${clock.tone}`}>
          <Ring clock={clock} size={1.8} />
          <b>{clockText(clock, lang.value)}</b>
        </p>
      )}
      {alert.text && (
        <>
          <h3 class="section-head">{t('alert.todo')}</h3>
          <p class="alert-text">{alert.text}</p>
        </>
      )}
      <AlertSteps alert={alert} />
    </article>
  )
}

/** What the report form starts with; set by 求援 and used once. */
let reportNote = ''

export function Pending() {
  if (pending.value === 0) return null
  return (
    <p class="pending" role="status" data-testid="pending">
      {t('phone.pending', { n: pending.value })}
    </p>
  )
}

export function Mine() {
  const open = openAlerts.value
  const done = alerts.value.length - open.length
  return (
    <div data-testid="mine">
      {open.length === 0 && <Empty title={t('alert.none')} lead={t('alert.none.lead')} />}
      {open.map((alert) => (
        <AlertCard key={alert.id} alert={alert} />
      ))}
      <Pending />
      {done > 0 && <p class="calm">{t('alert.done', { n: done })}</p>}
    </div>
  )
}

export function ReportForm() {
  const open = openAlerts.value
  const [chosen, setChosen] = useState('')
  const [note, setNote] = useState(() => {
    const first = reportNote
    reportNote = ''
    return first
  })
  const [photo, setPhoto] = useState<File | null>(null)
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const file = useRef<HTMLInputElement>(null)
  // What a person is writing stays, even when the warning ends meanwhile: it still belongs to that alert.
  const held = useRef<Alert | null>(null)
  const alert = open.find((item) => String(item.id) === chosen) ?? open[0] ?? (note || photo ? held.current : null)
  held.current = alert
  if (!alert) return <Empty title={t('report.title')} lead={t('report.none')} />

  const pickPhoto = (picked: File | null) => {
    setProblem('')
    if (picked && !['image/jpeg', 'image/png'].includes(picked.type)) setProblem(t('report.photo.kind'))
    else if (picked && picked.size > PHOTO_MAX_BYTES) setProblem(t('report.photo.big'))
    else {
      setPhoto(picked)
      return
    }
    setPhoto(null)
    if (file.current) file.current.value = ''
  }
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    const sent = await sendReport(alert.id, note.trim(), photo)
    setBusy(false)
    if (!sent) return
    if (pending.value === 0) toast(t('report.sent'))
    setNote('')
    pickPhoto(null)
    phoneTab.value = 'mine'
  }
  return (
    <form class="report" onSubmit={submit} data-testid="report-form">
      <h2>{t('report.title')}</h2>
      {open.length > 1 ? (
        <label class="field">
          <span>{t('report.which')}</span>
          <select value={String(alert.id)} onChange={(event) => setChosen(event.currentTarget.value)}>
            {open.map((item) => (
              <option key={item.id} value={String(item.id)}>
                {placeOf(item.title, item.level)}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <p class="report-for">
          <LevelMark level={alert.level} size={1} /> {placeOf(alert.title, alert.level)}
        </p>
      )}
      <label class="field">
        <span>{t('report.note')}</span>
        <textarea
          rows={4}
          required
          maxLength={2000}
          placeholder={t('report.note.hint')}
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
          data-testid="report-note"
        />
      </label>
      <label class="field">
        <span>{t('report.photo')}</span>
        <input
          ref={file}
          type="file"
          accept="image/jpeg,image/png"
          onChange={(event) => pickPhoto(event.currentTarget.files?.[0] ?? null)}
          data-testid="report-photo"
        />
      </label>
      <p class="signin-note" role="alert">
        {problem}
      </p>
      <button
        type="submit"
        class="button primary thumb"
        disabled={busy || note.trim() === ''}
        data-testid="report-send"
      >
        {t('report.send')}
      </button>
      <Pending />
    </form>
  )
}
