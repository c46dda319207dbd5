/** The line under the map: what the tool does now, what lines cling to, the keys, the scale. */
import { title as said, t } from '../../i18n'
import { plan, planAsking, planEditable, planError, planOthers, planSlow, planTool } from '../../state/plan'
import { CLINGS, clings, sketched, toggleCling } from '../../state/planTools'
import { camera } from '../../state/view'

/** One in how many, on a screen of 96 dots an inch. */
function scaleOf(zoom: number, lat: number): number {
  const metres = (40_075_016.7 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** zoom)
  const n = metres / 0.000264583
  const step = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1)
  return Math.round(n / step) * step
}

function Hint() {
  const tool = planTool.value
  if (planAsking.value) return <>{t('plan.hint.asking')}</>
  if (!plan.value && !planError.value) return <>{t('plan.hint.opening')}</>
  if (!planEditable.value) return <>{t('plan.hint.readonly')}</>
  if ((tool === 'split' || tool === 'reshape') && sketched.value > 0) return <>{t('plan.hint.drawing')}</>
  return (
    <>
      <b>{t(`plan.tool.${tool}`)}</b> {t(`plan.hint.${tool}`)}
    </>
  )
}

export function ToolsFoot() {
  const now = plan.value
  const spot = camera.value
  const others = planOthers.value
  return (
    <footer class="plan-foot">
      <p class="plan-hint" data-testid="plan-hint">
        <Hint />
      </p>
      <p class="plan-status" role="status" data-testid="plan-said">
        {others ? (
          <span data-testid="plan-others">
            <b>{others.by}</b> {said(others.text)}
          </span>
        ) : planSlow.value ? (
          t('plan.saving')
        ) : (
          said(now?.text)
        )}
      </p>
      {planEditable.value && (
        <fieldset class="plan-clings" aria-label={t('plan.cling')}>
          <span>{t('plan.cling')}</span>
          {CLINGS.map((one) => (
            <button
              type="button"
              key={one}
              class={clings.value.includes(one) ? 'is-on' : ''}
              aria-pressed={clings.value.includes(one)}
              onClick={() => toggleCling(one)}
              data-testid={`plan-cling-${one}`}
            >
              {t(`plan.cling.${one}`)}
            </button>
          ))}
        </fieldset>
      )}
      {spot && (
        <span class="plan-scale">1:{scaleOf(spot.zoom, spot.lat).toLocaleString('en').replaceAll(',', ' ')}</span>
      )}
    </footer>
  )
}
