/** Call and confirm: who of the city has not been reached, and the grids to paint. */
import { computed, effect, signal } from '@preact/signals'
import { ApiError, api } from '../api/client'
import type { Board, Ladder, PaintedGrid } from '../api/types'
import { paced } from '../domain/pace'
import { account, mayHearAll } from './session'
import { refreshWarningsSoon, warnings } from './warnings'

export const board = signal<Board | null>(null)
export const callGrids = signal<PaintedGrid[]>([])
/** Counts what may have changed a ladder. */
export const ladderVersion = signal(0)

/** Whether a door is not there: it says so itself, and the panel stays calm about it. */
export function notAvailable(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 503 || error.status === 501)
}

export async function loadCalls(): Promise<void> {
  // Only who hears all alerts may ask who is called.
  if (!mayHearAll.peek()) return
  const [stand, grids] = await Promise.allSettled([api.board(), api.callGrids()])
  if (stand.status === 'fulfilled') board.value = stand.value
  else if (notAvailable(stand.reason)) board.value = null
  if (grids.status === 'fulfilled') callGrids.value = grids.value.features
  else if (notAvailable(grids.reason)) callGrids.value = []
}

const again = paced(1000, () => void loadCalls())

/** A ladder moved: the paint and the open panel follow, and the list's own figures. */
export function noteCalls(): void {
  again.run()
  ladderVersion.value++
  refreshWarningsSoon()
}

/** Where ladders stand, as the warnings themselves say it; what this changes is asked for again. */
const standing = computed(() =>
  warnings.value.map(({ key, calling, residents_waiting }) => `${key} ${calling} ${residents_waiting}`).join('\n'),
)

export function followCalls(): void {
  effect(() => {
    standing.value
    if (!account.peek()) return
    again.run()
    ladderVersion.value = ladderVersion.peek() + 1
  })
}

/** People of real warnings whom nobody has reached yet; the board counts each grid once, the list is the next best. */
export const notReached = computed<{ people: number | null; unanswered: number }>(() => {
  const real = warnings.value.filter((warning) => !warning.drill)
  const unanswered = real.filter((warning) => warning.calling === 'unanswered').length
  const said = board.value
  const open = real.some(({ calling }) => calling === 'calling' || calling === 'waiting' || calling === 'unanswered')
  if (!open) return { people: null, unanswered: 0 }
  if (said) return { people: said.residents_waiting, unanswered: Math.max(said.unanswered, unanswered) }
  const known = real.map((warning) => warning.residents_waiting).filter((value) => value !== null)
  return { people: known.length ? known.reduce((sum, value) => sum + value, 0) : null, unanswered }
})

export function ladderOf(key: string): Promise<Ladder> {
  return api.ladder(key)
}
