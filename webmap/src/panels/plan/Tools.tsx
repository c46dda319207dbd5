/** What stands around the map while a plan is open: the bar over it, the tools beside it, the line under it. */
import { useEffect } from 'preact/hooks'
import './Words'
import { t } from '../../i18n'
import { showPlan } from '../../map/plan'
import {
  followPlan,
  loadPlan,
  PLAN_TOOLS,
  type PlanTool,
  plan,
  planCompare,
  planEditable,
  planError,
  planTool,
} from '../../state/plan'
import { followTools, takeUp } from '../../state/planTools'
import { problemText } from '../../state/toast'
import { Icon, type IconName } from '../Icon'
import { PlanHead } from './PlanHead'
import { ToolsBox } from './ToolsBox'
import { ToolsFoot } from './ToolsFoot'
import { TOOL_KEYS, usePlanKeys } from './ToolsKeys'
import { Clashed, Refused } from './ToolsNote'
import { ToolsSwipe } from './ToolsSwipe'

const ICONS: Readonly<Record<PlanTool, IconName>> = {
  select: 'pointer',
  split: 'cut',
  merge: 'join',
  edge: 'edge',
  reshape: 'redraw',
  paint: 'brush',
  lasso: 'lasso',
  building: 'house',
  snap: 'magnet',
  lock: 'lock',
}

function Column() {
  return (
    <div class="plan-tools" role="toolbar" aria-label={t('plan.tools')} aria-orientation="vertical">
      {PLAN_TOOLS.map((tool) => (
        <button
          type="button"
          key={tool}
          class={planTool.value === tool ? 'is-on' : ''}
          aria-pressed={planTool.value === tool}
          disabled={tool !== 'select' && !planEditable.value}
          title={`${t(`plan.tool.${tool}`)} ${TOOL_KEYS[tool]}`}
          aria-label={t(`plan.tool.${tool}`)}
          onClick={() => takeUp(tool)}
          data-testid={`plan-tool-${tool}`}
        >
          <Icon name={ICONS[tool]} size={1.3} />
          <small>{TOOL_KEYS[tool]}</small>
        </button>
      ))}
    </div>
  )
}

/** A plan that cannot be shown says why, and offers the way on. */
function Missing() {
  const error = planError.value
  if (error === null || plan.value) return null
  return (
    <div class="plan-clash" role="alert" data-testid="plan-error">
      <p>{problemText(error)}</p>
      <button type="button" class="button" onClick={() => void loadPlan()}>
        {t('app.retry')}
      </button>
    </div>
  )
}

export function Tools() {
  useEffect(followPlan, [])
  useEffect(followTools, [])
  useEffect(showPlan, [])
  usePlanKeys()
  return (
    <>
      <PlanHead />
      <Column />
      <div class="plan-stage" data-testid="plan-stage" data-version={plan.value?.plan.version}>
        {planCompare.value !== null && <ToolsSwipe />}
        <ToolsBox />
        <Refused />
        <Clashed />
        <Missing />
      </div>
      <ToolsFoot />
    </>
  )
}
