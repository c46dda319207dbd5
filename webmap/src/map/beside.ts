/** A second map over the first: the same place, whatever is asked of it drawn there, and nothing to click on. */
import { effect, type ReadonlySignal } from '@preact/signals'
import { Map as MapLibre, type StyleSpecification } from 'maplibre-gl'
import { theMap } from './map'
import { applyStyle } from './style'
import { serveSymbols } from './symbols'

/**
 * Builds it and keeps it where the first map is and in the style that is wanted. `follow` is called once it can be
 * drawn on, with what ends it in its answer. What comes back frees its tiles, workers and drawing context again.
 */
export function createBesideMap(
  container: HTMLElement,
  style: ReadonlySignal<StyleSpecification>,
  follow: (live: MapLibre) => (() => void)[],
): () => void {
  const first = theMap()
  if (!first) return () => {}
  let applied = style.peek()
  const place = () => ({
    center: first.getCenter(),
    zoom: first.getZoom(),
    bearing: first.getBearing(),
    pitch: first.getPitch(),
  })
  const live = new MapLibre({
    container,
    style: applied,
    ...place(),
    minZoom: 7,
    maxZoom: 20,
    maxPitch: 65,
    interactive: false,
    attributionControl: false,
    fadeDuration: 0,
  })
  serveSymbols(live)
  const moved = () => live.jumpTo(place())
  first.on('move', moved)
  const endings: (() => void)[] = [() => first.off('move', moved)]
  live.once('style.load', () => {
    endings.push(
      effect(() => {
        const next = style.value
        if (next === applied) return
        applyStyle(live, applied, next)
        applied = next
      }),
      ...follow(live),
    )
  })
  live.on('error', ({ error }) => {
    if (error?.message) console.warn('map beside:', error.message)
  })
  return () => {
    for (const end of endings) end()
    live.remove()
  }
}
