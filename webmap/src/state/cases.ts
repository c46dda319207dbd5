/** Open cases with their 1011 clocks, the most urgent first. */
import { computed } from '@preact/signals'
import type { MapFeature } from '../api/types'
import { byUrgency, type CaseClock, caseClock } from '../domain/clocks'
import { now } from './clock'
import { stores } from './features'

export interface OpenCase {
  feature: MapFeature
  clock: CaseClock | null
}

/** Cases in the order of their deadlines; those without a clock stand last. */
export const openCases = computed<OpenCase[]>(() => {
  const at = now.value
  return stores.incident
    .all()
    .map((feature) => ({ feature, clock: caseClock(feature.properties, at) }))
    .sort((a, b) => {
      if (a.clock && b.clock) return byUrgency(a.clock, b.clock)
      return a.clock ? -1 : b.clock ? 1 : 0
    })
})

export const lateCases = computed(() => openCases.value.filter((item) => item.clock?.tone === 'late'))
