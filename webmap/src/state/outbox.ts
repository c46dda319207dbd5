/** Steps and reports of a team: kept on the device before they are sent, sent once, in order, when the network is there. */
import { effect, signal } from '@preact/signals'
import { type AlertStep, ApiError, OfflineError, send } from '../api/client'
import { type Entry, type Flushed, type Keeping, Outbox, type Outcome, presumedStates } from '../domain/outbox'
import { t } from '../i18n'
import { loadAlerts, presumed, takeAlert } from './alerts'
import { liveState } from './live'
import { account } from './session'
import { problemText, toast } from './toast'

export type Step = AlertStep

/** What waits on this device, oldest first; refused entries stay until a person has seen why. */
export const waiting = signal<Entry[]>([])
/** Alerts that this device has reported on. */
export const reported = signal<ReadonlySet<string>>(new Set())

const REPORTED = 'onemap.reported'

function openBox(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('onemap', 1)
    request.onupgradeneeded = () => request.result.createObjectStore('outbox', { keyPath: 'id' })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function box<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await openBox()
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = db.transaction('outbox', mode)
      const request = work(transaction.objectStore('outbox'))
      // Kept is kept only once the transaction is through.
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = () => reject(transaction.error)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    db.close()
  }
}

/** On a device without storage entries live as long as the page. */
const held = new Map<string, Entry>()

const keeping: Keeping = {
  async all() {
    const kept = await box<Entry[]>('readonly', (store) => store.getAll()).catch(() => [])
    // Entries of an older page have no owner: they are of whoever is signed in here.
    const owner = account.peek()?.login ?? ''
    return [...kept, ...held.values()].map((entry) => ({ ...entry, owner: entry.owner ?? owner }))
  },
  async put(entry) {
    try {
      await box('readwrite', (store) => store.put(entry))
      held.delete(entry.id)
    } catch {
      held.set(entry.id, entry)
    }
  },
  async drop(id) {
    held.delete(id)
    await box('readwrite', (store) => store.delete(id)).catch(() => undefined)
  },
}

const LIMIT_MS = 20_000
const PHOTO_LIMIT_MS = 120_000

async function deliver(entry: Entry): Promise<void> {
  const init: RequestInit = { method: 'POST', headers: { 'idempotency-key': entry.id } }
  if (entry.step === 'report') {
    const form = new FormData()
    form.set('note', entry.note ?? '')
    if (entry.photo) form.set('photo', entry.photo, entry.photo.type === 'image/png' ? 'photo.png' : 'photo.jpg')
    init.body = form
  }
  // A network that is there but does not answer is none: what waits behind this must not wait for ever.
  init.signal = AbortSignal.timeout(entry.photo ? PHOTO_LIMIT_MS : LIMIT_MS)
  const response = await send(`/alerts/${encodeURIComponent(entry.alert)}/${entry.step}`, init)
  const alert = await response.json()
  if (alert?.id !== undefined) takeAlert(alert)
}

/** A server that is busy, starting or asks for a sign-in has not refused: only a plain no is one. */
const FOR_GOOD = new Set([400, 403, 404, 409, 410, 413, 415, 422])

async function attempt(entry: Entry): Promise<Outcome> {
  try {
    await deliver(entry)
    return { kind: 'sent' }
  } catch (error) {
    if (error instanceof ApiError && FOR_GOOD.has(error.status)) return { kind: 'refused', reason: problemText(error) }
    if (error instanceof ApiError || error instanceof OfflineError) return { kind: 'later' }
    return { kind: 'refused', reason: problemText(error) }
  }
}

const outbox = new Outbox(keeping, attempt)

/** One page of this device sends at a time. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work()
  return (await navigator.locks.request('onemap.outbox', work)) as T
}

const owner = () => account.peek()?.login ?? ''

async function show(): Promise<void> {
  waiting.value = owner() ? await outbox.entries(owner()) : []
}

let retry: ReturnType<typeof setTimeout> | null = null
const RETRY_MS = 10_000

async function told(flushed: Flushed): Promise<void> {
  for (const entry of flushed.refused) toast(entry.refused ?? '', 'problem')
  if (flushed.refused.length) await loadAlerts().catch(() => undefined)
  await show()
  if (retry) clearTimeout(retry)
  // The browser may never notice that the network is back; asking is cheap.
  retry = flushed.waiting > 0 ? setTimeout(() => void flush(), RETRY_MS) : null
}

export async function flush(): Promise<void> {
  if (!owner()) return
  await told(await alone(() => outbox.flush(owner())))
}

let turn = 0

/** Ordered by time so that an acknowledgement is sent before the arrival that followed it. */
function entryId(): string {
  return `${new Date().toISOString()}-${String(++turn).padStart(4, '0')}-${Math.random().toString(36).slice(2, 8)}`
}

/** True once it is sent or safely kept; false when the server will not have it. */
async function add(entry: Omit<Entry, 'id' | 'owner' | 'at'>): Promise<boolean> {
  const full: Entry = { ...entry, id: entryId(), owner: owner(), at: new Date().toISOString() }
  await keeping.put(full)
  await show()
  const flushed = await alone(() => outbox.add(full))
  await told(flushed)
  if (flushed.waiting > 0) toast(t('error.queued'), 'problem')
  return !flushed.refused.some(({ id }) => id === full.id)
}

export function takeStep(alert: string | number, step: Step): Promise<boolean> {
  return add({ alert: String(alert), step })
}

export async function sendReport(alert: string | number, note: string, photo: Blob | null): Promise<boolean> {
  const taken = await add({ alert: String(alert), step: 'report', note, ...(photo ? { photo } : {}) })
  if (taken) {
    reported.value = new Set([...reported.peek(), String(alert)])
    try {
      localStorage.setItem(REPORTED, JSON.stringify([...reported.peek()].slice(-200)))
    } catch {
      // The thumb asks for a report once more: no harm.
    }
  }
  return taken
}

/** A person has seen why an entry was refused. */
export async function dismissEntry(id: string): Promise<void> {
  await keeping.drop(id)
  await show()
}

export function startOutbox(): void {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(REPORTED) ?? '[]')
    if (Array.isArray(kept)) reported.value = new Set(kept.map(String))
  } catch {
    // Unreadable: as if nothing was reported yet.
  }
  effect(() => {
    presumed.value = presumedStates(waiting.value)
  })
  effect(() => {
    if (account.value) void flush()
  })
  addEventListener('online', () => void flush())
  liveState.subscribe((state) => {
    if (state === 'open') void flush()
  })
}
