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

export const lateCases = computed(() =>
  openCases.value.filter(({ clock }) => clock?.tone === 'late' && clock.phase !== 'follow_up'),
)

/** What someone must act on: late ones, then those nobody was sent to, then the rest as they fall due; follow-ups wait. */
export const urgentCases = computed(() => {
  const rank = ({ clock }: OpenCase) => (clock?.tone === 'late' ? 0 : clock ? 2 : 1)
  return openCases.value
    .filter(({ feature, clock }) => (clock ? clock.phase !== 'follow_up' : feature.properties.status === 'reported'))
    .sort((a, b) => rank(a) - rank(b))
})
