/** A panel that waits for a thing to be clicked on the map; until then a click selects nothing. */
import { signal } from '@preact/signals'

export interface Picked {
  layer: string
  key: string
  properties: Record<string, unknown>
}

export interface Picking {
  /** Layers of which something may be picked. */
  layers: readonly string[]
  take: (picked: Picked) => void
}

export const picking = signal<Picking | null>(null)

/** A page has the pointer on the map for itself: nothing of the house's own answers to it. */
export const handsOff = signal(false)
