/** Demand of the next days for each grid, with its interval; a grid opens to its chart and stands out on the map. */
import { ApiError, api } from '../api/client'
import type { Trend, TrendRow } from '../api/types'
import { count, figure } from '../domain/format'
import { t } from '../i18n'
import { goTo } from '../map/map'
import { problemText } from '../state/toast'
import { evidenceCategory, selection, trendGrid } from '../state/view'
import { CategoryField } from './CategoryField'
import { Empty, Loading, Time, useLoad } from './Parts'
import { Plot, seconds } from './Plot'

const ARROWS = { up: '↗', flat: '→', down: '↘' } as const
const SHOWN = 60

const one = (n: number) => figure(Number(n.toPrecision(n >= 100 ? 3 : 2)))

/** A grid is drawn from tiles: its feature is asked for by its code, then it is the selected thing on the map. */
export async function showGrid(grid: string): Promise<GeoJSON.Geometry | null> {
  const [feature] = await api.items('grid', { code: grid }, 1)
  if (!feature) return null
  selection.value = { layer: 'grid', key: feature.properties.key }
  goTo(feature)
  return feature.geometry
}

/** Past, fit and what is expected, on one foot of days. */
function chartOf({ history, fitted, forecast }: Trend) {
  const days = [
    ...new Set([...history.map(([day]) => day), ...fitted.map(([day]) => day), ...forecast.map(([day]) => day)]),
  ].sort()
  const past = new Map(history)
  const fit = new Map(fitted)
  const next = new Map(forecast.map(([day, ...rest]) => [day, rest]))
  const column = (of: (day: string) => number | null | undefined) => days.map((day) => of(day) ?? null)
  return {
    x: days.map(seconds),
    rule: forecast[0] ? seconds(forecast[0][0]) - 43_200 : null,
    series: [
      { label: t('trend.high'), values: column((day) => next.get(day)?.[2]), colour: 'accent', kind: 'edge' as const },
      { label: t('trend.low'), values: column((day) => next.get(day)?.[1]), colour: 'accent', kind: 'edge' as const },
      { label: t('trend.history'), values: column((day) => past.get(day)), colour: 'bar', kind: 'bars' as const },
      { label: t('trend.fitted'), values: column((day) => fit.get(day)), colour: 'muted' },
      { label: t('trend.forecast'), values: column((day) => next.get(day)?.[0]), colour: 'accent' },
    ],
  }
}

function Chart({ grid, category }: { grid: string; category: string }) {
  const loaded = useLoad(() => api.trend(grid, category), [grid, category])
  if (loaded.state === 'failed') return <p class="calm">{problemText(loaded.error)}</p>
  if (!loaded.value || loaded.value.grid_code !== grid) return <Loading />
  const { x, series, rule } = chartOf(loaded.value)
  return (
    <Plot
      x={x}
      time
      height={140}
      label={t('trend.chart', { name: loaded.value.name })}
      testid="trend-chart"
      band={[0, 1]}
      series={series}
      rules={rule === null ? [] : [{ x: rule, text: t('trend.ahead') }]}
    />
  )
}

function Item({ row, category }: { row: TrendRow; category: string }) {
  const open = trendGrid.value === row.grid_code
  return (
    <li class={`trend trend-${row.trend} ${open ? 'is-open' : ''}`}>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => {
          trendGrid.value = open ? null : row.grid_code
          if (!open) void showGrid(row.grid_code).catch(() => null)
        }}
        data-testid="trend-item"
      >
        <span class="trend-arrow" role="img" aria-label={t(`trend.${row.trend}`)}>
          {ARROWS[row.trend]}
        </span>
        <span class="trend-name">{row.name || row.grid_code}</span>
        <span class="trend-figure">
          {one(row.mean_next_7d)}
          <small>
            {' '}
            {one(row.low)}–{one(row.high)}
          </small>
        </span>
        <span class="trend-line">
          {t('trend.past', { n: count(row.total_30d) })}
          {row.change_pct !== null && ` · ${row.change_pct > 0 ? '+' : ''}${Math.round(row.change_pct)}%`}
          {` · ${t(`trend.${row.trend}`)}`}
        </span>
      </button>
      {open && <Chart grid={row.grid_code} category={category} />}
    </li>
  )
}

export function TrendsPanel() {
  const category = evidenceCategory.value
  const loaded = useLoad(() => api.trends(category), [category])
  return (
    <div data-testid="trends-panel">
      <p class="lead">{t('trend.lead')}</p>
      <CategoryField />
      <Body loaded={loaded} category={category} />
    </div>
  )
}

function Body({
  loaded,
  category,
}: {
  loaded: ReturnType<typeof useLoad<Awaited<ReturnType<typeof api.trends>>>>
  category: string
}) {
  if (loaded.state === 'failed') {
    const none = loaded.error instanceof ApiError && loaded.error.status === 404
    return none ? (
      <Empty title={t('trend.none')} lead={t('trend.none.lead')} />
    ) : (
      <p class="calm">{problemText(loaded.error)}</p>
    )
  }
  const found = loaded.value
  if (!found) return <Loading />
  if (!found.grids.length) return <Empty title={t('trend.none')} lead={t('trend.none.lead')} />
  const { coverage } = found
  return (
    <>
      <p class="hint" data-testid="trend-coverage">
        {t('trend.run')} <Time at={found.run_at} seconds={false} />
        {coverage &&
          coverage.observed !== null &&
          ` · ${t('trend.coverage', {
            nominal: Math.round(coverage.nominal * 100),
            observed: Math.round(coverage.observed * 100),
            days: coverage.days,
          })}`}
      </p>
      <p class="columns">
        <span>{t('trend.grid')}</span>
        <span>{t('trend.next', { n: found.horizon_days })}</span>
      </p>
      <ul class="trends">
        {found.grids.slice(0, SHOWN).map((row) => (
          <Item key={row.grid_code} row={row} category={category} />
        ))}
      </ul>
      {found.grids.length > SHOWN && <p class="hint">{t('now.more', { n: found.grids.length - SHOWN })}</p>}
    </>
  )
}
