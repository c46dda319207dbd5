/** The live stream: opens, follows, says when it is lost, and comes back where it left off. */
import { signal } from '@preact/signals'
import { ApiError, noteServerDate, send } from '../api/client'
import { backoffS, EventParser, type ServerEvent } from '../api/sse'
import type { Alert, Change, Feed, HeatChange } from '../api/types'
import { paced } from '../domain/pace'
import { loadAlerts, noteAlert } from './alerts'
import { loadCalls, noteCalls } from './calls'
import { serverNow } from './clock'
import { loadDeliveries, noteLedger } from './deliveries'
import { isLive, LIVE_LAYERS, stores } from './features'
import { loadFeeds, noteFeed } from './feeds'
import { noteAllHeat, noteHeat } from './heat'
import { loadTimeline } from './timeline'
import { loadWarnings, noteWarningChange } from './warnings'

export type LiveState = 'connecting' | 'open' | 'lost'
export const liveState = signal<LiveState>('connecting')
/** Server time of the last sign of life; what the screen shows is at least as old. */
export const liveAt = signal<number | null>(null)

/** Told for every change of a layer that is drawn from tiles. */
type TileListener = (layer: string) => void
const tileListeners = new Set<TileListener>()
export function onTileChange(listener: TileListener): () => void {
  tileListeners.add(listener)
  return () => tileListeners.delete(listener)
}

/** Other events of the stream, for pages that are fetched when they are opened. */
type EventListener = (data: unknown) => void
const eventListeners = new Map<string, Set<EventListener>>()
export function onLiveEvent(name: string, listener: EventListener): () => void {
  const listeners = eventListeners.get(name) ?? new Set()
  eventListeners.set(name, listeners.add(listener))
  return () => listeners.delete(listener)
}

/** A heartbeat comes every 15 s: twice that without a byte is a dead line. */
const SILENCE_MS = 35_000

const alertsAgain = paced(1000, () => {
  loadAlerts().catch(() => {
    // The next change or reconnection asks again.
  })
})

let lastId: string | null = null
let running = false

function handle(event: ServerEvent): void {
  liveAt.value = serverNow()
  if (event.event === ':') return
  if (event.event === 'reset') {
    void loadAll()
    return
  }
  const data: unknown = JSON.parse(event.data)
  if (event.event === 'change') {
    const change = data as Change
    if (change.layer === 'warning') {
      noteWarningChange(change)
      // With its warning a call is over, and says so itself only when asked.
      if (!change.feature || change.feature.properties.state === 'ended') alertsAgain.run()
    }
    if (isLive(change.layer)) stores[change.layer].apply(change)
    for (const listener of tileListeners) listener(change.layer)
  } else if (event.event === 'alert') noteAlert(data as Alert)
  else if (event.event === 'feed') noteFeed(data as Feed)
  else if (event.event === 'heat') noteHeat((data as HeatChange).surface)
  else if (event.event === 'calls') noteCalls()
  else if (event.event === 'ledger') noteLedger()
  for (const listener of eventListeners.get(event.event) ?? []) listener(data)
}

async function follow(opened: () => void): Promise<void> {
  const abort = new AbortController()
  let watchdog = setTimeout(() => abort.abort(), SILENCE_MS)
  // The network is gone: no need to wait for the silence to tell.
  const cut = () => abort.abort()
  addEventListener('offline', cut)
  try {
    const headers: Record<string, string> = { accept: 'text/event-stream' }
    if (lastId) headers['last-event-id'] = lastId
    const response = await send('/live', { headers, signal: abort.signal, cache: 'no-store' })
    noteServerDate(response.headers)
    if (!response.body) return
    liveState.value = 'open'
    liveAt.value = serverNow()
    opened()
    const parser = new EventParser()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(watchdog)
      watchdog = setTimeout(() => abort.abort(), SILENCE_MS)
      for (const event of parser.push(value)) handle(event)
      lastId = parser.lastId ?? lastId
    }
  } finally {
    clearTimeout(watchdog)
    removeEventListener('offline', cut)
    abort.abort()
  }
}

/** Everything the stream keeps fresh, asked whole. */
export async function loadAll(): Promise<void> {
  noteAllHeat()
  const work = [
    ...LIVE_LAYERS.map((layer) => stores[layer].load()),
    loadWarnings(),
    loadAlerts(),
    loadFeeds(),
    loadTimeline(),
    loadCalls(),
    loadDeliveries(),
  ]
  // One door that fails must not empty what the others brought.
  await Promise.allSettled(work)
}

const wait = (seconds: number) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(done, seconds * 1000)
    function done() {
      clearTimeout(timer)
      removeEventListener('online', done)
      resolve()
    }
    // The network says it is back: no need to wait the rest.
    addEventListener('online', done)
  })

/** Follows until the session ends; called again after the next sign-in. */
export async function startLive(): Promise<void> {
  if (running) return
  running = true
  let attempt = 0
  let loaded = false
  // Another account sees other things: nothing is resumed over a sign-in.
  lastId = null
  liveState.value = 'connecting'
  for (;;) {
    try {
      await follow(() => {
        attempt = 0
        // Without an id to resume from, what happened meanwhile is unknown: ask for everything.
        if (!loaded || !lastId) void loadAll()
        else
          void Promise.allSettled([
            loadWarnings(),
            loadAlerts(),
            loadFeeds(),
            loadTimeline(),
            loadCalls(),
            loadDeliveries(),
          ])
        loaded = true
      })
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) break
      if (error instanceof ApiError && error.status === 410) lastId = null
    }
    liveState.value = 'lost'
    if (!loaded) {
      loaded = true
      void loadAll()
    }
    await wait(backoffS(attempt++))
  }
  running = false
}
