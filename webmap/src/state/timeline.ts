/** The last six hours at the foot of the map. */
import { signal } from '@preact/signals'
import { api } from '../api/client'
import type { Timeline } from '../api/types'

export const TIMELINE_HOURS = 6
export const timeline = signal<Timeline | null>(null)

export async function loadTimeline(): Promise<void> {
  timeline.value = await api.timeline(TIMELINE_HOURS)
}
