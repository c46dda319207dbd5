/** The strip over the map while a plan is open: which plan, from what, kept when, and what is done with the whole of it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { plans } from '../../api/plans'
import { clockTime } from '../../domain/format'
import { t, title } from '../../i18n'
import { now } from '../../state/clock'
import {
  closePlan,
  notePlan,
  plan,
  planCompare,
  planEditable,
  planKey,
  planSavedAt,
  planSlow,
  redo,
  undo,
} from '../../state/plan'
import { planDialog, planList, planTab } from '../../state/planPanels'
import { mayApprovePlans, mayEditPlans } from '../../state/session'
import { attempt, toast } from '../../state/toast'
import { rightOpen } from '../../state/view'
import { IconButton } from '../Parts'
import { StateMark } from './PlanParts'

function Saved() {
  if (planSlow.value) return <>{t('plans.saving')}</>
  const at = planSavedAt.value
  const iso = at === null ? plan.value?.plan.changed_at : new Date(at).toISOString()
  return <>{t('plans.saved', { at: clockTime(iso, now.value, false) })}</>
}

function Name() {
  const [typed, setTyped] = useState<string | null>(null)
  const row = plan.value?.plan
  if (!row) {
    // What is on its way is called by its name, where the list has told it.
    const name = planList.value.value?.find(({ key }) => key === planKey.value)?.name
    return name ? <h2 class="muted">{name}</h2> : null
  }
  const keep = () => {
    const name = typed?.trim()
    setTyped(null)
    if (!name || name === row.name) return
    void attempt(async () => notePlan(await plans.change(row.key, { name })))
  }
  if (typed === null) {
    return (
      <h2>
        <button
          type="button"
          disabled={!planEditable.value}
          title={planEditable.value ? t('plans.rename') : row.name}
          onClick={() => setTyped(row.name)}
          data-testid="plan-name"
        >
          {row.name}
        </button>
      </h2>
    )
  }
  return (
    <input
      class="plan-rename"
      value={typed}
      maxLength={120}
      aria-label={t('plans.rename')}
      ref={(node) => node?.focus()}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep()
        if (event.key === 'Escape') setTyped(null)
        event.stopPropagation()
      }}
      data-testid="plan-name-input"
    />
  )
}

function More() {
  const [open, setOpen] = useState(false)
  const [sure, setSure] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const row = plan.value?.plan
  const leave = () => {
    setOpen(false)
    setSure(false)
  }
  useEffect(() => {
    if (!open) return
    const items = () => [...(box.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])]
    items()[0]?.focus()
    // Before the page's own keys, which would leave what lies under the menu.
    const onKey = (event: KeyboardEvent) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      if (step) {
        const all = items()
        all[(all.indexOf(document.activeElement as HTMLElement) + step + all.length) % all.length]?.focus()
        event.preventDefault()
      } else if (event.key === 'Tab') leave()
      else if (event.key === 'Escape') {
        leave()
        box.current?.querySelector('button')?.focus()
      }
      if (event.key !== 'Enter' && event.key !== ' ') event.stopPropagation()
    }
    addEventListener('keydown', onKey, true)
    return () => removeEventListener('keydown', onKey, true)
  }, [open])
  if (!row) return null
  const discard = () =>
    attempt(async () => {
      await plans.discard(row.key)
      closePlan()
      toast(t('plans.discarded', { name: row.name }))
      await planList.load()
    })
  const item = (text: string, act: () => void, testid: string) => (
    <button
      type="button"
      role="menuitem"
      onClick={() => {
        // What opens gives the keys back to where they were: to this menu's own button.
        box.current?.querySelector('button')?.focus()
        act()
        leave()
      }}
      data-testid={testid}
    >
      {text}
    </button>
  )
  return (
    <div class="plan-more" ref={box}>
      <button
        type="button"
        class="button"
        aria-expanded={open}
        aria-haspopup="menu"
        onClick={() => (open ? leave() : setOpen(true))}
        data-testid="plan-more"
      >
        {t('plans.menu')}
      </button>
      {open && (
        <>
          <button type="button" class="shade is-clear" tabIndex={-1} aria-label={t('panel.close')} onClick={leave} />
          <div class="plan-menu" role="menu">
            {planEditable.value && item(t('plans.replay'), () => (planDialog.value = 'replay'), 'plan-replay')}
            {item(t('plans.export'), () => (planDialog.value = 'export'), 'plan-export')}
            {mayEditPlans.value &&
              item(
                t('plans.copy'),
                () =>
                  void attempt(async () => {
                    const made = await plans.make({ name: t('plans.copy.name', { name: row.name }), copy_of: row.key })
                    toast(t('plans.copied', { name: made.name }))
                  }),
                'plan-copy',
              )}
            {planEditable.value &&
              (sure ? (
                <button
                  type="button"
                  role="menuitem"
                  class="is-sure"
                  onClick={() => void discard()}
                  data-testid="plan-discard-sure"
                >
                  {t('plans.discard.sure')}
                </button>
              ) : (
                <button type="button" role="menuitem" onClick={() => setSure(true)} data-testid="plan-discard">
                  {t('plans.discard')}
                </button>
              ))}
          </div>
        </>
      )}
    </div>
  )
}

/** The one thing that comes next for this plan, for this person. */
function Next() {
  const row = plan.value?.plan
  if (!row) return null
  const review = (text: string, primary = true) => (
    <button
      type="button"
      class={`button ${primary ? 'primary' : ''}`}
      onClick={() => {
        planTab.value = 'review'
        rightOpen.value = true
      }}
      data-testid="plan-next"
    >
      {text}
    </button>
  )
  if (row.state === 'draft') return mayEditPlans.value ? review(t('plans.submit')) : null
  if (row.state === 'submitted') return review(t(mayApprovePlans.value ? 'plans.decide' : 'plans.tab.review'))
  if (row.state === 'approved') return review(t(mayApprovePlans.value ? 'plans.publish' : 'plans.tab.review'))
  return review(t('plans.tab.review'), false)
}

export function PlanHead() {
  const now = plan.value
  const history = now?.history
  const said = (what: 'undo' | 'redo') => {
    const text = history?.[what]
    return text ? `${t(`plans.${what}`)} · ${title(text)}` : t(`plans.${what}.none`)
  }
  return (
    <header class="plan-head" data-testid="plan-head">
      <IconButton icon="left" label={t('plans.back')} onClick={closePlan} testid="plan-back" />
      <div class="plan-title">
        <Name />
        {now && (
          <p>
            <StateMark state={now.plan.state} />
            <b data-testid="plan-state">{t(`plans.state.${now.plan.state}`)}</b>
            <span>
              {t('plans.basedon', { base: now.plan.base })}
              {now.plan.scope_name && ` · ${now.plan.scope_name}`}
            </span>
            <span data-testid="plan-saved">
              <Saved />
            </span>
            {now.plan.behind && planEditable.value && (
              <button
                type="button"
                class="chip is-late"
                onClick={() => (planDialog.value = 'replay')}
                data-testid="plan-behind"
              >
                {t('plans.behind')}
              </button>
            )}
          </p>
        )}
      </div>
      <div class="plan-actions">
        {planEditable.value && (
          <>
            <button
              type="button"
              class="button"
              disabled={!history?.undo}
              title={said('undo')}
              onClick={() => void undo()}
              data-testid="plan-undo"
            >
              {t('plans.undo')}
            </button>
            <button
              type="button"
              class="button"
              disabled={!history?.redo}
              title={said('redo')}
              onClick={() => void redo()}
              data-testid="plan-redo"
            >
              {t('plans.redo')}
            </button>
          </>
        )}
        <button
          type="button"
          class={`button ${planCompare.value === null ? '' : 'is-on'}`}
          aria-pressed={planCompare.value !== null}
          disabled={!now}
          onClick={() => (planCompare.value = planCompare.peek() === null ? 0.5 : null)}
          data-testid="plan-compare"
        >
          {t('plans.compare')}
        </button>
        <More />
        <Next />
        <IconButton
          icon={rightOpen.value ? 'right' : 'left'}
          label={t(rightOpen.value ? 'plans.side.close' : 'plans.side.open')}
          onClick={() => (rightOpen.value = !rightOpen.value)}
          testid="plan-side-toggle"
        />
      </div>
    </header>
  )
}
