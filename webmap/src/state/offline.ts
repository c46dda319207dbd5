/** A team's device keeps what it needs without a network; nobody else's does, and nothing is left after sign-out. */
import { effect } from '@preact/signals'
import { api, itemsPath, KEPT, keptAt } from '../api/client'
import { alertsLoaded, held, openAlerts } from './alerts'
import { serverNow } from './clock'
import { stores } from './features'
import { loadAll } from './live'
import { ownPlace } from './own'
import { account, beforeLeaving, isTeam } from './session'

const SCRIPT = '/sw.js'

let started = false

export function startOffline(): void {
  if (started || import.meta.env.DEV || !('serviceWorker' in navigator)) return
  started = true
  effect(() => {
    if (isTeam.value) {
      navigator.serviceWorker.register(SCRIPT).catch(() => {
        // A browser that forbids it (private, no TLS) works with the network alone.
      })
    } else if (account.value) void forgetOffline()
  })
  // What was asked before the worker took over is asked once more, so that it is kept.
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (!isTeam.peek()) return
    void Promise.allSettled([api.me(), api.catalogue(), loadAll()])
  })
  beforeLeaving.push(forgetOffline)
  followLatest()
  let said = ''
  effect(() => {
    if (!isTeam.value) return
    const spots = openAlerts.value.flatMap(({ lon, lat }) => (lon === null || lat === null ? [] : [{ lon, lat }]))
    // Where the team stands matters as much, but it moves: to half a kilometre is near enough.
    const here = ownPlace.value
    if (here && spots.length) spots.push({ lon: Math.round(here[0] * 200) / 200, lat: Math.round(here[1] * 200) / 200 })
    const text = JSON.stringify(spots)
    if (text === said) return
    said = text
    void navigator.serviceWorker.ready.then(({ active }) => active?.postMessage({ spots }))
  })
}

/**
 * What the live stream said last stands where the worker keeps answers, so that a page that is opened anew without a
 * network starts from it and not from what was asked minutes ago.
 */
async function keepLatest(path: string, body: unknown): Promise<void> {
  // What is itself only kept grows no younger by being written again.
  if (keptAt.peek() !== null) return
  const headers = { 'content-type': 'application/json', [KEPT]: new Date(serverNow()).toISOString() }
  try {
    const cache = await caches.open('onemap-answers')
    await cache.put(path, new Response(JSON.stringify(body), { headers }))
  } catch {
    // A device that keeps nothing works with the network alone.
  }
}

function followLatest(): void {
  effect(() => {
    const list = [...held.value.values()]
    if (isTeam.value && alertsLoaded.value) void keepLatest('/alerts', list)
  })
  effect(() => {
    const zones = stores.warning.all()
    if (!isTeam.value || !stores.warning.loaded.value) return
    for (const state of ['active', 'confirmed']) {
      const features = zones.filter(({ properties: p }) => p.state === state)
      void keepLatest(itemsPath('warning', { state }), { type: 'FeatureCollection', features })
    }
  })
}

/** Takes away everything that was kept: the next person on this device starts from nothing. */
export async function forgetOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  try {
    const known = await navigator.serviceWorker.getRegistrations()
    await Promise.all(known.map((one) => one.unregister()))
    const names = await caches.keys()
    await Promise.all(names.filter((name) => name.startsWith('onemap-')).map((name) => caches.delete(name)))
  } catch {
    // Nothing could be kept there either.
  }
}
