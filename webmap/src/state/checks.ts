/** What a team has ticked off, alert by alert: on this device, through reloads and dead networks. */
import { kept } from './keep'

type Checks = Record<string, string[]>

const isChecks = (value: unknown): value is Checks =>
  typeof value === 'object' && value !== null && Object.values(value).every((list) => Array.isArray(list))

export const checks = kept<Checks>('checks', {}, isChecks)

const ALERTS_MAX = 50

export function toggleCheck(alert: string, line: string): void {
  const list = checks.peek()[alert] ?? []
  const next = list.includes(line) ? list.filter((item) => item !== line) : [...list, line]
  const { [alert]: _, ...others } = checks.peek()
  const rest = Object.entries(others).slice(-(ALERTS_MAX - 1))
  checks.value = { ...Object.fromEntries(rest), [alert]: next }
}
