/** Short messages at the foot of the page: what happened, what was kept, what to do next. */
import { signal } from '@preact/signals'
import { ApiError, OfflineError } from '../api/client'
import { half, t } from '../i18n'

export interface Toast {
  id: number
  text: string
  tone: 'info' | 'problem'
}

export const toasts = signal<Toast[]>([])
let last = 0

export function toast(text: string, tone: Toast['tone'] = 'info'): void {
  const id = ++last
  toasts.value = [...toasts.value.slice(-2), { id, text, tone }]
  setTimeout(() => dismiss(id), tone === 'problem' ? 9000 : 4000)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((item) => item.id !== id)
}

export function problemText(error: unknown): string {
  if (error instanceof OfflineError) return t('error.offline')
  if (error instanceof ApiError) {
    if (error.status === 403) return t('error.forbidden')
    return t('error.generic', { detail: half(error.message) })
  }
  return t('error.generic', { detail: error instanceof Error ? half(error.message) : String(error) })
}

/** Runs an action of a button; a failure is said, not thrown. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    toast(problemText(error), 'problem')
    return false
  }
}
