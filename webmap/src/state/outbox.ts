/** Steps and reports made without a network: kept on the device, sent once when it returns. */
import { signal } from '@preact/signals'
import { api, OfflineError, send } from '../api/client'
import { t } from '../i18n'
import { loadAlerts, presume, takeAlert } from './alerts'
import { liveState } from './live'
import { problemText, toast } from './toast'

export type Step = 'acknowledge' | 'arrive' | 'resolve'
interface Entry {
  id: string
  alert: string
  step: Step | 'report'
  note?: string
  photo?: Blob
}

export const pending = signal(0)

const PRESUMED = { acknowledge: 'acknowledged', arrive: 'arrived', resolve: 'resolved' } as const

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('onemap', 1)
    request.onupgradeneeded = () => request.result.createObjectStore('outbox', { keyPath: 'id' })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function box<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open()
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(db.transaction('outbox', mode).objectStore('outbox'))
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  } finally {
    db.close()
  }
}

async function entries(): Promise<Entry[]> {
  const all = (await box('readonly', (store) => store.getAll())) as Entry[]
  return all.sort((a, b) => a.id.localeCompare(b.id))
}

async function deliver(entry: Entry): Promise<void> {
  if (entry.step !== 'report') {
    const alert = await api.alertStep(entry.alert, entry.step)
    if (alert?.id !== undefined) takeAlert(alert)
    return
  }
  const form = new FormData()
  form.set('note', entry.note ?? '')
  if (entry.photo) form.set('photo', entry.photo, entry.photo.type === 'image/png' ? 'photo.png' : 'photo.jpg')
  await send(`/alerts/${encodeURIComponent(entry.alert)}/report`, {
    method: 'POST',
    body: form,
    headers: { 'idempotency-key': entry.id },
  })
}

async function queue(entry: Entry): Promise<boolean> {
  try {
    await deliver(entry)
    return true
  } catch (error) {
    if (!(error instanceof OfflineError)) {
      toast(problemText(error), 'problem')
      await loadAlerts().catch(() => undefined)
      return false
    }
    await box('readwrite', (store) => store.put(entry))
    pending.value++
    toast(t('error.queued'), 'problem')
    return true
  }
}

/** Ordered by time so that an acknowledgement is sent before the arrival that followed it. */
function entryId(): string {
  return `${new Date().toISOString()}-${Math.random().toString(36).slice(2, 10)}`
}

export function takeStep(alert: string | number, step: Step): Promise<boolean> {
  presume(String(alert), PRESUMED[step])
  return queue({ id: entryId(), alert: String(alert), step })
}

export function sendReport(alert: string | number, note: string, photo: Blob | null): Promise<boolean> {
  return queue({ id: entryId(), alert: String(alert), step: 'report', note, ...(photo ? { photo } : {}) })
}

let flushing = false

export async function flush(): Promise<void> {
  if (flushing) return
  flushing = true
  try {
    for (const entry of await entries()) {
      try {
        await deliver(entry)
      } catch (error) {
        if (error instanceof OfflineError) return
        // The server refused it for good: say so rather than try for ever.
        toast(problemText(error), 'problem')
      }
      await box('readwrite', (store) => store.delete(entry.id))
    }
  } catch {
    // No storage on this device: nothing was queued either.
  } finally {
    flushing = false
    pending.value = (await entries().catch(() => [])).length
  }
}

export function startOutbox(): void {
  void flush()
  addEventListener('online', () => void flush())
  liveState.subscribe((state) => {
    if (state === 'open') void flush()
  })
}
