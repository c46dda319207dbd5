/**
 * Keeps a team's page alive through a dead network: the page itself, its last alerts, and the ground around them.
 *
 * The network always goes first for whatever can be old: a kept answer is given only when none comes, and says when it
 * was kept. Nothing that changes anything passes through here: that is the outbox's, which sends once.
 */
import {
  AHEAD_MAX,
  ANSWERS_MAX,
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

/** Which build of the page this worker keeps; written in when it is built. */
const built = __SHELL__

const worker = self as unknown as Worker
const shell = `onemap-shell-${built.version}`
const ANSWERS = 'onemap-answers'
const TILES = 'onemap-tiles'
const PARTS = 'onemap-parts'
/** One device, one account at a time: an address has one answer, whatever headers asked for it. */
const AS_KEPT = { ignoreVary: true }
/** Where the spots of open alerts are kept: a worker forgets everything between two requests. */
const SPOTS = '/onemap-spots'
/** A page that has waited this long for the network is shown from what is kept. */
const PAGE_WAIT_MS = 4000
/** A network that is there but does not answer is none. */
const ANSWER_WAIT_MS = 8000

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(shell)
      .then((cache) => cache.addAll(built.files))
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
  const kept = await (await caches.open(shell)).match('/', AS_KEPT)
  if (!kept) return fetch(request)
  return Promise.race([fetch(request).catch(() => kept), wait(PAGE_WAIT_MS).then(() => kept)])
}

/** Named by their content: what is kept is what the server would send. */
async function asset(request: Request): Promise<Response> {
  const kept = await caches.match(request, AS_KEPT)
  if (kept) return kept
  const fresh = await fetch(request)
  // Parts that are fetched when they are opened; the page's own files are in the shell and stay.
  if (fresh.ok) await keep(PARTS, request, fresh.clone(), ASSETS_MAX)
  return fresh
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The network's word; where there is none, or none in time, the last one, which says when it was kept. */
async function answer(request: Request): Promise<Response> {
  const fresh = fetch(request).then((came) => keepAnswer(request, came))
  const kept = await (await caches.open(ANSWERS)).match(request, AS_KEPT)
  if (!kept || !usable(kept.headers.get(KEPT), Date.now())) return fresh
  return Promise.race([fresh.catch(() => kept), wait(ANSWER_WAIT_MS).then(() => kept)])
}

async function keepAnswer(request: Request, fresh: Response): Promise<Response> {
  if (fresh.ok) {
    const headers = new Headers(fresh.headers)
    headers.set(KEPT, new Date().toISOString())
    headers.delete('content-encoding')
    headers.delete('content-length')
    await keep(ANSWERS, request, new Response(await fresh.clone().blob(), { headers }), ANSWERS_MAX)
  } else if (fresh.status === 401) {
    // Signed out: what was kept is no longer anybody's to read.
    await caches.delete(ANSWERS)
    known = null
  }
  return fresh
}

async function tile(request: Request, url: URL): Promise<Response> {
  try {
    const fresh = await fetch(request)
    if (fresh.ok && tileNear(url.pathname, await spots())) await keep(TILES, request, fresh.clone(), TILES_MAX)
    return fresh
  } catch (error) {
    const kept = await (await caches.open(TILES)).match(request, { ...AS_KEPT, ignoreSearch: true })
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
          if (await cache.match(path, AS_KEPT)) return
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
