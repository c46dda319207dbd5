/** A plan in the hand: read, remarked on and decided; redrawn only at a desk. */
import { useEffect } from 'preact/hooks'
import { t } from '../../i18n'
import { closePlan, followPlan, plan, planError } from '../../state/plan'
import type { PlanTab } from '../../state/planPanels'
import { Icon } from '../Icon'
import { Said, StateMark } from './PlanParts'
import { PlanTabs } from './PlanSide'

const TABS: readonly PlanTab[] = ['balance', 'impact', 'review', 'history']

export function PlanPhone() {
  useEffect(followPlan, [])
  useEffect(() => {
    let [left, end] = [false, () => {}]
    // The figures are there before the drawing, which weighs more.
    void import('../../map/plan').then(({ showPlan }) => {
      if (!left) end = showPlan()
    })
    return () => {
      left = true
      end()
    }
  }, [])
  const row = plan.value?.plan
  return (
    <section class="plan-side plan-phone" aria-label={t('rail.plan')} data-testid="plan-phone">
      <button type="button" class="link back-link" onClick={closePlan} data-testid="plan-back">
        <Icon name="left" size={0.9} /> {t('plans.back')}
      </button>
      {row && (
        <header class="plan-title">
          <h2>{row.name}</h2>
          <p>
            <StateMark state={row.state} />
            <b data-testid="plan-state">{t(`plans.state.${row.state}`)}</b>
            <span>
              {t('plans.basedon', { base: row.base })}
              {row.scope_name && ` · ${row.scope_name}`}
            </span>
          </p>
        </header>
      )}
      {!row && planError.value ? <Said error={planError.value} /> : <PlanTabs tabs={TABS} />}
      <p class="hint">{t('plans.desk')}</p>
    </section>
  )
}
