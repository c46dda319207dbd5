/** What the rules have against the plan, worst first; what is in order is said too. */
import { useEffect, useState } from 'preact/hooks'
import type { PlanProblem } from '../../api/plans'
import { t, title } from '../../i18n'
import { showWhere } from '../../map/planLook'
import { plan, planMark } from '../../state/plan'
import { showGrids } from '../../state/planPanels'
import { Section } from '../Parts'

const STEP = 8

export function PlanProblems() {
  const [shown, setShown] = useState(STEP)
  const [open, setOpen] = useState<PlanProblem | null>(null)
  useEffect(
    () => () => {
      planMark.value = null
    },
    [],
  )
  const problems = plan.value?.problems ?? []
  const errors = problems.filter(({ severity }) => severity === 'error')
  const list = [...errors, ...problems.filter(({ severity }) => severity !== 'error')]
  // All that must be mended stands there; remarks, of which a large plan has hundreds, a few at a time.
  const length = Math.max(shown, Math.min(errors.length, 60))
  const show = (problem: PlanProblem) => {
    const where = (problem.where as GeoJSON.Geometry | null | undefined) ?? null
    setOpen(problem)
    if (problem.grid) showGrids([problem.grid])
    showWhere(where)
  }
  return (
    <Section
      title={t('plans.checks')}
      aside={
        errors.length > 0
          ? t('plans.checks.errors', { n: errors.length })
          : problems.length > 0
            ? t('plans.checks.warnings', { n: problems.length })
            : t('plans.checks.clean')
      }
    >
      {/* Borders are shared and every edit is checked: these three hold by the way plans are kept. */}
      <p class="plan-holds" data-testid="plan-holds">
        <span>✓ {t('plans.holds.gap')}</span>
        <span>✓ {t('plans.holds.whole')}</span>
        <span>✓ {t('plans.holds.inside')}</span>
      </p>
      {list.length > 0 && (
        <ul class="plan-problems" data-testid="plan-problems">
          {list.slice(0, length).map((problem) => (
            <li key={`${problem.rule}/${problem.grid}/${problem.text.zh}`}>
              <button
                type="button"
                class={`is-${problem.severity} ${problem === open ? 'is-selected' : ''}`}
                onClick={() => show(problem)}
                data-testid="plan-problem"
              >
                <i
                  class={`trouble is-${problem.severity}`}
                  role="img"
                  aria-label={t(`plans.severity.${problem.severity}`)}
                />
                <span>{title(problem.text)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {list.length > length && (
        <button type="button" class="link" onClick={() => setShown(length + 5 * STEP)}>
          {t('plans.more', { n: list.length - length })}
        </button>
      )}
      {errors.length > 0 && <p class="hint">{t('plans.checks.lead')}</p>}
    </Section>
  )
}
