/** Giving ground to a grid: which one gets it, with what it is painted, and what that comes to. */
import { t } from '../../i18n'
import { painted, paintKind, paintTo, paintWith, wipe } from '../../state/planPaint'
import { camera } from '../../state/view'
import { Choice } from '../Parts'
import { Confirm, labelOf } from './ToolsConfirm'

/** Further out the map has no buildings to paint. */
const BUILDINGS_ZOOM = 14
const KINDS = ['buildings', 'blocks', 'cells'] as const

/** The grid that gets the ground; another is chosen by the link, or by a click with Alt held. */
function To() {
  const to = paintTo.value
  return (
    <p data-testid="plan-paint-to">
      {to ? t('plan.paint.to', { grid: labelOf(to) }) : t('plan.paint.pick')}{' '}
      {to && (
        <button type="button" class="link" onClick={() => (paintTo.value = null)} data-testid="plan-paint-other">
          {t('plan.paint.other')}
        </button>
      )}
    </p>
  )
}

function Painted({ said }: { said: string }) {
  return (
    <p data-testid="plan-painted" data-n={painted.value.size}>
      {said}{' '}
      <button type="button" class="link" onClick={wipe}>
        {t('plan.paint.clear')}
      </button>
    </p>
  )
}

export function Paint() {
  const kind = paintKind.value
  const n = painted.value.size
  const far = kind === 'buildings' && (camera.value?.zoom ?? BUILDINGS_ZOOM) < BUILDINGS_ZOOM
  return (
    <>
      <Choice
        label={t('plan.paint.with')}
        value={kind}
        options={KINDS.map((one) => [one, t(`plan.paint.${one}`)] as const)}
        onPick={paintWith}
        testid="plan-paint-kind"
      />
      <To />
      {paintTo.value && n === 0 && (
        <p class="muted" data-testid="plan-paint-how">
          {t(far ? 'plan.paint.closer' : 'plan.paint.how')}
        </p>
      )}
      {n > 0 && (
        <>
          <Painted said={t(`plan.painted.${kind}`, { n })} />
          <Confirm text={t('plan.paint.take')} />
        </>
      )}
    </>
  )
}

export function Lasso() {
  const n = painted.value.size
  return (
    <>
      <To />
      {paintTo.value && n === 0 && <p class="muted">{t('plan.lasso.how')}</p>}
      {n > 0 && (
        <>
          <Painted said={t('plan.painted.areas', { n })} />
          <Confirm text={t('plan.paint.take')} />
        </>
      )}
    </>
  )
}
