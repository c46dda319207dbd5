/** "Did it help?": an area and a period before and after a day, against comparable cells, with the uncertainty shown. */
import { useEffect, useState } from 'preact/hooks'
import { api } from '../api/client'
import type { Effect, EffectQuestion } from '../api/types'
import { count, figure } from '../domain/format'
import { has, t, title } from '../i18n'
import { fitTo } from '../map/map'
import { serverNow } from '../state/clock'
import { beginDrawing, corners, leaveDrawing } from '../state/draw'
import { effectArea, effectFound } from '../state/effect'
import { attempt, problemText } from '../state/toast'
import { type EffectAsk, effectAsk, evidenceCategory, selection } from '../state/view'
import { CategoryField } from './CategoryField'
import { DrawBox, ringShape } from './DrawBox'
import { Choice, Section } from './Parts'
import { Plot, seconds } from './Plot'
import { showGrid } from './Trends'

const DAY_MS = 86_400_000
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)

const change = (what: Partial<EffectAsk>) => {
  effectAsk.value = { ...effectAsk.value, ...what }
  effectFound.value = null
}

function AreaField({ ask }: { ask: EffectAsk }) {
  const picked = selection.value
  const said = ask.grid
    ? t('effect.area.grid', { code: ask.grid })
    : ask.ring.length
      ? t('effect.area.ring', { n: ask.ring.length })
      : t('effect.area.none')
  const takeGrid = async () => {
    if (picked?.layer !== 'grid') return
    const feature = await api.item('grid', picked.key)
    effectArea.value = feature.geometry
    change({ grid: String(feature.properties.code ?? ''), ring: [] })
  }
  return (
    <fieldset class="choice">
      <legend>{t('effect.area')}</legend>
      <p class="effect-area" data-testid="effect-area">
        {said}
      </p>
      <div class="quick">
        <button
          type="button"
          class="button small"
          disabled={picked?.layer !== 'grid'}
          title={picked?.layer === 'grid' ? undefined : t('effect.area.hint')}
          onClick={() => void attempt(takeGrid)}
          data-testid="effect-take-grid"
        >
          {t('effect.area.take')}
        </button>
        <button
          type="button"
          class="button small"
          aria-pressed={corners.value !== null}
          onClick={() =>
            beginDrawing((ring) => {
              effectArea.value = ringShape(ring)
              change({ grid: '', ring })
            })
          }
          data-testid="effect-draw"
        >
          {t('effect.area.draw')}
        </button>
      </div>
      {!ask.grid && !ask.ring.length && <p class="hint">{t('effect.area.hint')}</p>}
      <DrawBox />
    </fieldset>
  )
}

/** The estimate and its interval on a line with "no change" in it. */
function Interval({ found }: { found: Effect }) {
  const { effect_pct: mean, low_pct: low, high_pct: high } = found
  if (mean === null || low === null || high === null) return null
  const reach = Math.max(20, Math.min(200, Math.max(Math.abs(low), Math.abs(high)) * 1.15))
  const place = (value: number) => `${Math.min(100, Math.max(0, 50 + (value / reach) * 50))}%`
  return (
    <div class="interval" aria-hidden="true">
      <i class="interval-zero" />
      <i class="interval-span" style={{ left: place(low), right: `calc(100% - ${place(high)})` }} />
      <i class="interval-mean" style={{ left: place(mean) }} />
      <small style={{ left: '50%' }}>{t('effect.nochange')}</small>
      <small style={{ left: '0' }}>−{Math.round(reach)}%</small>
      <small style={{ left: '100%' }}>+{Math.round(reach)}%</small>
    </div>
  )
}

const pct = (n: number | null) =>
  n === null ? '—' : `${n > 0 ? '+' : n < 0 ? '−' : ''}${figure(Math.abs(Number(n.toPrecision(3))))}%`

function Matched({ on }: { on: string[] }) {
  const said = (name: string) => {
    const key = `effect.on.${name}`
    return has(key) ? t(key) : name
  }
  const text = on.map(said).join('、')
  return text ? <p class="hint">{t('effect.matched', { on: text })}</p> : null
}

function Answer({ found, start }: { found: Effect; start: string }) {
  const { series, treated, comparison } = found
  return (
    <div data-testid="effect-answer">
      <div class="verdict" data-testid="effect-verdict">
        <b class="big-figure">{pct(found.effect_pct)}</b>
        <p>
          {t('effect.interval', {
            level: Math.round(found.level * 100),
            low: pct(found.low_pct),
            high: pct(found.high_pct),
          })}
          {found.p !== null && ` · p ${found.p < 0.001 ? '<0.001' : figure(Number(found.p.toPrecision(2)))}`}
        </p>
        <Interval found={found} />
        <p>{title(found.verdict)}</p>
      </div>
      <table class="scores">
        <thead>
          <tr>
            <th />
            <th>{t('effect.before')}</th>
            <th>{t('effect.after')}</th>
            <th>{t('effect.cells')}</th>
          </tr>
        </thead>
        <tbody>
          {[[t('effect.treated'), treated] as const, [t('effect.comparison'), comparison] as const].map(
            ([name, side]) => (
              <tr key={name}>
                <th>{name}</th>
                <td>{figure(Number(side.before.toPrecision(4)))}</td>
                <td>{figure(Number(side.after.toPrecision(4)))}</td>
                <td>{count(side.cells)}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      <Matched on={comparison.matched_on} />
      {series.length > 1 && (
        <Plot
          x={series.map(([at]) => seconds(at))}
          time
          height={140}
          label={t('effect.series')}
          testid="effect-series"
          rules={[{ x: seconds(start) - 43_200, text: t('effect.begin') }]}
          series={[
            { label: t('effect.treated'), values: series.map(([, value]) => value), colour: 'accent' },
            {
              label: t('effect.comparison'),
              values: series.map(([, , value]) => value),
              colour: 'muted',
              kind: 'dash',
            },
          ]}
        />
      )}
      <Section title={t('effect.how')}>
        <p class="hint">{title(found.method)}</p>
        {found.pretrend_p !== null && (
          <p class="hint">
            {t(found.pretrend_p < 0.05 ? 'effect.pretrend.bad' : 'effect.pretrend.good', {
              p: figure(Number(found.pretrend_p.toPrecision(2))),
            })}
          </p>
        )}
      </Section>
      {found.caveats.length > 0 && (
        <Section title={t('effect.caveats')}>
          <ul class="caveats">
            {found.caveats.map((item) => (
              <li key={title(item)}>{title(item)}</li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  )
}

export function EffectPanel() {
  const ask = effectAsk.value
  const start = ask.start || day(serverNow() - 28 * DAY_MS)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const found = effectFound.value

  // The address may have brought an area whose shape nobody has drawn yet.
  useEffect(() => {
    const ring = ringShape(ask.ring)
    if (ring) effectArea.value = ring
    else if (ask.grid && !effectArea.peek()) {
      void attempt(async () => {
        effectArea.value = await showGrid(ask.grid)
      })
    }
    return () => {
      // The map goes back to what it was: an answer that nobody reads explains no colours.
      leaveDrawing()
      effectFound.value = null
      effectArea.value = null
    }
  }, [])

  const area: EffectQuestion['area'] | null = ask.grid ? { grid: ask.grid } : ringShape(ask.ring)
  const run = async () => {
    if (!area) return
    setBusy(true)
    setError(null)
    try {
      effectFound.value = await api.effect('incidents', {
        area,
        start,
        days: ask.days,
        before_days: ask.before,
        ...(evidenceCategory.value ? { category: evidenceCategory.value } : {}),
      })
      const shape = effectArea.peek()
      if (shape) fitTo(effectFound.peek()?.comparison_cells ?? shape, 14)
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div data-testid="effect-panel">
      <p class="lead">{t('effect.lead')}</p>
      <AreaField ask={ask} />
      <CategoryField />
      <label class="field">
        <span>{t('effect.start')}</span>
        <input
          type="date"
          value={start}
          max={day(serverNow())}
          onInput={(event) => event.currentTarget.value && change({ start: event.currentTarget.value })}
          data-testid="effect-start"
        />
      </label>
      <Choice
        label={t('effect.days')}
        value={ask.days}
        options={[7, 14, 28, 56].map((n) => [n, t('unit.days', { n })] as const)}
        onPick={(days) => change({ days })}
        testid="effect-days"
      />
      <Choice
        label={t('effect.beforedays')}
        value={ask.before}
        options={[28, 56, 84, 168].map((n) => [n, t('unit.days', { n })] as const)}
        onPick={(before) => change({ before })}
        testid="effect-before"
      />
      <button
        type="button"
        class="button primary big"
        disabled={!area || busy}
        aria-busy={busy}
        onClick={() => void run()}
        data-testid="effect-run"
      >
        {busy ? t('effect.busy') : t('effect.run')}
      </button>
      {error !== null && <p class="calm">{problemText(error)}</p>}
      {found && <Answer found={found} start={start} />}
    </div>
  )
}
