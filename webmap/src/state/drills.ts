/** Drills: what can be run, what runs, how it went. */
import { computed } from '@preact/signals'
import { type Drill, type Scenario, studio } from '../api/studio'
import { Held } from './studio'
import { studioPick } from './view'

export const scenarios = new Held<Scenario[]>(studio.scenarios)
export const drills = new Held<Drill[]>(studio.drills)

export const running = computed(() => drills.value.value?.find(({ state }) => state === 'running') ?? null)
export const pickedDrill = computed(() => drills.value.value?.find(({ key }) => key === studioPick.value) ?? null)
