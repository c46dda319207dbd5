/** The live features of the city, by layer and key, kept fresh by the live stream; changes are told once a frame. */
import { type Signal, signal } from '@preact/signals'
import { api } from '../api/client'
import type { Change, MapFeature } from '../api/types'
import { Touched } from '../domain/touched'
import { layerSpec } from './catalogue'

/** Layers held whole in the browser, so that a change shows in the next frame. The rest are tiles. */
export const LIVE_LAYERS = ['sensor', 'incident', 'hazard', 'team', 'warning', 'mover'] as const
export type LiveLayer = (typeof LIVE_LAYERS)[number]

/** Only what is open is held: ninety days of closed cases are the tiles' business. */
const OPEN_ONLY: Partial<Record<LiveLayer, readonly string[]>> = {
  incident: ['status=reported', 'status=dispatched', 'status=on_site', 'status=resolved'],
  warning: ['state=active', 'state=confirmed'],
}

const CLOSED: Partial<Record<LiveLayer, (feature: MapFeature) => boolean>> = {
  incident: (feature) => feature.properties.status === 'closed',
  warning: (feature) => feature.properties.state === 'ended',
}

/** Runs `work` with the next frame, or soon when the page is hidden and has no frames. */
export function nextFrame(work: () => void): void {
  if (typeof document === 'undefined' || document.hidden) setTimeout(work, 50)
  else requestAnimationFrame(work)
}

/** A warning does not wait for a frame: on a slow screen that could be most of a second. */
const AT_ONCE: ReadonlySet<LiveLayer> = new Set(['warning', 'hazard'])

export class LayerStore {
  readonly features = new Map<string, MapFeature>()
  /** Counts told changes; read it to follow the layer. */
  readonly version: Signal<number> = signal(0)
  readonly loaded = signal(false)
  private pending = false
  private readonly touched = new Touched()

  constructor(readonly name: LiveLayer) {}

  apply(change: Change): void {
    this.touched.note(change.key)
    if (change.op === 'delete' || !change.feature) this.features.delete(change.key)
    else if (CLOSED[this.name]?.(change.feature)) this.features.delete(change.key)
    else this.features.set(change.key, change.feature)
    this.tell()
  }

  async load(): Promise<void> {
    // A layer that this role does not see is not asked for.
    if (!layerSpec(this.name)) return
    const meanwhile = this.touched.begin()
    try {
      const filters = OPEN_ONLY[this.name] ?? ['']
      const found: MapFeature[] = []
      for (const filter of filters) {
        const [name, value] = filter.split('=')
        found.push(...(await api.items(this.name, name && value ? { [name]: value } : {})))
      }
      const keep = new Set(found.map((feature) => feature.properties.key))
      for (const key of this.features.keys()) {
        if (!keep.has(key) && !meanwhile.has(key)) this.features.delete(key)
      }
      for (const feature of found) {
        if (!meanwhile.has(feature.properties.key)) this.features.set(feature.properties.key, feature)
      }
      this.loaded.value = true
    } finally {
      this.touched.end(meanwhile)
      this.tell()
    }
  }

  /** Features as of the last told change, in no order. */
  all(): MapFeature[] {
    this.version.value
    return [...this.features.values()]
  }

  get(key: string): MapFeature | undefined {
    this.version.value
    return this.features.get(key)
  }

  private tell(): void {
    if (this.pending) return
    this.pending = true
    const now = () => {
      this.pending = false
      this.version.value++
    }
    if (AT_ONCE.has(this.name)) queueMicrotask(now)
    else nextFrame(now)
  }
}

export const stores: Record<LiveLayer, LayerStore> = {
  sensor: new LayerStore('sensor'),
  incident: new LayerStore('incident'),
  hazard: new LayerStore('hazard'),
  team: new LayerStore('team'),
  warning: new LayerStore('warning'),
  mover: new LayerStore('mover'),
}

export function isLive(layer: string): layer is LiveLayer {
  return (LIVE_LAYERS as readonly string[]).includes(layer)
}
