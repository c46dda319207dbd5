/** Under the heat's entry: what the map shows, and beside it what shows whether it can be trusted. */
import { t } from '../i18n'
import { mayCount } from '../state/session'
import { HEAT_TABS, type HeatTab, heatTab } from '../state/view'
import { HeatControls } from './HeatControls'
import { lazily } from './Parts'

const Backtest = lazily(async () => (await import('./Backtest')).BacktestPanel)
const Trends = lazily(async () => (await import('./Trends')).TrendsPanel)
const EffectPanel = lazily(async () => (await import('./EffectPanel')).EffectPanel)

const BODIES = { surface: HeatControls, backtest: Backtest, trends: Trends, effect: EffectPanel }

export function HeatPanel() {
  // The evidence is made of exact counts, which are not everybody's to ask for.
  const tabs = HEAT_TABS.filter((name) => mayCount.value || name === 'surface')
  const tab = tabs.includes(heatTab.value) ? heatTab.value : 'surface'
  const Body = BODIES[tab]
  const step = (by: number) => {
    const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length] ?? 'surface'
    heatTab.value = next
    document.getElementById(`heat-tab-${next}`)?.focus()
  }
  return (
    <div class="heat-panel" data-testid="heat-panel">
      {tabs.length > 1 && (
        <div class="choice-row tabs" role="tablist" aria-label={t('heat.title')}>
          {tabs.map((name: HeatTab) => (
            <button
              type="button"
              key={name}
              role="tab"
              id={`heat-tab-${name}`}
              class={name === tab ? 'is-on' : ''}
              aria-selected={name === tab}
              tabIndex={name === tab ? 0 : -1}
              onClick={() => (heatTab.value = name)}
              onKeyDown={(event) => {
                if (event.key === 'ArrowRight') step(1)
                else if (event.key === 'ArrowLeft') step(-1)
              }}
              data-testid={`heat-tab-${name}`}
            >
              {t(`heat.tab.${name}`)}
            </button>
          ))}
        </div>
      )}
      <div class="heat-body" role="tabpanel" aria-labelledby={`heat-tab-${tab}`}>
        <Body />
      </div>
    </div>
  )
}
