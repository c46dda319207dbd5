/** How good the forecast was, night by night, against plain counting and a kernel estimate. */
import { ApiError, api } from '../api/client'
import type { Backtest, BacktestModel } from '../api/types'
import { figure } from '../domain/format'
import { horizonText } from '../domain/window'
import { lang, t, title } from '../i18n'
import { problemText } from '../state/toast'
import { evidenceCategory } from '../state/view'
import { CategoryField } from './CategoryField'
import { Empty, Loading, Section, Time, useLoad } from './Parts'
import { Plot, type PlotSeries, seconds } from './Plot'

const COLOURS: Record<string, string> = { forecast: 'accent', count: 'clock-soon', kde: 'muted' }
const colour = (name: string) => COLOURS[name] ?? 'muted'

type Measure = 'pai' | 'pei' | 'rri' | 'brier'
const MEASURES: readonly [Measure, string, 'high' | 'low' | 'one'][] = [
  ['pei', 'PEI*', 'high'],
  ['pai', 'PAI', 'high'],
  ['rri', 'RRI', 'one'],
  ['brier', 'Brier', 'low'],
]

/** The better of a column, which is not always the larger. */
function best(models: BacktestModel[], measure: Measure, sense: 'high' | 'low' | 'one'): string | null {
  let found: { name: string; rank: number } | null = null
  for (const model of models) {
    const value = model[measure]
    if (typeof value !== 'number') continue
    const rank = sense === 'high' ? -value : sense === 'low' ? value : Math.abs(value - 1)
    if (!found || rank < found.rank) found = { name: model.name, rank }
  }
  return found?.name ?? null
}

function Table({ models }: { models: BacktestModel[] }) {
  const columns = MEASURES.filter(([measure]) => models.some((model) => typeof model[measure] === 'number'))
  const winners = new Map(columns.map(([measure, , sense]) => [measure, best(models, measure, sense)]))
  return (
    <table class="scores" data-testid="backtest-table">
      <thead>
        <tr>
          <th>{t('backtest.model')}</th>
          {columns.map(([measure, text]) => (
            <th key={measure}>{text}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {models.map((model) => (
          <tr key={model.name}>
            <th>
              <i class="key-line" style={{ '--key': `var(--${colour(model.name)})` }} />
              {title(model.title)}
            </th>
            {columns.map(([measure]) => {
              const value = model[measure]
              const won = winners.get(measure) === model.name
              return (
                <td key={measure} class={won ? 'is-best' : ''}>
                  {typeof value === 'number' ? String(Number(value.toPrecision(3))) : '—'}
                  {won && <span class="sr">{t('backtest.best')}</span>}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Every share of area that any model tells, so that one foot serves all. */
function curve(models: BacktestModel[]): { x: number[]; series: PlotSeries[] } {
  const x = [...new Set(models.flatMap(({ hit_rate }) => hit_rate.map(([share]) => share)))].sort((a, b) => a - b)
  return {
    x,
    series: models.map(({ name, title: text, hit_rate }) => {
      const known = new Map(hit_rate)
      return {
        label: title(text),
        values: x.map((share) => known.get(share) ?? null),
        colour: colour(name),
        kind: name === 'forecast' ? 'line' : 'dash',
      }
    }),
  }
}

const percent = (share: number) => `${figure(Number((share * 100).toPrecision(3)))}%`

function Calibration({ model }: { model: BacktestModel }) {
  const points = [...model.calibration].sort((a, b) => a[0] - b[0])
  if (points.length < 2) return null
  const x = points.map(([predicted]) => predicted)
  return (
    <>
      <p class="hint">{t('backtest.calibration.lead')}</p>
      <Plot
        x={x}
        label={t('backtest.calibration')}
        testid="backtest-calibration"
        xText={(value) => figure(Number(value.toPrecision(2)))}
        series={[
          {
            label: t('backtest.observed'),
            values: points.map(([, observed]) => observed),
            colour: 'accent',
            kind: 'points',
          },
          { label: t('backtest.perfect'), values: x, colour: 'muted', kind: 'dash' },
        ]}
      />
    </>
  )
}

function Horizon({ name, found }: { name: string; found: Backtest }) {
  const horizon = found.horizons[name]
  if (!horizon) return null
  const hits = curve(horizon.models)
  const nights = found.series.filter((row) => row.horizon === name)
  const forecast = horizon.models.find((model) => model.name === 'forecast')
  return (
    <Section title={horizonText(name, lang.value)}>
      <div class={`verdict ${horizon.shown ? 'is-good' : 'is-not'}`} data-testid={`verdict-${name}`}>
        <b>{horizon.shown ? t('backtest.shown') : t('backtest.hidden')}</b>
        <p>{title(horizon.verdict)}</p>
      </div>
      <Table models={horizon.models} />
      {hits.x.length > 1 && (
        <>
          <h4 class="chart-head">{t('backtest.hits')}</h4>
          <Plot
            {...hits}
            label={t('backtest.hits')}
            testid="backtest-hits"
            yRange={[0, 1]}
            xText={percent}
            yText={percent}
          />
        </>
      )}
      {forecast && (
        <>
          <h4 class="chart-head">{t('backtest.calibration')}</h4>
          <Calibration model={forecast} />
        </>
      )}
      {nights.length > 1 && (
        <>
          <h4 class="chart-head">{t('backtest.nights')}</h4>
          <Plot
            x={nights.map((row) => seconds(row.night))}
            time
            label={t('backtest.nights')}
            testid="backtest-nights"
            series={(['forecast', 'count', 'kde'] as const).map((model) => ({
              label: title(horizon.models.find((item) => item.name === model)?.title) || model,
              values: nights.map((row) => row[model]),
              colour: colour(model),
              kind: model === 'forecast' ? 'line' : 'dash',
            }))}
          />
        </>
      )}
    </Section>
  )
}

export function BacktestPanel() {
  const category = evidenceCategory.value
  const loaded = useLoad(() => api.backtest(category), [category])
  return (
    <div data-testid="backtest-panel">
      <p class="lead">{t('backtest.lead')}</p>
      <CategoryField />
      <Body loaded={loaded} />
    </div>
  )
}

function Body({ loaded }: { loaded: ReturnType<typeof useLoad<Backtest>> }) {
  if (loaded.state === 'failed') {
    const none = loaded.error instanceof ApiError && loaded.error.status === 404
    return none ? (
      <Empty title={t('backtest.none')} lead={t('backtest.none.lead')} />
    ) : (
      <p class="calm">{problemText(loaded.error)}</p>
    )
  }
  const found = loaded.value
  if (!found) return <Loading />
  return (
    <>
      <dl class="small-facts">
        <div>
          <dt>{t('backtest.run')}</dt>
          <dd>
            <Time at={found.run_at} seconds={false} />
          </dd>
        </div>
        <div>
          <dt>{t('backtest.count')}</dt>
          <dd>{t('backtest.count.of', { n: found.nights })}</dd>
        </div>
        <div>
          <dt>{t('backtest.test')}</dt>
          <dd>
            {found.test.from.slice(0, 10)} – {found.test.to.slice(5, 10)}
          </dd>
        </div>
        <div>
          <dt>{t('backtest.cells')}</dt>
          <dd>{t('heat.res', { res: found.res })}</dd>
        </div>
      </dl>
      {Object.keys(found.horizons).map((name) => (
        <Horizon key={name} name={name} found={found} />
      ))}
    </>
  )
}
