/** Every edit of a plan, newest first: who, what, where; and how far one's own can be taken back. */
import { useState } from 'preact/hooks'
import type { PlanEdit } from '../../api/plans'
import { depthOf } from '../../domain/planFiles'
import { t, title } from '../../i18n'
import { plan, planEditable, planSlow, redo, undo } from '../../state/plan'
import { gridName, planDialog, planEdits, showGrids, useFreshRow, useOfPlan } from '../../state/planPanels'
import { account } from '../../state/session'
import { Empty, Loading, Section, Time } from '../Parts'
import { Said } from './PlanParts'

const STEP = 60

function Edit({ one }: { one: PlanEdit }) {
  const there = one.grids.filter((id) => plan.value?.grids.has(id))
  return (
    <li class={`${one.counts ? '' : 'is-undone'} is-${one.kind}`} data-testid={`edit-${one.version}`}>
      <button
        type="button"
        disabled={there.length === 0}
        title={one.grids.map(gridName).join(' ')}
        onClick={() => showGrids(there)}
      >
        <i aria-hidden="true">{one.version}</i>
        <span>{title(one.text)}</span>
        <small>
          {one.kind !== 'edit' && `${t(`plans.kind.${one.kind}`)} · `}
          {one.by} · <Time at={one.at} seconds={false} />
          {!one.counts && one.kind !== 'undo' && ` · ${t(one.left_out ? 'plans.leftout' : 'plans.undone')}`}
        </small>
      </button>
    </li>
  )
}

export function PlanHistory() {
  useOfPlan(planEdits, 'edit', 'state')
  useFreshRow()
  const [shown, setShown] = useState(STEP)
  const list = planEdits.value.value
  const error = planEdits.error.value
  const history = plan.value?.history
  if (!list) return error ? <Said error={error} again={() => void planEdits.load()} /> : <Loading />
  const depth = depthOf(list, account.value?.login ?? '')
  return (
    <div class="plan-body" data-testid="plan-history">
      <Section title={t('plans.tab.history')} aside={t('plans.edits.n', { n: plan.value?.plan.edits ?? 0 })}>
        {planEditable.value && (
          <>
            <div class="quick">
              <button
                type="button"
                class="button small"
                disabled={!history?.undo || planSlow.value}
                title={history?.undo ? title(history.undo) : undefined}
                onClick={() => void undo()}
                data-testid="history-undo"
              >
                {t('plans.undo.n', { n: history?.undo ? depth.undo : 0 })}
              </button>
              <button
                type="button"
                class="button small"
                disabled={!history?.redo || planSlow.value}
                title={history?.redo ? title(history.redo) : undefined}
                onClick={() => void redo()}
                data-testid="history-redo"
              >
                {t('plans.redo.n', { n: history?.redo ? Math.max(1, depth.redo) : 0 })}
              </button>
              <button
                type="button"
                class="button small"
                onClick={() => (planDialog.value = 'replay')}
                data-testid="history-replay"
              >
                {t('plans.replay')}
              </button>
            </div>
            <p class="hint">{t('plans.undo.lead')}</p>
          </>
        )}
        {list.length === 0 && <Empty title={t('plans.edits.none')} lead={t('plans.edits.none.lead')} />}
        <ol class="plan-edits" data-testid="edits">
          {list.slice(0, shown).map((one) => (
            <Edit key={one.version} one={one} />
          ))}
        </ol>
        {list.length > shown && (
          <button type="button" class="link" onClick={() => setShown(shown + 4 * STEP)}>
            {t('plans.more', { n: list.length - shown })}
          </button>
        )}
      </Section>
    </div>
  )
}
