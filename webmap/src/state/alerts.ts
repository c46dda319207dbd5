/** Alerts: a team's own work, or for command every team's answer. */
import { computed, signal } from '@preact/signals'
import { api } from '../api/client'
import type { Alert } from '../api/types'
import { merged, Touched } from '../domain/touched'
import { maySeeAlerts } from './session'
import { refreshWarningsSoon } from './warnings'

/** Alerts as the server last said them. */
export const held = signal<Map<string, Alert>>(new Map())
/** Whether they were ever asked for with success. */
export const alertsLoaded = signal(false)

const RANK: Record<Alert['state'], number> = { queued: 0, delivered: 1, acknowledged: 2, arrived: 3, resolved: 4 }

function worstFirst(a: Alert, b: Alert): number {
  return a.level - b.level || RANK[a.state] - RANK[b.state] || b.created_at.localeCompare(a.created_at)
}

/** Where alerts stand once what waits on this device has been sent. */
export const presumed = signal<ReadonlyMap<string, 'acknowledged' | 'arrived' | 'resolved'>>(new Map())

function asPresumed(alert: Alert): Alert {
  const state = presumed.value.get(String(alert.id))
  return state && RANK[state] > RANK[alert.state] ? { ...alert, state } : alert
}

export const alerts = computed(() => [...held.value.values()].map(asPresumed).sort(worstFirst))
/** What a team still has to do: its newest call of each warning that is not over. */
export const openAlerts = computed(() =>
  latestByTeam(alerts.value).filter((alert) => alert.state !== 'resolved' && alert.warning_state !== 'ended'),
)

/** A warning that grows calls its teams anew: what a team does about its newest alert is its answer. */
export function latestByTeam(list: readonly Alert[]): Alert[] {
  const newest = new Map<string, Alert>()
  for (const alert of list) {
    const own = `${alert.warning_key} ${alert.team_key}`
    const known = newest.get(own)
    if (!known || Number(alert.id) > Number(known.id)) newest.set(own, alert)
  }
  return [...newest.values()]
}

/** How many of a warning's teams have answered, where alerts may be seen. */
export const answered = computed(() => {
  const counts = new Map<string, { done: number; all: number }>()
  for (const alert of latestByTeam(alerts.value)) {
    const known = counts.get(alert.warning_key) ?? { done: 0, all: 0 }
    counts.set(alert.warning_key, { done: known.done + (alert.acknowledged_at ? 1 : 0), all: known.all + 1 })
  }
  return counts
})

/** Alerts no team has answered, of warnings in force: the longest waiting first within a level. */
export const silent = computed(() =>
  latestByTeam(alerts.value)
    .filter((alert) => alert.warning_state !== 'ended' && (alert.state === 'queued' || alert.state === 'delivered'))
    .sort((a, b) => a.level - b.level || a.created_at.localeCompare(b.created_at)),
)

/** The same by team: its worst call, and how many more it has not answered. */
export const silentTeams = computed(() => {
  const teams = new Map<string, { worst: Alert; more: number }>()
  for (const alert of silent.value) {
    const known = teams.get(alert.team_key)
    if (known) known.more++
    else teams.set(alert.team_key, { worst: alert, more: 0 })
  }
  return [...teams.values()]
})

const touched = new Touched()

export function takeAlert(alert: Alert): void {
  touched.note(String(alert.id))
  const next = new Map(held.value)
  next.set(String(alert.id), alert)
  held.value = next
}

export function noteAlert(alert: Alert): void {
  takeAlert(alert)
  refreshWarningsSoon()
}

export async function loadAlerts(): Promise<void> {
  // A role without alerts is not refused for asking: it does not ask.
  if (!maySeeAlerts.peek()) return
  const meanwhile = touched.begin()
  try {
    const list = await api.alerts()
    held.value = merged(new Map(list.map((alert) => [String(alert.id), alert])), held.value, meanwhile)
    alertsLoaded.value = true
  } finally {
    touched.end(meanwhile)
  }
}
