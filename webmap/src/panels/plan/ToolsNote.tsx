/** Why not, beside the place where it was tried; and the word with another planner who was quicker. */
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../../i18n'
import { theMap } from '../../map/map'
import { showWhere } from '../../map/planLook'
import { edit, planClash, planRefused, redo, undo } from '../../state/plan'
import { IconButton } from '../Parts'
import { refusalText, serverText } from './ToolsWhy'

/** Keeps a box at a place on the map while the map moves under it. */
function usePlace(at: readonly [number, number] | null) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const map = theMap()
    const node = box.current
    if (!map || !node || !at) return
    const place = () => {
      const { x, y } = map.project([at[0], at[1]])
      const { clientWidth, clientHeight } = map.getContainer()
      // Inside the map, and beside the pointer rather than under it.
      const left = Math.min(Math.max(8, x + 16), clientWidth - node.offsetWidth - 8)
      const top = Math.min(Math.max(8, y + 16), clientHeight - node.offsetHeight - 8)
      node.style.transform = `translate(${left}px, ${top}px)`
    }
    place()
    map.on('move', place)
    return () => {
      map.off('move', place)
    }
  }, [at])
  return box
}

export function Refused() {
  const refusal = planRefused.value
  const box = usePlace(refusal?.at ?? null)
  if (!refusal) return null
  return (
    <div
      class={`plan-refused ${refusal.at ? 'is-there' : ''}`}
      ref={box}
      role="alert"
      data-testid="plan-refused"
      data-reason={refusal.reason}
    >
      <p>
        <b>{t('plan.refused')}</b> {refusalText(refusal)}
      </p>
      {refusal.where && (
        <button type="button" class="link" onClick={() => showWhere(refusal.where)} data-testid="plan-refused-where">
          {t('plan.refused.where')}
        </button>
      )}
      <IconButton icon="close" label={t('panel.close')} onClick={() => (planRefused.value = null)} />
    </div>
  )
}

export function Clashed() {
  const clash = planClash.value
  if (!clash) return null
  const again = () => {
    planClash.value = null
    if (clash.kind === 'undo') void undo()
    else if (clash.kind === 'redo') void redo()
    else if (clash.operation) void edit(clash.operation)
  }
  return (
    <div class="plan-clash" role="alertdialog" aria-label={t('plan.clash')} data-testid="plan-clash">
      <h3>{t('plan.clash')}</h3>
      <p data-testid="plan-clash-text">{serverText(clash.text)}</p>
      <p class="muted">{t('plan.clash.lead')}</p>
      <div class="plan-acts">
        <button
          type="button"
          class="button primary"
          onClick={() => (planClash.value = null)}
          data-testid="plan-clash-ok"
        >
          {t('plan.clash.theirs')}
        </button>
        {clash.kind === 'edit' && (
          <button type="button" class="button" onClick={again} data-testid="plan-clash-again">
            {t('plan.clash.again')}
          </button>
        )}
      </div>
    </div>
  )
}
