/** The plan left of a line; right of it the edition in force, or the one that the plan was drawn from. */
import { t } from '../../i18n'
import { createEditionBeside } from '../../map/planBeside'
import { plan, planBeside, planCompare } from '../../state/plan'
import { SwipeFrame } from '../SwipeFrame'

const SIDES = [
  ['inforce', 'plan.compare.inforce'],
  ['base', 'plan.compare.base'],
] as const

export function ToolsSwipe() {
  const row = plan.value?.plan
  // While the plan's own edition is in force there is nothing to choose.
  const right = row?.behind ? (
    <fieldset class="swipe-choice" aria-label={t('plan.compare.with')}>
      {SIDES.map(([side, word]) => (
        <button
          type="button"
          key={side}
          class={planBeside.value === side ? 'is-on' : ''}
          aria-pressed={planBeside.value === side}
          onClick={() => (planBeside.value = side)}
          data-testid={`plan-beside-${side}`}
        >
          {t(word, { base: row.base })}
        </button>
      ))}
    </fieldset>
  ) : (
    t('plan.compare.same', { base: row?.base ?? '' })
  )
  return (
    <SwipeFrame
      name="plan-"
      at={planCompare.value ?? 0.5}
      label={t('plan.compare.move')}
      build={createEditionBeside}
      onMove={(at) => (planCompare.value = at)}
      onEnd={() => (planCompare.value = null)}
      left={row?.name}
      right={right}
    />
  )
}
