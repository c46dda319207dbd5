/** What the tool in the hand wants to know. */
import { t } from '../../i18n'
import { plan, planEditable, planPick, planTool, useTool } from '../../state/plan'
import {
  leastHouseholds,
  previewNow,
  type SnapTo,
  snapHow,
  snapTo,
  snapTolerance,
  takeUp,
  toggleLocks,
} from '../../state/planTools'
import { Chips, Choice } from '../Parts'
import { Confirm, labelOf } from './ToolsConfirm'
import { Lasso, Paint } from './ToolsPaint'

function Merge() {
  const n = planPick.value.size
  return (
    <>
      <p>{n < 2 ? t('plan.merge.pick') : [...planPick.value].map(labelOf).join(' + ')}</p>
      {n >= 2 && <Confirm text={t('plan.merge.take', { n })} />}
    </>
  )
}

const SNAPS: readonly SnapTo[] = ['roads', 'rivers', 'parents']

function Snap() {
  const n = planPick.value.size
  return (
    <>
      <Choice
        label={t('plan.snap.how')}
        value={snapHow.value}
        options={[
          ['snap', t('plan.snap.snap')],
          ['simplify', t('plan.snap.simplify')],
        ]}
        onPick={(how) => {
          snapHow.value = how
          snapTolerance.value = how === 'snap' ? 15 : 2
        }}
        testid="plan-snap-how"
      />
      {snapHow.value === 'snap' && (
        <Chips
          label={t('plan.snap.to')}
          value={snapTo.value}
          options={SNAPS.map((one) => [one, t(`plan.snap.${one}`)] as const)}
          onPick={(picked) => (snapTo.value = picked)}
          testid="plan-snap-to"
        />
      )}
      <label class="plan-range">
        {t('plan.snap.tolerance')} <b>{snapTolerance.value} m</b>
        <input
          type="range"
          min={snapHow.value === 'snap' ? 2 : 0.5}
          max={snapHow.value === 'snap' ? 60 : 20}
          step={snapHow.value === 'snap' ? 1 : 0.5}
          value={snapTolerance.value}
          onInput={(event) => (snapTolerance.value = Number(event.currentTarget.value))}
          data-testid="plan-snap-tolerance"
        />
      </label>
      {n === 0 ? <p class="muted">{t('plan.snap.pick')}</p> : <Confirm text={t('plan.snap.take', { n })} />}
    </>
  )
}

/** One or more grids are picked and no tool is up: what can be done with them at once. */
function Picked() {
  const picks = [...planPick.value]
  const model = plan.value
  const [id] = picks
  const one = picks.length === 1 && id ? model?.grids.get(id) : undefined
  if (picks.length === 0 || !model) return null
  const locked = picks.every((each) => model.grids.get(each)?.locked)
  return (
    <>
      <p data-testid="plan-picked">
        {one ? (
          <>
            <b>{one.label}</b> {one.name}
          </>
        ) : (
          t('plan.picked', { n: picks.length })
        )}
      </p>
      {planEditable.value && (
        <div class="plan-acts">
          <button type="button" class="button" onClick={() => void toggleLocks(picks)} data-testid="plan-lock-picked">
            {t(locked ? 'plan.unlock' : 'plan.tool.lock')} <kbd>L</kbd>
          </button>
          {picks.length >= 2 && (
            <button type="button" class="button" onClick={() => useTool('merge')} data-testid="plan-merge-picked">
              {t('plan.tool.merge')} <kbd>M</kbd>
            </button>
          )}
          {one && (
            <button type="button" class="button" onClick={() => takeUp('building')} data-testid="plan-per-building">
              {t('plan.tool.building')} <kbd>B</kbd>
            </button>
          )}
        </div>
      )}
    </>
  )
}

/** How many grids the preview makes of one; null while it is not known. */
function parts(): number | null {
  const now = previewNow.value
  if (!now?.delta || now.operation.op !== 'per_building') return null
  const known = plan.value?.grids
  return 1 + now.delta.grids.filter(({ id }) => !known?.has(id)).length
}

function Building() {
  const [id, ...more] = planPick.value
  if (!id || more.length > 0) return <p class="muted">{t('plan.building.pick')}</p>
  const n = parts()
  return (
    <>
      <p>
        {labelOf(id)}
        {n !== null && <b data-testid="plan-building-parts">{` ${t('plan.building.parts', { n })}`}</b>}
      </p>
      <label class="plan-range">
        {t('plan.building.least')} <b>{leastHouseholds.value}</b>
        <input
          type="range"
          min={0}
          max={60}
          step={1}
          value={leastHouseholds.value}
          onInput={(event) => (leastHouseholds.value = Number(event.currentTarget.value))}
          data-testid="plan-building-least"
        />
      </label>
      <p class="muted">{t('plan.building.lead')}</p>
      <Confirm text={t('plan.building.take')} />
    </>
  )
}

const BODIES = { merge: Merge, paint: Paint, lasso: Lasso, building: Building, snap: Snap } as const
const hasBox = (tool: string): tool is keyof typeof BODIES => tool in BODIES

export function ToolsBox() {
  const tool = planTool.value
  if (!plan.value) return null
  if (tool === 'select') {
    if (planPick.value.size === 0) return null
    return (
      <section class="plan-box" data-testid="plan-box">
        <Picked />
      </section>
    )
  }
  if (!hasBox(tool)) return null
  const Body = BODIES[tool]
  return (
    <section class="plan-box" aria-label={t(`plan.tool.${tool}`)} data-testid="plan-box">
      <h3>{t(`plan.tool.${tool}`)}</h3>
      <Body />
    </section>
  )
}
