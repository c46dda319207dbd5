/** An area that a person is drawing: its corners so far, and who waits for it. */
import { signal } from '@preact/signals'

export type Corner = readonly [lon: number, lat: number]

/** Null while nobody draws. */
export const corners = signal<readonly Corner[] | null>(null)
let waiting: ((ring: readonly Corner[]) => void) | null = null

export function beginDrawing(done: (ring: readonly Corner[]) => void): void {
  waiting = done
  corners.value = []
}

export function placeCorner(corner: Corner): void {
  const ring = corners.value
  if (!ring) return
  corners.value = [...ring, [Number(corner[0].toFixed(5)), Number(corner[1].toFixed(5))]]
}

export function dropCorner(): void {
  corners.value = corners.value?.slice(0, -1) ?? null
}

export function leaveDrawing(): void {
  waiting = null
  corners.value = null
}

/** Closes the ring; of fewer than three corners no area can be made, and drawing goes on. */
export function endDrawing(): void {
  const ring = corners.value
  if (!ring || ring.length < 3) return
  waiting?.(ring)
  leaveDrawing()
}
