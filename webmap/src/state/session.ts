/** Who is signed in, and what they may do. */
import { computed, effect, signal } from '@preact/signals'
import { ApiError, api, sessionEnded } from '../api/client'
import type { Account } from '../api/types'
import type { Panel } from './view'

export type SessionState = 'unknown' | 'out' | 'in' | 'offline'

export const account = signal<Account | null>(null)
export const session = signal<SessionState>('unknown')
export const expired = signal(false)

export const role = computed(() => account.value?.role ?? 'viewer')

/** Whether a button is worth showing; the server decides again when it is pressed. */
const may = (right: Account['can'][number]) => computed(() => account.value?.can.includes(right) ?? false)
export const mayCommand = may('warnings.steer')
export const mayWorkCases = may('incidents.status')
export const maySeeAlerts = computed(() => (account.value?.can ?? []).some((right) => right.startsWith('alerts.')))
export const isTeam = computed(() => role.value === 'team')
export const mayCount = may('counts.exact')
export const mayOperate = may('quarantine')
export const maySeeLedger = may('ledger.see')
export const mayEditChannels = may('channels.edit')
export const mayEditRules = may('rules.edit')
export const mayEditRosters = may('rosters.edit')
export const mayEditFences = may('fences.edit')
export const mayDrill = may('drills')
export const mayHearAll = may('alerts.all')
export const maySeePlans = may('plans.see')
export const mayEditPlans = may('plans.edit')
export const mayApprovePlans = may('plans.approve')

/** Whether the rail has an entry for it: rosters and drills speak of all teams. */
export function maySee(name: Panel): boolean {
  if (name === 'deliveries') return maySeeLedger.value
  if (name === 'plan') return maySeePlans.value
  return (name !== 'rosters' && name !== 'drills') || mayHearAll.value
}

export async function resume(): Promise<void> {
  try {
    account.value = await api.me()
    session.value = 'in'
  } catch (error) {
    session.value = error instanceof ApiError ? 'out' : 'offline'
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  const who = await api.signIn(login, password)
  // Some doors answer the account itself, some only set the cookie.
  account.value = who?.role ? who : await api.me()
  sessionEnded.value = false
  expired.value = false
  session.value = 'in'
}

/** What has to be put away before another person may sit down here. */
export const beforeLeaving: (() => Promise<unknown>)[] = []

export async function signOut(): Promise<void> {
  try {
    await Promise.allSettled([api.signOut(), ...beforeLeaving.map((put) => put())])
  } finally {
    location.reload()
  }
}

effect(() => {
  if (!sessionEnded.value || session.peek() !== 'in') return
  expired.value = true
  account.value = null
  session.value = 'out'
})
