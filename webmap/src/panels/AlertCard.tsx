/** One alert in the hand: where, how bad, one thing under the thumb, then what to do there. */
import { useState } from 'preact/hooks'
import type { Alert } from '../api/types'
import { agoText, secondsSince } from '../domain/age'
import { clockText } from '../domain/clocks'
import { distance } from '../domain/format'
import { distanceM } from '../domain/geo'
import { levelName } from '../domain/levels'
import { type Next, nextStep } from '../domain/urgency'
import { has, lang, t } from '../i18n'
import { flyTo } from '../map/map'
import { checks, toggleCheck } from '../state/checks'
import { now } from '../state/clock'
import { stores } from '../state/features'
import { reported, type Step, takeStep, waiting } from '../state/outbox'
import { ownPlace } from '../state/own'
import { phoneTab } from '../state/view'
import { placeOf } from '../state/warnings'
import { Countdown } from './Ladder'
import { LevelMark, Ring } from './Marks'
import { startReport } from './Report'
import { AlertSteps } from './Why'

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

const THUMB: Record<Next, { text: `alert.thumb.${Next}`; testid: string; step: Step | null }> = {
  acknowledge: { text: 'alert.thumb.acknowledge', testid: 'alert-acknowledge', step: 'acknowledge' },
  arrive: { text: 'alert.thumb.arrive', testid: 'alert-arrive', step: 'arrive' },
  again: { text: 'alert.thumb.again', testid: 'alert-again', step: 'confirm-again' },
  report: { text: 'alert.thumb.report', testid: 'alert-report', step: null },
  resolve: { text: 'alert.thumb.resolve', testid: 'alert-resolve', step: 'resolve' },
}

/** What the warning itself says to do, line by line; else what is always to be done at its level. */
function checklist(alert: Alert): string[] {
  const said = stores.warning.get(alert.warning_key)?.properties.actions
  if (typeof said === 'string' && said.trim()) {
    return said
      .split(/[\n；;]+/)
      .map((line) => line.trim())
      .filter(Boolean)
  }
  const out: string[] = []
  for (let i = 1; i <= 4; i++) {
    const key = `check.${alert.level}.${i}`
    if (has(key)) out.push(t(key))
  }
  return out
}

function Checklist({ alert }: { alert: Alert }) {
  const done = checks.value[String(alert.id)] ?? []
  return (
    <>
      <h3 class="section-head">{t('alert.todo')}</h3>
      {alert.text && <p class="alert-text">{alert.text}</p>}
      <ul class="checklist" data-testid="checklist">
        {checklist(alert).map((line) => (
          <li key={line}>
            <label>
              <input
                type="checkbox"
                checked={done.includes(line)}
                onChange={() => toggleCheck(String(alert.id), line)}
              />
              <span>{line}</span>
            </label>
          </li>
        ))}
      </ul>
    </>
  )
}

/** What falls due next besides the 1011 clock: the call's own deadline, the second confirmation, the next report. */
function Dues({ alert }: { alert: Alert }) {
  const open = alert.state === 'queued' || alert.state === 'delivered'
  const dues = [
    open && alert.answer_due_at && !alert.declined_at ? (
      <Countdown
        key="answer"
        to={alert.answer_due_at}
        from={alert.created_at}
        text="ladder.climbs"
        over="ladder.climbing"
      />
    ) : null,
    alert.second_due_at && !alert.second_at ? (
      <Countdown
        key="second"
        to={alert.second_due_at}
        from={alert.acknowledged_at}
        text="ladder.second"
        over="ladder.second.late"
      />
    ) : null,
    !open && alert.report_due_at && alert.state !== 'resolved' ? (
      <Countdown key="report" to={alert.report_due_at} text="ladder.report" over="ladder.report.late" />
    ) : null,
  ].filter(Boolean)
  if (dues.length === 0) return null
  return <p class="dues">{dues}</p>
}

export function AlertCard({ alert }: { alert: Alert }) {
  const [busy, setBusy] = useState(false)
  const [sure, setSure] = useState(false)
  const here = ownPlace.value
  const spot: [number, number] | null = alert.lon !== null && alert.lat !== null ? [alert.lon, alert.lat] : null
  const clock = clockOf(alert)
  const id = String(alert.id)
  const mine = waiting.value.filter((entry) => entry.alert === id && entry.refused === undefined)
  const step = async (next: Step) => {
    setBusy(true)
    await takeStep(alert.id, next)
    setBusy(false)
  }
  const decline = async () => {
    if (!sure) {
      setSure(true)
      setTimeout(() => setSure(false), 4000)
      return
    }
    setSure(false)
    await step('decline')
  }
  const facts = [
    levelName(alert.level, lang.value),
    here && spot ? t('alert.distance', { d: distance(distanceM(here, spot)) }) : '',
    agoText(secondsSince(alert.created_at, now.value), lang.value),
  ].filter(Boolean)
  const open = alert.state === 'queued' || alert.state === 'delivered'
  const told = mine.some((entry) => entry.step === 'confirm-again')
  const next = nextStep(
    told ? { ...alert, second_at: alert.second_at ?? alert.created_at } : alert,
    reported.value.has(id),
    now.value,
  )
  const thumb = next && THUMB[next]
  return (
    <article
      class={`alert-card level-${alert.level} ${alert.drill ? 'is-drill' : ''}`}
      data-testid="alert-card"
      data-state={alert.state}
    >
      {alert.drill && <p class="drill-strip">{t('alert.drill')}</p>}
      <header>
        <LevelMark level={alert.level} size={2.1} sign drill={alert.drill} />
        <div>
          <h2>{placeOf(alert.title, alert.level)}</h2>
          <p>{facts.join(' · ')}</p>
        </div>
      </header>
      {thumb && (
        <button
          type="button"
          class="button primary thumb"
          disabled={busy}
          onClick={() => (thumb.step ? void step(thumb.step) : startReport(id))}
          data-testid={thumb.testid}
        >
          {t(thumb.text)}
        </button>
      )}
      <Dues alert={alert} />
      <div class="thumb-row">
        {open && (
          <>
            <button type="button" class="button" disabled={busy} onClick={() => void step('arrive')}>
              {t('alert.arrive')}
            </button>
            {alert.declined_at ? (
              <span class="declined">{t('alert.declined')}</span>
            ) : (
              <button
                type="button"
                class="button"
                disabled={busy}
                onClick={() => void decline()}
                data-testid="alert-decline"
              >
                {sure ? t('alert.decline.sure') : t('alert.decline')}
              </button>
            )}
          </>
        )}
        {next !== 'report' && (
          <button type="button" class="button" onClick={() => startReport(id)} data-testid="alert-report">
            {t('alert.report')}
          </button>
        )}
        {next === 'report' && alert.state === 'arrived' && (
          <button
            type="button"
            class="button"
            disabled={busy}
            onClick={() => void step('resolve')}
            data-testid="alert-resolve"
          >
            {t('alert.resolve')}
          </button>
        )}
        {!open && (
          <button
            type="button"
            class="button"
            onClick={() => startReport(id, t('report.help'))}
            data-testid="alert-help"
          >
            {t('report.help.button')}
          </button>
        )}
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
      {mine.length > 0 && (
        <p class="pending-here" role="status">
          {t('outbox.waiting', { n: mine.length })}
        </p>
      )}
      {clock && (
        <p class={`case-clock clock-${clock.tone}`}>
          <Ring clock={clock} size={1.8} />
          <b>{clockText(clock, lang.value)}</b>
        </p>
      )}
      <Checklist alert={alert} />
      <AlertSteps alert={alert} />
    </article>
  )
}
