/** The time of the map: the server's, ticking once a second. */
import { computed, signal } from '@preact/signals'
import { clockOffsetMs } from '../api/client'

const local = signal(Date.now())

/** Aligned to the second so that every clock on the page changes at once. */
function tick(): void {
  local.value = Date.now()
  setTimeout(tick, 1000 - (Date.now() % 1000) + 5)
}

export function startClock(): void {
  tick()
}

/** Server time in milliseconds, once a second. */
export const now = computed(() => local.value + clockOffsetMs.value)

/** The same every ten seconds, for what is dear to redraw. */
export const nowCoarse = computed(() => Math.floor(now.value / 10_000) * 10_000)

export function serverNow(): number {
  return Date.now() + clockOffsetMs.value
}
