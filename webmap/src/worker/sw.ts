/**
 * Keeps a team's page alive through a dead network: the page itself, its last alerts, and the ground around them.
 *
 * The network always goes first for whatever can be old: a kept answer is given only when none comes, and says when it
 * was kept. Nothing that changes anything passes through here: that is the outbox's, which sends once.
 */
import {
  AHEAD_MAX,
  ASSETS_MAX,
  KEPT,
  kindOf,
  SPOTS_MAX,
  type Spot,
  TILES_MAX,
  tileNear,
  tilesAround,
  tooMany,
  usable,
} from './policy'

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface Worker {
  readonly location: Location
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void
  addEventListener(type: 'message', listener: (event: ExtendableEvent & { data: unknown }) => void): void
}

declare const __SHELL__: { version: string; files: string[] }

const worker = self as unknown as Worker
const shell = `onemap-shell-${__SHELL__.version}`
const ANSWERS = 'onemap-answers'
const TILES = 'onemap-tiles'
/** Where the spots of open alerts are kept: a worker forgets everything between two requests. */
const SPOTS = '/onemap-spots'
/** A page that has waited this long for the network is shown from what is kept. */
const PAGE_WAIT_MS = 4000

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(shell)
      .then((cache) => cache.addAll(__SHELL__.files))
      .then(() => worker.skipWaiting()),
  )
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names.filter((name) => name.startsWith('onemap-shell-') && name !== shell).map((old) => caches.delete(old)),
        ),
      )
      .then(() => worker.clients.claim()),
  )
})

worker.addEventListener('message', (event) => {
  const said = event.data as { spots?: Spot[]; clear?: boolean }
  if (said.clear) {
    event.waitUntil(caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name)))))
  } else if (said.spots) event.waitUntil(keepSpots(said.spots))
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  const kind = kindOf(request.method, url, worker.location.origin, request.mode === 'navigate')
  if (kind === 'page') event.respondWith(page(request))
  else if (kind === 'asset') event.respondWith(asset(request))
  else if (kind === 'answer') event.respondWith(answer(request))
  else if (kind === 'tile') event.respondWith(tile(request, url))
})

async function page(request: Request): Promise<Response> {
  const kept = await (await caches.open(shell)).match('/')
  if (!kept) return fetch(request)
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), PAGE_WAIT_MS))
  return Promise.race([fetch(request).catch(() => kept), late])
}

/** Named by their content: what is kept is what the server would send. */
async function asset(request: Request): Promise<Response> {
  const kept = await caches.match(request)
  if (kept) return kept
  const fresh = await fetch(request)
  if (fresh.ok) await keep(shell, request, fresh.clone(), __SHELL__.files.length + ASSETS_MAX)
  return fresh
}

async function answer(request: Request): Promise<Response> {
  let fresh: Response
  try {
    fresh = await fetch(request)
  } catch (error) {
    const kept = await (await caches.open(ANSWERS)).match(request)
    if (kept && usable(kept.headers.get(KEPT), Date.now())) return kept
    throw error
  }
  if (fresh.ok) {
    const headers = new Headers(fresh.headers)
    headers.set(KEPT, new Date().toISOString())
    headers.delete('content-encoding')
    headers.delete('content-length')
    const copy = new Response(await fresh.clone().blob(), { status: fresh.status, headers })
    await keep(ANSWERS, request, copy, 30)
  } else if (fresh.status === 401) {
    // Signed out: what was kept is no longer anybody's to read.
    await caches.delete(ANSWERS)
  }
  return fresh
}

async function tile(request: Request, url: URL): Promise<Response> {
  try {
    const fresh = await fetch(request)
    if (fresh.ok && tileNear(url.pathname, await spots())) await keep(TILES, request, fresh.clone(), TILES_MAX)
    return fresh
  } catch (error) {
    const kept = await (await caches.open(TILES)).match(request, { ignoreSearch: true })
    if (kept) return kept
    throw error
  }
}

async function keep(name: string, request: Request, answered: Response, max: number): Promise<void> {
  const cache = await caches.open(name)
  try {
    await cache.put(request, answered)
    for (const old of tooMany(await cache.keys(), max)) await cache.delete(old)
  } catch {
    // A full device keeps nothing more; the page goes on with the network.
  }
}

let known: Spot[] | null = null

async function spots(): Promise<Spot[]> {
  if (known) return known
  const kept = await (await caches.open(ANSWERS)).match(SPOTS)
  known = kept ? ((await kept.json()) as Spot[]) : []
  return known
}

async function keepSpots(given: Spot[]): Promise<void> {
  known = given.slice(0, SPOTS_MAX)
  const cache = await caches.open(ANSWERS)
  await cache.put(SPOTS, new Response(JSON.stringify(known), { headers: { 'content-type': 'application/json' } }))
  await fetchAround(known)
}

/** The ground of an alert before anybody has looked at it: the network may be gone by then. */
async function fetchAround(given: Spot[]): Promise<void> {
  const cache = await caches.open(TILES)
  const wanted = given.slice(0, AHEAD_MAX).flatMap((spot) => tilesAround(spot))
  for (let i = 0; i < wanted.length; i += 4) {
    try {
      await Promise.all(
        wanted.slice(i, i + 4).map(async (path) => {
          if (await cache.match(path)) return
          const fresh = await fetch(path)
          if (fresh.ok) await cache.put(path, fresh)
        }),
      )
    } catch {
      // No network: what is there is there.
      return
    }
  }
  for (const old of tooMany(await cache.keys(), TILES_MAX)) await cache.delete(old)
}
