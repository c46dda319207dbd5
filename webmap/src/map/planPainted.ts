/**
 * How long an edit takes from the hand to the screen: from the key or the button that asked for it until the frame in
 * which the plan stands as the server answered is drawn to its end. Kept as the browser's own measures, `plan.edit`,
 * for whoever looks.
 */
import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { planAnswered } from '../state/plan'
import { KEYED } from './planStyle'

export const EDIT_MEASURE = 'plan.edit'
/** The newest are kept. */
const KEPT = 200
const LOOK_MS = 4

/** What a hand asks for an edit with; one that came longer ago asked for something else. */
const HAND = ['pointerup', 'keydown', 'change'] as const
const HAND_MS = 1000

/** Asks whether all that was told to be drawn up to now has been: what the script has told, a screen does not show yet. */
function handedOver(map: MapLibre): () => boolean {
  const gl = map.getCanvas().getContext('webgl2')
  const fence = gl?.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
  if (!gl || !fence) return () => true
  gl.flush()
  return () => {
    const done = gl.isContextLost() || gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.SIGNALED
    if (done) gl.deleteSync(fence)
    return done
  }
}

export function followPainted(map: MapLibre): () => void {
  let hands: number[] = []
  const note = (event: Event) => {
    hands = [...hands.slice(-7), event.timeStamp]
  }
  const handBefore = (asked: number) => hands.findLast((at) => at <= asked && asked - at < HAND_MS) ?? asked
  for (const kind of HAND) addEventListener(kind, note, true)
  let looking: ReturnType<typeof setTimeout> | undefined
  let waiting: (() => void) | null = null
  const stop = () => {
    clearTimeout(looking)
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
      if (!KEYED.every((name) => map.isSourceLoaded(name))) return
      stop()
      const drawn = performance.now()
      const finished = handedOver(map)
      const look = () => {
        if (!finished()) {
          looking = setTimeout(look, LOOK_MS)
          return
        }
        const detail = { op, answered_ms: came - asked, drawn_ms: drawn - asked }
        performance.measure(EDIT_MEASURE, { start: asked, end: performance.now(), detail })
        const all = performance.getEntriesByName(EDIT_MEASURE, 'measure')
        if (all.length > KEPT) performance.clearMeasures(EDIT_MEASURE)
      }
      look()
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
