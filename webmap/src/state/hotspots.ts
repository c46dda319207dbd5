/** Outlines of what is significantly hot or cold, following the heat that is asked for. */
import { computed, effect, signal } from '@preact/signals'
import { api, type HeatQuery } from '../api/client'
import type { Hotspots } from '../api/types'
import { paced } from '../domain/pace'
import { compareAsk, counted, heatAsk, heatVersion } from './heat'
import { camera, heat } from './view'

export interface HeldHotspots {
  found: Hotspots | null
  state: 'off' | 'loading' | 'ready' | 'failed'
  error: unknown
}
const NONE: HeldHotspots = { found: null, state: 'off', error: null }

export const hotspots = signal<HeldHotspots>(NONE)
/** Of the second window, where two are held against each other. */
export const hotspotsBeside = signal<HeldHotspots>(NONE)

/** The cells that are tested grow and shrink with the map, within what is worth testing. */
const zoom = computed(() => Math.min(14, Math.max(9, Math.floor(camera.value?.zoom ?? 12))))

/** The tests run over the whole lattice: asked at most this often, however many cases come in. */
const AGAIN_MS = 2000

function follow(into: typeof hotspots, ask: () => HeatQuery | null): () => void {
  let abort: AbortController | null = null
  let question = ''
  const load = () => {
    abort?.abort()
    const { surface, hot } = heat.peek()
    const query = ask()
    if (!surface || hot === 'off' || !query) return
    const mine = new AbortController()
    abort = mine
    api.hotspots(surface, query, hot, zoom.peek(), mine.signal).then(
      (found) => {
        if (!mine.signal.aborted) into.value = { found, state: 'ready', error: null }
      },
      (error: unknown) => {
        if (!mine.signal.aborted) into.value = { found: null, state: 'failed', error }
      },
    )
  }
  const again = paced(AGAIN_MS, load)
  let at = 0
  return effect(() => {
    const { surface, hot } = heat.value
    const query = counted.value ? ask() : null
    if (!surface || hot === 'off' || !query) {
      abort?.abort()
      question = ''
      into.value = NONE
      return
    }
    heatVersion(surface).value
    const next = JSON.stringify([surface, hot, query])
    const z = zoom.value
    if (next === question && z !== at) {
      at = z
      load()
      return
    }
    at = z
    if (next === question) {
      again.run()
      return
    }
    question = next
    // What stands belongs to another question; it goes at once rather than lie.
    into.value = { found: null, state: 'loading', error: null }
    again.stop()
    load()
  })
}

export function followHotspots(): void {
  follow(hotspots, () => heatAsk.value)
  follow(hotspotsBeside, () => compareAsk.value)
}
