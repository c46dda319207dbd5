/** What the tool in the hand wants to know, and what the edit would come to before it is made. */
import { count } from '../../domain/format'
import { title as said, t } from '../../i18n'
import { edit, plan, planBusy, planEditable, planPick, planTool, useTool } from '../../state/plan'
import {
  painted,
  paintKind,
  paintTo,
  paintWith,
  previewNow,
  proposed,
  type SnapTo,
  snapHow,
  snapTo,
  snapTolerance,
  take,
  toggleLocks,
} from '../../state/planTools'
import { Chips, Choice } from '../Parts'
import { refusalText } from './ToolsWhy'

const labelOf = (id: string) => plan.value?.grids.get(id)?.label ?? id

/** Loads before and after, of the grids that the edit would touch. */
function Loads() {
  const model = plan.value
  const delta = previewNow.value?.delta
  if (!model || !delta) return null
  const rows = delta.grids
    .map((grid) => ({ grid, before: model.grids.get(grid.id)?.load }))
    .filter(({ grid, before }) => before === undefined || Math.abs(before - grid.load) >= 0.005)
    .sort((a, b) => Math.abs(b.grid.load - (b.before ?? 0)) - Math.abs(a.grid.load - (a.before ?? 0)))
  return (
    <ul class="plan-loads" data-testid="plan-preview">
      {rows.slice(0, 6).map(({ grid, before }) => (
        <li key={grid.id}>
          <b>{grid.label}</b> {before === undefined ? t('plan.new') : before.toFixed(2)} → {grid.load.toFixed(2)}
        </li>
      ))}
      {rows.length > 6 && <li class="muted">{t('plan.more', { n: rows.length - 6 })}</li>}
      {Object.entries(delta.moved).map(([key, n]) => (
        <li key={key} class="muted">
          {said(model.model.measures.find((one) => one.key === key)?.title) || key} {count(n)}
        </li>
      ))}
    </ul>
  )
}

function Confirm({ text }: { text: string }) {
  const now = previewNow.value
  const refusal = now?.refusal
  return (
    <>
      {refusal && (
        <p class="card-error" role="alert" data-testid="plan-preview-refused" data-reason={refusal.reason}>
          {refusalText(refusal)}
        </p>
      )}
      <Loads />
      <button
        type="button"
        class="button primary"
        disabled={!proposed.value || Boolean(refusal) || planBusy.value}
        onClick={() => void take()}
        data-testid="plan-take"
      >
        {text} <kbd>Enter</kbd>
      </button>
    </>
  )
}

function Merge() {
  const n = planPick.value.size
  return (
    <>
      <p>{n < 2 ? t('plan.merge.pick') : [...planPick.value].map(labelOf).join(' + ')}</p>
      {n >= 2 && <Confirm text={t('plan.merge.take', { n })} />}
    </>
  )
}

const KINDS = ['buildings', 'blocks', 'cells'] as const

function Paint() {
  const to = paintTo.value
  const n = painted.value.size
  return (
    <>
      <Choice
        label={t('plan.paint.with')}
        value={paintKind.value}
        options={KINDS.map((kind) => [kind, t(`plan.paint.${kind}`)] as const)}
        onPick={paintWith}
        testid="plan-paint-kind"
      />
      <p data-testid="plan-paint-to">{to ? t('plan.paint.to', { grid: labelOf(to) }) : t('plan.paint.pick')}</p>
      {to && n === 0 && <p class="muted">{t('plan.paint.how')}</p>}
      {n > 0 && (
        <>
          <p data-testid="plan-painted" data-n={n}>
            {t(`plan.painted.${paintKind.value}`, { n })}{' '}
            <button type="button" class="link" onClick={() => (painted.value = new Map())}>
              {t('plan.paint.clear')}
            </button>
          </p>
          <Confirm text={t('plan.paint.take')} />
        </>
      )}
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
            <button
              type="button"
              class="button"
              disabled={planBusy.value}
              onClick={() => void edit({ op: 'per_building', grid: one.id }, one.at as [number, number])}
              data-testid="plan-per-building"
            >
              {t('plan.perbuilding')}
            </button>
          )}
        </div>
      )}
    </>
  )
}

const BODIES = { merge: Merge, paint: Paint, snap: Snap } as const

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
  if (tool !== 'merge' && tool !== 'paint' && tool !== 'snap') return null
  const Body = BODIES[tool]
  return (
    <section class="plan-box" aria-label={t(`plan.tool.${tool}`)} data-testid="plan-box">
      <h3>{t(`plan.tool.${tool}`)}</h3>
      <Body />
    </section>
  )
}
