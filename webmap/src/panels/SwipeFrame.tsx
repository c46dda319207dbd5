/** A line that parts the map: its left is the map itself, its right another one over it. Moved by pointer and keys. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Catalogue } from '../api/types'
import { t } from '../i18n'
import { catalogue } from '../state/catalogue'
import { IconButton } from './Parts'

const LOW = 0.05
const HIGH = 0.95

interface Props {
  /** Where the line stands, as a share of the width. */
  at: number
  label: string
  /** Builds the map on the right; what it answers frees it. */
  build: (container: HTMLElement, city: Catalogue) => () => void
  onMove: (at: number) => void
  onEnd: () => void
  left: ComponentChildren
  right: ComponentChildren
  /** Before the test ids, and a class of its own. */
  name?: string
}

export function SwipeFrame({ at, label, build, onMove, onEnd, left, right, name = '' }: Props) {
  const host = useRef<HTMLDivElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const city = catalogue.value
  useEffect(() => {
    if (!host.current || !city) return
    return build(host.current, city)
  }, [])
  const place = (to: number) => onMove(Math.min(HIGH, Math.max(LOW, to)))
  const onKey = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 0.1 : 0.02
    if (event.key === 'ArrowLeft') place(at - step)
    else if (event.key === 'ArrowRight') place(at + step)
    else if (event.key === 'Home') place(LOW)
    else if (event.key === 'End') place(HIGH)
    else return
    event.preventDefault()
  }
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
  const id = (part: string) => `${name}swipe${part}`
  return (
    <div class={`swipe ${name && `${name}swipe`}`} ref={box} style={{ '--at': `${at * 100}%` }} data-testid={id('')}>
      <div class="swipe-map" ref={host} aria-hidden="true" data-testid={id('-map')} />
      <div class="swipe-label is-left" data-testid={id('-left')}>
        {left}
      </div>
      <div class="swipe-label is-right" data-testid={id('-right')}>
        {right}
      </div>
      <div
        class="swipe-line"
        role="slider"
        aria-label={label}
        aria-orientation="horizontal"
        aria-valuemin={LOW * 100}
        aria-valuemax={HIGH * 100}
        aria-valuenow={Math.round(at * 100)}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onKeyDown={onKey}
        data-testid={id('-line')}
      >
        <span aria-hidden="true">⇔</span>
      </div>
      <div class="swipe-end">
        <IconButton icon="close" label={t('compare.end')} onClick={onEnd} testid={id('-end')} />
      </div>
    </div>
  )
}
