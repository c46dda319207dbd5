/** Which layers show: the catalogue's default, changed by what the person chose. */
import { signal } from '@preact/signals'
import { layerSpec } from '../state/catalogue'
import { layerChoice } from '../state/view'

/** Looked at by those whose work they are, or too many for a map at rest; they start hidden. */
const HIDDEN_AT_FIRST = new Set(['geofence', 'track', 'part'])
/** What was made of the elevation model lies over the base, and starts hidden. */
const PRODUCT = /^terrain_/

export function defaultVisible(layer: string): boolean {
  const hint = layerSpec(layer)?.style?.visible
  return typeof hint === 'boolean' ? hint : !HIDDEN_AT_FIRST.has(layer) && !PRODUCT.test(layer)
}

/** Put aside by a page that needs the map calm, whatever was chosen; the choice stands for later. */
export const aside = signal<ReadonlySet<string>>(new Set())

export function layerVisible(layer: string): boolean {
  if (aside.value.has(layer)) return false
  return layerChoice.value[layer] ?? defaultVisible(layer)
}

export function toggleLayer(layer: string, on: boolean): void {
  const next = { ...layerChoice.value }
  if (on === defaultVisible(layer)) delete next[layer]
  else next[layer] = on
  layerChoice.value = next
}
