/**
 * How long an edit takes from the hand to the screen: from the key or the button that asked for it to the frame in
 * which the plan stands as the server answered. Kept as the browser's own measures, `plan.edit`, for whoever looks.
 */
import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { planAnswered } from '../state/plan'
import type { PlanSource } from './planStyle'

export const EDIT_MEASURE = 'plan.edit'
/** The newest are kept. */
const KEPT = 200
const DRAWN: readonly PlanSource[] = ['plan-grids', 'plan-arcs', 'plan-labels']

/** What a hand asks for an edit with; one that came longer ago asked for something else. */
const HAND = ['pointerup', 'keydown', 'change'] as const
const HAND_MS = 1000

export function followPainted(map: MapLibre): () => void {
  let hands: number[] = []
  const note = (event: Event) => {
    hands = [...hands.slice(-7), event.timeStamp]
  }
  const handBefore = (asked: number) => hands.findLast((at) => at <= asked && asked - at < HAND_MS) ?? asked
  for (const kind of HAND) addEventListener(kind, note, true)
  let frame = 0
  let waiting: (() => void) | null = null
  const stop = () => {
    cancelAnimationFrame(frame)
    if (waiting) map.off('render', waiting)
    waiting = null
  }
  const end = effect(() => {
    const answered = planAnswered.value
    stop()
    if (!answered) return
    const { op, came } = answered
    const asked = handBefore(answered.asked)
    waiting = () => {
      if (!DRAWN.every((name) => map.isSourceLoaded(name))) return
      stop()
      const drawn = performance.now()
      // The next frame begins when this one has been handed over.
      frame = requestAnimationFrame((start) => {
        const detail = { op, answered_ms: came - asked, drawn_ms: drawn - asked }
        performance.measure(EDIT_MEASURE, { start: asked, end: Math.max(start, drawn), detail })
        const all = performance.getEntriesByName(EDIT_MEASURE, 'measure')
        if (all.length > KEPT) performance.clearMeasures(EDIT_MEASURE)
      })
    }
    map.on('render', waiting)
    map.triggerRepaint()
  })
  return () => {
    for (const kind of HAND) removeEventListener(kind, note, true)
    end()
    stop()
  }
}
