/** Who is signed in, and what they may do. */
import { computed, effect, signal } from '@preact/signals'
import { ApiError, api, sessionEnded } from '../api/client'
import type { Account } from '../api/types'

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

export async function signOut(): Promise<void> {
  try {
    await api.signOut()
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
