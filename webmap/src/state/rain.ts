/** Rain now: the highest fresh reading of the city's gauges, never a zero that nobody measured. */
import { computed } from '@preact/signals'
import { AGE_LIMITS_S, secondsSince } from '../domain/age'
import { nowCoarse } from './clock'
import { stores } from './features'

export interface Rain {
  value: number
  unit: string
  gauges: number
}

export const rainNow = computed<Rain | null>(() => {
  const stale = AGE_LIMITS_S.sensor?.[1] ?? 3600
  let best: Rain | null = null
  let gauges = 0
  for (const { properties: p } of stores.sensor.all()) {
    if (p.kind !== 'rain_gauge' || typeof p.last_value !== 'number') continue
    const age = secondsSince(p.last_at as string | null, nowCoarse.value)
    if (age === null || age > stale) continue
    gauges++
    if (!best || p.last_value > best.value) best = { value: p.last_value, unit: String(p.last_unit ?? 'mm'), gauges }
  }
  return best ? { ...best, gauges } : null
})
