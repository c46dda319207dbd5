/** What the rules have against the plan, worst first; what is in order is said too. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { PlanProblem } from '../../api/plans'
import { has, t, title } from '../../i18n'
import { showWhere } from '../../map/planLook'
import { plan, planMark } from '../../state/plan'
import { gridPlace, planCommunity, showGrids } from '../../state/planPanels'
import { Section } from '../Parts'

const STEP = 8

const ruleName = (rule: string): string => {
  const key = `plans.rule.${rule}`
  return has(key) ? t(key) : rule
}

/** Rules by how much they have to say, those with errors first. */
function rulesOf(problems: readonly PlanProblem[]): { rule: string; n: number; errors: number }[] {
  const found = new Map<string, { rule: string; n: number; errors: number }>()
  for (const { rule, severity } of problems) {
    const one = found.get(rule) ?? { rule, n: 0, errors: 0 }
    one.n++
    if (severity === 'error') one.errors++
    found.set(rule, one)
  }
  return [...found.values()].sort((a, b) => b.errors - a.errors || b.n - a.n || a.rule.localeCompare(b.rule))
}

function Rules(props: {
  problems: readonly PlanProblem[]
  rule: string | null
  onRule: (rule: string | null) => void
}) {
  const rules = rulesOf(props.problems)
  if (rules.length < 2) return null
  const chip = (rule: string | null, text: string, n: number, errors: number) => (
    <button
      type="button"
      key={rule}
      class={`${props.rule === rule ? 'is-on' : ''} ${errors > 0 ? 'is-error' : ''}`}
      aria-pressed={props.rule === rule}
      onClick={() => props.onRule(rule)}
      data-testid={`problems-${rule ?? 'all'}`}
    >
      {text} <b>{n}</b>
    </button>
  )
  return (
    <div class="chips problem-rules">
      {chip(null, t('plans.rule.all'), props.problems.length, 0)}
      {rules.map(({ rule, n, errors }) => chip(rule, ruleName(rule), n, errors))}
    </div>
  )
}

/** Of the community that is looked at, or of all; errors before remarks. */
function problemsShown(): { list: PlanProblem[]; several: boolean } {
  const now = plan.value
  const community = planCommunity.value
  const of = (grid: string | null | undefined) => (grid ? now?.grids.get(grid)?.community_code : undefined)
  const all = now?.problems ?? []
  const inside = community === null ? all : all.filter(({ grid }) => of(grid) === community)
  const list = [
    ...inside.filter(({ severity }) => severity === 'error'),
    ...inside.filter(({ severity }) => severity !== 'error'),
  ]
  return { list, several: community === null && (now?.balance.length ?? 0) > 2 }
}

export function PlanProblems() {
  const [shown, setShown] = useState(STEP)
  const [open, setOpen] = useState<PlanProblem | null>(null)
  const [rule, setRule] = useState<string | null>(null)
  const now = plan.value
  const community = planCommunity.value
  const { list: all, several } = useMemo(problemsShown, [now?.problems, now?.grids, community])
  useEffect(
    () => () => {
      planMark.value = null
    },
    [],
  )
  // A rule that has nothing more to say hides nothing.
  const picked = rule !== null && all.some((problem) => problem.rule === rule) ? rule : null
  const list = picked === null ? all : all.filter((problem) => problem.rule === picked)
  const errors = all.filter(({ severity }) => severity === 'error').length
  // All that must be mended stands there; remarks, of which a large plan has hundreds, a few at a time.
  const length = Math.max(shown, Math.min(list.filter(({ severity }) => severity === 'error').length, 60))
  const show = (problem: PlanProblem) => {
    setOpen(problem)
    if (problem.grid) showGrids([problem.grid])
    showWhere((problem.where as GeoJSON.Geometry | null | undefined) ?? null)
  }
  return (
    <Section
      title={t('plans.checks')}
      aside={
        errors > 0
          ? t('plans.checks.errors', { n: errors })
          : all.length > 0
            ? t('plans.checks.warnings', { n: all.length })
            : t('plans.checks.clean')
      }
    >
      {/* Borders are shared and every edit is checked: these three hold by the way plans are kept. */}
      <p class="plan-holds" data-testid="plan-holds">
        <span>✓ {t('plans.holds.gap')}</span>
        <span>✓ {t('plans.holds.whole')}</span>
        <span>✓ {t('plans.holds.inside')}</span>
      </p>
      <Rules
        problems={all}
        rule={picked}
        onRule={(next) => {
          setRule(next)
          setShown(STEP)
        }}
      />
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
                <span>
                  {several && problem.grid && <b class="place">{gridPlace(problem.grid)}</b>}
                  {title(problem.text)}
                </span>
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
      {errors > 0 && <p class="hint">{t('plans.checks.lead')}</p>}
    </Section>
  )
}
