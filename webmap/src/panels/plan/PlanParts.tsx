/** Small parts of the planning panels: a state's sign, a dialog, a tick, a problem's row. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { PlanState } from '../../api/plans'
import { t } from '../../i18n'
import { problemText } from '../../state/toast'
import { IconButton } from '../Parts'
import { serverText } from './ToolsWhy'
import './Words'
import '../../theme/studio.css'
import '../../theme/planPanels.css'

/** Told apart by shape as well as by word. */
export function StateMark({ state }: { state: PlanState }) {
  return <i class={`plan-state is-${state}`} role="img" aria-label={t(`plans.state.${state}`)} />
}

const REACHED = 'a[href], button:not(:disabled, [tabindex="-1"]), input:not(:disabled), select:not(:disabled), textarea'

/** Tab goes round inside the box, and does not get lost behind it. */
function goRound(event: KeyboardEvent, box: HTMLElement | null): void {
  const all = [...(box?.querySelectorAll<HTMLElement>(REACHED) ?? [])].filter((one) => one.offsetParent !== null)
  const [first, last] = [all[0], all.at(-1)]
  const from = document.activeElement
  if (!first || !last) return
  if (event.shiftKey ? from === first || from === box : from === last) {
    event.preventDefault()
    ;(event.shiftKey ? last : first).focus()
  }
}

/**
 * Lies over everything until it is left; Escape leaves it and nothing else. With `beside` it stands at the side and the
 * map stays free: for what is to be looked at there.
 */
export function Dialog(props: {
  title: string
  wide?: boolean
  beside?: boolean
  onClose: () => void
  children: ComponentChildren
  testid: string
}) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const before = document.activeElement
    box.current?.focus()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const { beside = false } = props
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Tab' && !beside) goRound(event, box.current)
    if (event.key !== 'Escape') return
    event.stopPropagation()
    props.onClose()
  }
  return (
    <div class={`plan-over ${beside ? 'is-beside' : ''}`}>
      {!beside && (
        <button type="button" class="shade" aria-label={t('panel.close')} tabIndex={-1} onClick={props.onClose} />
      )}
      <div
        class={`plan-dialog ${props.wide ? 'is-wide' : ''}`}
        role="dialog"
        aria-modal={beside ? undefined : 'true'}
        aria-label={props.title}
        tabIndex={-1}
        ref={box}
        onKeyDown={onKeyDown}
        data-testid={props.testid}
      >
        <header>
          <h2>{props.title}</h2>
          <IconButton icon="close" label={t('panel.close')} onClick={props.onClose} testid={`${props.testid}-close`} />
        </header>
        <div class="plan-dialog-body">{props.children}</div>
      </div>
    </div>
  )
}

/** A door that said no, where what it was asked stands. */
export function Said({ error, again }: { error: unknown; again?: () => void }) {
  if (error === null || error === undefined) return null
  return (
    <div class="plan-said" role="alert" data-testid="plan-said">
      <p>{serverText(problemText(error))}</p>
      {again && (
        <button type="button" class="button small" onClick={again}>
          {t('app.retry')}
        </button>
      )}
    </div>
  )
}

/** The way to the rest of a long list; nothing where all of it is shown. */
export function MoreRows({ left, onMore, testid }: { left: number; onMore: () => void; testid?: string }) {
  if (left <= 0) return null
  return (
    <button type="button" class="link" onClick={onMore} data-testid={testid}>
      {t('plans.more', { n: left })}
    </button>
  )
}

/** How wide a gap or an overlap may be and still be mended as a sliver, in metres. */
export function SliverField(props: {
  metres: number
  disabled: boolean
  onPick: (metres: number) => void
  testid: string
}) {
  return (
    <label class="field">
      <span>{t('plans.import.tolerance')}</span>
      <span class="figure-field">
        <input
          type="number"
          min={0.1}
          max={50}
          step="any"
          value={props.metres}
          disabled={props.disabled}
          onChange={(event) => {
            const width = Number(event.currentTarget.value)
            if (width > 0 && width <= 50) props.onPick(width)
          }}
          data-testid={props.testid}
        />
        <em>m</em>
      </span>
    </label>
  )
}

/** A figure of what was before and what would be: `1.27 → 1.08`. */
export function FromTo(props: { from: string; to: string; better?: boolean | undefined }) {
  const { from, to } = props
  // What reads the same is the same.
  const better = from === to ? undefined : props.better
  return (
    <span class={`from-to ${better === true ? 'is-better' : better === false ? 'is-worse' : ''}`}>
      <span class="muted">{from}</span>
      <i aria-hidden="true">→</i>
      <b>{to}</b>
    </span>
  )
}
