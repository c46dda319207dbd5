/** Two windows side by side: a line parts the map, its left the first window and its right the second. */
import { useEffect, useRef } from 'preact/hooks'
import { windowText } from '../domain/window'
import { lang, t, title } from '../i18n'
import { createBeside } from '../map/compare'
import { catalogue } from '../state/catalogue'
import { comparing, heatAsk } from '../state/heat'
import { heatLegend, legendBeside } from '../state/legend'
import { compare } from '../state/view'
import { FromTo } from './HeatLegend'
import { IconButton } from './Parts'

const LOW = 0.05
const HIGH = 0.95

function place(at: number): void {
  const now = compare.peek()
  if (now) compare.value = { ...now, at: Math.min(HIGH, Math.max(LOW, at)) }
}

function onKey(event: KeyboardEvent): void {
  const at = compare.peek()?.at ?? 0.5
  const step = event.shiftKey ? 0.1 : 0.02
  if (event.key === 'ArrowLeft') place(at - step)
  else if (event.key === 'ArrowRight') place(at + step)
  else if (event.key === 'Home') place(LOW)
  else if (event.key === 'End') place(HIGH)
  else return
  event.preventDefault()
}

export function Swipe() {
  const host = useRef<HTMLDivElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const city = catalogue.value
  useEffect(() => {
    if (!host.current || !city) return
    return createBeside(host.current, city)
  }, [])
  const second = comparing.value
  const at = second?.at ?? 0.5
  // Breaks are quantiles of what there is: none of them, nothing there.
  const empty = legendBeside.value !== null && legendBeside.value.breaks.length === 0
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
    <div class="swipe" ref={box} style={{ '--at': `${at * 100}%` }} data-testid="swipe">
      <div class="swipe-map" ref={host} aria-hidden="true" data-testid="swipe-map" />
      <p class="swipe-label is-left" data-testid="swipe-left">
        {title(heatLegend.value?.window) || windowText(heatAsk.value.window ?? '', lang.value)}
        <small>
          <FromTo legend={heatLegend.value} />
        </small>
      </p>
      <p class="swipe-label is-right" data-testid="swipe-right">
        {title(legendBeside.value?.window) || windowText(second?.window ?? '', lang.value)}
        <small>
          <FromTo legend={legendBeside.value} />
        </small>
        {empty && <em data-testid="swipe-empty">{t('compare.empty')}</em>}
      </p>
      <div
        class="swipe-line"
        role="slider"
        aria-label={t('compare.move')}
        aria-orientation="horizontal"
        aria-valuemin={LOW * 100}
        aria-valuemax={HIGH * 100}
        aria-valuenow={Math.round(at * 100)}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onKeyDown={onKey}
        data-testid="swipe-line"
      >
        <span aria-hidden="true">⇔</span>
      </div>
      <div class="swipe-end">
        <IconButton icon="close" label={t('compare.end')} onClick={() => (compare.value = null)} testid="swipe-end" />
      </div>
    </div>
  )
}
