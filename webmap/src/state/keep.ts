/** Signals that this browser remembers. */
import { effect, type Signal, signal } from '@preact/signals'

export function kept<T>(name: string, fallback: T, valid: (value: unknown) => value is T): Signal<T> {
  const key = `onemap.${name}`
  let first = fallback
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    if (valid(stored)) first = stored
  } catch {
    // Unreadable or forbidden storage: the default stands.
  }
  const kept = signal<T>(first)
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(kept.value))
    } catch {
      // Private windows keep nothing.
    }
  })
  return kept
}

export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'

export const isNumberIn =
  (min: number, max: number) =>
  (value: unknown): value is number =>
    typeof value === 'number' && value >= min && value <= max

export const isOneOf =
  <T extends string>(...allowed: readonly T[]) =>
  (value: unknown): value is T =>
    allowed.includes(value as T)
