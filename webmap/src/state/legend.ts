/** What the heat's colours mean at the zoom that is on screen: the door's breaks, used by map and legend alike. */
import { computed, effect, signal } from '@preact/signals'
import { api } from '../api/client'
import type { HeatLegend } from '../api/types'
import { compareAsk, heatAsk, heatVersion } from './heat'
import { camera, heat } from './view'

/** Heat tiles go no deeper than this; past it the last ones are drawn larger. */
export const HEAT_MAX_ZOOM = 16

const zoom = computed(() => Math.min(HEAT_MAX_ZOOM, Math.max(0, Math.floor(camera.value?.zoom ?? 12))))
const question = computed(() => {
  const { surface } = heat.value
  return surface ? JSON.stringify({ surface, ask: heatAsk.value, z: zoom.value }) : null
})
const questionBeside = computed(() => {
  const { surface } = heat.value
  const ask = compareAsk.value
  return surface && ask ? JSON.stringify({ surface, ask, z: zoom.value }) : null
})

export const heatLegend = signal<HeatLegend | null>(null)
/** Of the second window: only its hours are said, the colours are the first one's. */
export const legendBeside = signal<HeatLegend | null>(null)

function follow(into: typeof heatLegend, question: { value: string | null }): void {
  let turn = 0
  effect(() => {
    const asked = question.value
    const mine = ++turn
    if (!asked) {
      into.value = null
      return
    }
    const { surface, z, ask } = JSON.parse(asked)
    heatVersion(surface).value
    api.heatLegend(surface, z, ask).then(
      (found) => {
        if (mine === turn) into.value = found
      },
      () => {
        // Ranks still colour the map; the legend then says low and high alone.
        if (mine === turn) into.value = null
      },
    )
  })
}

export function followLegend(): void {
  follow(heatLegend, question)
  follow(legendBeside, questionBeside)
}
