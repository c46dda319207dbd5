/** How many grids carry how much: one bar for each half of the tolerance; a bar pressed picks its grids. */
import { loadBins, loadText } from '../../domain/planBalance'
import { t } from '../../i18n'
import { plan } from '../../state/plan'
import { planCommunity, showGrids } from '../../state/planPanels'

export function LoadChart() {
  const now = plan.value
  if (!now) return null
  const community = planCommunity.value
  const grids = [...now.grids.values()].filter((grid) => community === null || grid.community_code === community)
  if (grids.length < 3) return null
  const { tolerance } = now.model
  const bins = loadBins(
    grids.map(({ load }) => load),
    tolerance,
  )
  const most = Math.max(1, ...bins.map(({ count }) => count))
  const within = (from: number, to: number) => (i: number, load: number) => {
    if (i === 0) return load <= to + 1e-9
    return i === bins.length - 1 ? load > from - 1e-9 : load >= from - 1e-9 && load <= to + 1e-9
  }
  return (
    <figure class="load-chart" aria-label={t('plans.chart')} data-testid="balance-chart">
      <div class="load-bins">
        {bins.map(({ from, to, count, tone }, i) => (
          <button
            type="button"
            key={from}
            class={`is-${tone}`}
            disabled={count === 0}
            title={t('plans.chart.bin', { a: loadText(from), b: loadText(to), n: count })}
            aria-label={t('plans.chart.bin', { a: loadText(from), b: loadText(to), n: count })}
            onClick={() => showGrids(grids.filter(({ load }) => within(from, to)(i, load)).map(({ id }) => id))}
          >
            {count > 0 && <span>{count}</span>}
            <i style={{ height: `${(100 * count) / most}%` }} />
          </button>
        ))}
      </div>
      <div class="load-foot" aria-hidden="true">
        {[1 - tolerance, 1, 1 + tolerance].map((load) => (
          <span key={load} style={{ left: `${place(load, bins[0]?.from ?? 0, bins.at(-1)?.to ?? 2)}%` }}>
            {loadText(load)}
          </span>
        ))}
      </div>
    </figure>
  )
}

const place = (load: number, from: number, to: number) => (100 * (load - from)) / (to - from)
