/** What the edit would come to, before it is made: loads before and after, or why it cannot be. */
import { count } from '../../domain/format'
import { title as said, t } from '../../i18n'
import { showWhere } from '../../map/planLook'
import { plan, planBusy } from '../../state/plan'
import { previewNow, proposed, take } from '../../state/planTools'
import { refusalText } from './ToolsWhy'

export const labelOf = (id: string) => plan.value?.grids.get(id)?.label ?? id

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

export function Confirm({ text }: { text: string }) {
  const now = previewNow.value
  const refusal = now?.refusal
  return (
    <>
      {refusal && (
        <p class="card-error" role="alert" data-testid="plan-preview-refused" data-reason={refusal.reason}>
          {refusalText(refusal)}{' '}
          {refusal.where && (
            <button
              type="button"
              class="link"
              onClick={() => showWhere(refusal.where)}
              data-testid="plan-preview-where"
            >
              {t('plan.refused.where')}
            </button>
          )}
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
