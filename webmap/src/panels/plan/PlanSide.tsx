/** Beside the map of an open plan: how even it is, what is proposed, what would change, its review, its history. */
import type { ComponentType } from 'preact'
import { t } from '../../i18n'
import { plan, planError } from '../../state/plan'
import { PLAN_TABS, type PlanTab, planTab } from '../../state/planPanels'
import { lazily } from '../Parts'
import { PlanBalance } from './PlanBalance'
import { PlanDialogs } from './PlanDialogs'
import { Said } from './PlanParts'

const BODIES: Record<PlanTab, ComponentType> = {
  balance: PlanBalance,
  propose: lazily(async () => (await import('./PlanPropose')).PlanPropose),
  impact: lazily(async () => (await import('./PlanImpact')).PlanImpact),
  review: lazily(async () => (await import('./PlanReview')).PlanReview),
  history: lazily(async () => (await import('./PlanHistory')).PlanHistory),
}

/** Beside each tab's name, how much waits there. */
function waiting(tab: PlanTab): number {
  const now = plan.value
  if (!now) return 0
  if (tab === 'balance') return now.problems.filter(({ severity }) => severity === 'error').length
  return tab === 'review' ? now.plan.open_comments : 0
}

export function PlanTabs({ tabs }: { tabs: readonly PlanTab[] }) {
  const open = tabs.includes(planTab.value) ? planTab.value : 'balance'
  const Body = BODIES[open]
  return (
    <>
      <nav class="plan-tabs" aria-label={t('plans.tabs')}>
        {tabs.map((tab) => {
          const n = waiting(tab)
          return (
            <button
              type="button"
              key={tab}
              class={tab === open ? 'is-on' : ''}
              aria-pressed={tab === open}
              onClick={() => (planTab.value = tab)}
              data-testid={`plan-tab-${tab}`}
            >
              {t(`plans.tab.${tab}`)}
              {n > 0 && <b>{n > 99 ? '99+' : n}</b>}
            </button>
          )
        })}
      </nav>
      {plan.value ? (
        <Body key={open} />
      ) : planError.value ? (
        <Said error={planError.value} />
      ) : (
        <p class="loading" aria-live="polite">
          {t('plans.opening')}
        </p>
      )}
    </>
  )
}

export function PlanSide() {
  return (
    <section class="plan-side" aria-label={t('rail.plan')}>
      <PlanTabs tabs={PLAN_TABS} />
      <PlanDialogs />
    </section>
  )
}
