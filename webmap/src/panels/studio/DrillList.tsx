/** Scenarios to start and drills that were: all of it hatched, so that nobody takes it for the real thing. */
import { useState } from 'preact/hooks'
import { type Drill, type Scenario, studio } from '../../api/studio'
import { count } from '../../domain/format'
import { t, title } from '../../i18n'
import { drills, running, scenarios } from '../../state/drills'
import { mayDrill } from '../../state/session'
import { useFollow } from '../../state/studio'
import { attempt, toast } from '../../state/toast'
import { studioPick } from '../../state/view'
import { Choice, Empty, Loading, Row, Section, Time } from '../Parts'
import { Field, Refused, Sure } from './Shell'

const POLL_MS = 5000
const SPEEDS = [1, 10, 60, 600] as const

export const shareText = (share: number | null | undefined) =>
  share === null || share === undefined ? '—' : `${Math.round(share * 100)}%`

export function Progress({ drill }: { drill: Drill }) {
  const share = Math.min(1, Math.max(0, drill.progress))
  return (
    <div
      class="drill-progress"
      role="progressbar"
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-label={t('drill.progress')}
    >
      <i style={{ width: `${share * 100}%` }} />
      <span>{Math.round(share * 100)}%</span>
    </div>
  )
}

function Running({ drill }: { drill: Drill }) {
  return (
    <button
      type="button"
      class="drill-card is-running"
      onClick={() => (studioPick.value = drill.key)}
      data-testid="drill-running"
    >
      <strong>
        {t('drill.mark')} {title(drill.title)}
      </strong>
      <span class="muted">
        {t('drill.running')} · {drill.speed}× · <Time at={drill.started_at} />
      </span>
      <Progress drill={drill} />
    </button>
  )
}

function ScenarioCard({
  scenario,
  busy,
  start,
}: {
  scenario: Scenario
  busy: boolean
  start: (speed: number, note: string) => void
}) {
  const [open, setOpen] = useState(false)
  const [speed, setSpeed] = useState<number>(10)
  const [note, setNote] = useState('')
  const [armed, setArmed] = useState(false)
  const real = scenario.minutes / speed
  return (
    <li class="drill-card" data-testid={`scenario-${scenario.key}`}>
      <button type="button" class="drill-title" aria-expanded={open} onClick={() => setOpen(!open)}>
        <strong>{title(scenario.title)}</strong>
        <span class="muted">{t('drill.size', { m: Math.round(scenario.minutes), n: scenario.steps })}</span>
      </button>
      <p class="hint">{title(scenario.summary)}</p>
      {open && (
        <div class="drill-start">
          <Choice
            label={t('drill.speed')}
            value={speed}
            options={SPEEDS.map((n) => [n as number, `${n}×`] as const)}
            onPick={setSpeed}
          />
          <p class="hint">{t('drill.takes', { m: real < 1 ? '<1' : Math.round(real) })}</p>
          <Field label={t('roster.note')}>
            <input value={note} maxLength={500} onInput={(event) => setNote(event.currentTarget.value)} />
          </Field>
          <p class="hint">{t('drill.start.lead')}</p>
          <Sure
            text={t('drill.start')}
            ask={t('drill.start.sure')}
            armed={armed}
            onArm={setArmed}
            onSure={() => start(speed, note)}
            disabled={busy}
            testid="drill-start"
          />
          {busy && <p class="hint">{t('drill.one')}</p>}
        </div>
      )}
    </li>
  )
}

export function DrillList() {
  useFollow(drills, POLL_MS, 'drill')
  useFollow(scenarios, 60_000)
  const [starting, setStarting] = useState(false)
  const list = drills.value.value
  const known = scenarios.value.value
  const error = drills.error.value ?? scenarios.error.value
  if (!list && !known) return error ? <Refused error={error} again={() => void drills.load()} /> : <Loading />
  const live = running.value
  const past = (list ?? []).filter(({ state }) => state !== 'running')
  const start = async (scenario: string, speed: number, note: string) => {
    setStarting(true)
    await attempt(async () => {
      const drill = await studio.startDrill(scenario, speed, note)
      await drills.load()
      studioPick.value = drill.key
      toast(t('drill.started'))
    })
    setStarting(false)
  }
  return (
    <div class="studio-list is-drill" data-testid="drill-list">
      <p class="drill-word">
        <b>{t('drill.word')}</b> {t('drill.lead')}
      </p>
      {error !== null && <Refused error={error} />}
      {live && <Running drill={live} />}
      {mayDrill.value && known && (
        <Section title={t('drill.scenarios')} aside={known.length}>
          {known.length === 0 ? (
            <Empty title={t('drill.none')} lead={t('drill.none.lead')} />
          ) : (
            <ul class="rows">
              {known.map((scenario) => (
                <ScenarioCard
                  key={scenario.key}
                  scenario={scenario}
                  busy={starting || live !== null}
                  start={(speed, note) => void start(scenario.key, speed, note)}
                />
              ))}
            </ul>
          )}
        </Section>
      )}
      <Section title={t('drill.history')} aside={past.length || undefined}>
        {past.length === 0 ? (
          <p class="calm">{t('drill.history.none')}</p>
        ) : (
          <ul class="rows" data-testid="drill-history">
            {past.map((drill) => (
              <Row
                key={drill.key}
                mark={<b class="event-sign">{drill.state === 'stopped' ? '■' : '✓'}</b>}
                title={title(drill.title)}
                aside={<Time at={drill.started_at} seconds={false} />}
                line={
                  drill.score
                    ? t('drill.score.line', {
                        a: count(drill.score.answered),
                        n: count(drill.score.calls),
                        share: shareText(drill.score.within_deadline),
                      })
                    : t(`drill.state.${drill.state}`)
                }
                selected={studioPick.value === drill.key}
                onClick={() => (studioPick.value = drill.key)}
                testid={`drill-${drill.key}`}
              />
            ))}
          </ul>
        )}
      </Section>
    </div>
  )
}
