/** A rule against the past: what it would have raised, where, and on which readings. */
import { useEffect, useState } from 'preact/hooks'
import { type DryRun, type DryRunWarning, type RuleSpec, studio } from '../../api/studio'
import type { Level } from '../../api/types'
import { chartsOf, firstSubject, spansOf, windowOf } from '../../domain/dryrun'
import { count, figure } from '../../domain/format'
import { asLevel, levelName } from '../../domain/levels'
import { lang, t, title } from '../../i18n'
import { dirty, rules, specOf, stored, tried } from '../../state/rules'
import { LevelMark } from '../Marks'
import { Choice, Row, Section, Time } from '../Parts'
import { Plot } from '../Plot'
import { Refused } from './Shell'

const SHOWN = 200

function lasted(warning: DryRunWarning, to: string): string {
  const ms = Date.parse(warning.ended_at ?? to) - Date.parse(warning.raised_at)
  const minutes = Math.max(1, Math.round(ms / 60_000))
  if (minutes < 120) return t('studio.minutes', { n: minutes })
  return minutes < 2880
    ? t('unit.hours', { n: Math.round(minutes / 60) })
    : t('unit.days', { n: Math.round(minutes / 1440) })
}

function valuesText(warning: DryRunWarning, spec: RuleSpec): string {
  return Object.entries(warning.values)
    .slice(0, 3)
    .map(([name, value]) => {
      const input = spec.inputs.find((item) => item.name === name)
      return `${title(input?.title) || name} ${figure(value, value === null ? null : input?.unit)}`
    })
    .join(' · ')
}

function Charts({ run, subject, picked }: { run: DryRun; subject: string; picked: number | null }) {
  const warning = picked === null ? undefined : run.warnings[picked]
  const whole: [number, number] = [Date.parse(run.from) / 1000, Date.parse(run.to) / 1000]
  const [near, setNear] = useState(true)
  const range = warning && near ? windowOf(run, warning) : whole
  const charts = chartsOf(run, subject)
  const spans = spansOf(run, subject).map(({ from, to, level, warning: of }) => ({
    from,
    to,
    colour: `level-${level}`,
    strong: of === picked,
  }))
  const name = warning?.name ?? run.warnings.find((item) => item.subject === subject)?.name ?? subject
  return (
    <div class="dry-charts" data-testid="dry-charts">
      <div class="dry-charts-head">
        <h3>{name}</h3>
        {warning && (
          <Choice
            label={t('dry.look')}
            value={near ? 'near' : 'whole'}
            options={[
              ['near', t('dry.near')],
              ['whole', t('dry.whole')],
            ]}
            onPick={(value) => setNear(value === 'near')}
          />
        )}
      </div>
      {charts.length === 0 && <p class="calm">{t('dry.noseries')}</p>}
      {charts.map((chart) => (
        <div key={chart.input}>
          <p class="chart-head">
            {title(chart.title) || chart.input}
            {chart.unit && <span> · {chart.unit}</span>}
          </p>
          <Plot
            x={chart.x}
            time
            height={charts.length > 3 ? 96 : 132}
            label={title(chart.title) || chart.input}
            testid={`dry-chart-${chart.input}`}
            xRange={range}
            yRange={chart.range}
            spans={spans}
            rules={chart.limits.map(({ levels, value }) => ({
              y: value,
              colour: `level-${levels[0]}`,
              text: `${levels.map((level) => levelName(level, lang.value)).join(' / ')} ${figure(value)}`,
            }))}
            series={[{ label: title(chart.title) || chart.input, values: chart.values, colour: 'accent' }]}
          />
        </div>
      ))}
    </div>
  )
}

function Found({ run, spec, ask }: { run: DryRun; spec: RuleSpec; ask: (subject: string) => Promise<DryRun | null> }) {
  const [picked, setPicked] = useState<number | null>(run.warnings.length ? 0 : null)
  const [other, setOther] = useState<DryRun | null>(null)
  const worst = picked === null ? undefined : run.warnings[picked]
  const subject = worst?.subject ?? firstSubject(run)
  // Series come for one subject; those of another are asked for when one of its warnings is looked at.
  const held = run.series.some((series) => series.subject === subject)
  useEffect(() => {
    let current = true
    if (subject && !held) {
      void ask(subject).then((found) => {
        if (current) setOther(found)
      })
    }
    return () => {
      current = false
    }
  }, [subject, held])
  const shown = held
    ? run
    : other?.series.some((series) => series.subject === subject)
      ? { ...run, series: other.series }
      : null
  const levels = ([1, 2, 3, 4] as Level[]).filter((level) => run.by_level[String(level)])
  return (
    <>
      <div class="dry-sum" data-testid="dry-sum">
        <p class="dry-count">
          {t('dry.sum', {
            days: Math.round((Date.parse(run.to) - Date.parse(run.from)) / 86_400_000),
            n: run.warnings.length,
          })}
        </p>
        <p class="dry-levels">
          {levels.map((level) => (
            <span key={level}>
              <LevelMark level={level} size={0.9} /> {run.by_level[String(level)]}
            </span>
          ))}
        </p>
        <p class="hint">
          {t('dry.weighed', { subjects: count(run.subjects), n: count(run.evaluated), ms: count(run.took_ms) })}
          {run.truncated && ` · ${t('dry.truncated')}`}
        </p>
      </div>
      {subject && shown && <Charts run={shown} subject={subject} picked={picked} />}
      {run.warnings.length === 0 ? (
        <p class="calm">{t('dry.none')}</p>
      ) : (
        <Section title={t('dry.list')} aside={run.warnings.length}>
          <ul class="rows dry-list">
            {run.warnings.slice(0, SHOWN).map((warning, i) => {
              const level = asLevel(warning.level) ?? 4
              return (
                <Row
                  key={`${warning.subject} ${warning.raised_at}`}
                  mark={<LevelMark level={level} />}
                  title={warning.name || warning.subject}
                  aside={
                    <>
                      <Time at={warning.raised_at} seconds={false} /> ·{' '}
                      {warning.ended_at ? lasted(warning, run.to) : t('dry.standing')}
                    </>
                  }
                  line={valuesText(warning, spec)}
                  tone={`row-level level-${level}`}
                  selected={picked === i}
                  onClick={() => setPicked(i)}
                  testid={`dry-warning-${i}`}
                />
              )
            })}
          </ul>
        </Section>
      )}
    </>
  )
}

export function DryRunView({ spec, of }: { spec: RuleSpec; of: string }) {
  const [days, setDays] = useState(30)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const found = tried.value
  const fresh = found?.of === of ? found : null
  // A stored rule is tried by its key, so that the server remembers that this version was tried.
  const asked = () => (stored.peek() && !dirty.peek() ? { key: spec.key } : { spec: specOf(spec) })
  const run = async () => {
    setBusy(true)
    setError(null)
    try {
      tried.value = { of, days, run: await studio.dryRun({ ...asked(), days }) }
      if (stored.peek()) await rules.load()
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  const ask = (subject: string) =>
    studio.dryRun({ ...asked(), days: fresh?.days ?? days, subject }).catch((problem: unknown) => {
      setError(problem)
      return null
    })
  return (
    <div class="dry" data-testid="dry-run">
      <div class="dry-head">
        <Choice
          label={t('dry.days')}
          value={days}
          options={[7, 30, 90, 365].map((n) => [n, t('unit.days', { n })] as const)}
          onPick={setDays}
          testid="dry-days"
        />
        <button
          type="button"
          class="button primary"
          disabled={busy}
          aria-busy={busy}
          onClick={() => void run()}
          data-testid="dry-go"
        >
          {t(busy ? 'dry.busy' : 'dry.go')}
        </button>
      </div>
      {error !== null && <Refused error={error} />}
      {fresh ? (
        <Found key={`${fresh.of} ${fresh.run.from}`} run={fresh.run} spec={spec} ask={ask} />
      ) : (
        error === null && (
          <div class="empty">
            <p class="empty-title">{t(found ? 'dry.stale' : 'dry.lead')}</p>
            <p class="empty-lead">{t('dry.lead.more')}</p>
          </div>
        )
      )}
    </div>
  )
}
