/** The plan left of a line, the edition in force right of it. */
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../../i18n'
import { createEditionBeside } from '../../map/planBeside'
import { catalogue } from '../../state/catalogue'
import { plan, planCompare } from '../../state/plan'
import { IconButton } from '../Parts'

const LOW = 0.05
const HIGH = 0.95

function place(at: number): void {
  if (planCompare.peek() !== null) planCompare.value = Math.min(HIGH, Math.max(LOW, at))
}

function onKey(event: KeyboardEvent): void {
  const at = planCompare.peek() ?? 0.5
  const step = event.shiftKey ? 0.1 : 0.02
  if (event.key === 'ArrowLeft') place(at - step)
  else if (event.key === 'ArrowRight') place(at + step)
  else if (event.key === 'Home') place(LOW)
  else if (event.key === 'End') place(HIGH)
  else return
  event.preventDefault()
}

export function ToolsSwipe() {
  const host = useRef<HTMLDivElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const city = catalogue.value
  useEffect(() => {
    if (!host.current || !city) return
    return createEditionBeside(host.current, city)
  }, [])
  const at = planCompare.value ?? 0.5
  const onPointerDown = (event: PointerEvent) => {
    const handle = event.currentTarget as HTMLElement
    handle.setPointerCapture(event.pointerId)
    handle.onpointermove = (move) => {
      const frame = box.current?.getBoundingClientRect()
      if (frame) place((move.clientX - frame.left) / frame.width)
    }
    handle.onpointerup = () => {
      handle.onpointermove = null
    }
  }
  return (
    <div class="swipe plan-swipe" ref={box} style={{ '--at': `${at * 100}%` }} data-testid="plan-swipe">
      <div class="swipe-map" ref={host} aria-hidden="true" />
      <p class="swipe-label is-left">{plan.value?.plan.name}</p>
      <p class="swipe-label is-right">{t('plan.compare.inforce')}</p>
      <div
        class="swipe-line"
        role="slider"
        aria-label={t('plan.compare.move')}
        aria-orientation="horizontal"
        aria-valuemin={LOW * 100}
        aria-valuemax={HIGH * 100}
        aria-valuenow={Math.round(at * 100)}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onKeyDown={onKey}
        data-testid="plan-swipe-line"
      >
        <span aria-hidden="true">⇔</span>
      </div>
      <div class="swipe-end">
        <IconButton icon="close" label={t('compare.end')} onClick={() => (planCompare.value = null)} />
      </div>
    </div>
  )
}
