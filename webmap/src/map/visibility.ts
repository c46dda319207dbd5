/** Which layers show: the catalogue's default, changed by what the person chose. */
import { layerSpec } from '../state/catalogue'
import { layerChoice } from '../state/view'

/** Only planners and patrol leaders look at these; they start hidden. */
const HIDDEN_AT_FIRST = new Set(['geofence', 'track'])
/** What was made of the elevation model lies over the base, and starts hidden. */
const PRODUCT = /^terrain_/

export function defaultVisible(layer: string): boolean {
  const hint = layerSpec(layer)?.style?.visible
  return typeof hint === 'boolean' ? hint : !HIDDEN_AT_FIRST.has(layer) && !PRODUCT.test(layer)
}

export function layerVisible(layer: string): boolean {
  return layerChoice.value[layer] ?? defaultVisible(layer)
}

export function toggleLayer(layer: string, on: boolean): void {
  const next = { ...layerChoice.value }
  if (on === defaultVisible(layer)) delete next[layer]
  else next[layer] = on
  layerChoice.value = next
}
