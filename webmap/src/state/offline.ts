/** A team's device keeps what it needs without a network; nobody else's does, and nothing is left after sign-out. */
import { effect } from '@preact/signals'
import { api } from '../api/client'
import { openAlerts } from './alerts'
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
