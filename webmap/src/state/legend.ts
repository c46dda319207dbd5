/** What the heat's colours mean at the zoom that is on screen: the door's breaks, used by map and legend alike. */
import { computed, effect, signal } from '@preact/signals'
import { api } from '../api/client'
import type { HeatLegend } from '../api/types'
import { camera, heat } from './view'

/** Heat tiles go no deeper than this; past it the last ones are drawn larger. */
export const HEAT_MAX_ZOOM = 16

const question = computed(() => {
  const { surface, category, window, smooth } = heat.value
  const z = Math.min(HEAT_MAX_ZOOM, Math.max(0, Math.floor(camera.value?.zoom ?? 12)))
  return surface ? JSON.stringify({ surface, category, window, smooth, z }) : null
})

export const heatLegend = signal<HeatLegend | null>(null)

export function followLegend(): void {
  let turn = 0
  effect(() => {
    const asked = question.value
    const mine = ++turn
    if (!asked) {
      heatLegend.value = null
      return
    }
    const { surface, z, ...ask } = JSON.parse(asked)
    api.heatLegend(surface, z, ask).then(
      (found) => {
        if (mine === turn) heatLegend.value = found
      },
      () => {
        // Ranks still colour the map; the legend then says low and high alone.
        if (mine === turn) heatLegend.value = null
      },
    )
  })
}
