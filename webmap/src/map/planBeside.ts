/** The edition in force beside the plan: a second map of the same place, with its grids and nothing to click on. */
import { computed, effect } from '@preact/signals'
import { Map as MapLibre } from 'maplibre-gl'
import type { Catalogue } from '../api/types'
import type { StyleContext } from './context'
import { contextOf, theMap } from './map'
import { applyStyle, buildStyle } from './style'
import { serveSymbols } from './symbols'

const STILL = new Set(['landuse', 'terrain', 'water', 'road', 'building', 'area', 'place', 'terrain_hillshade'])

/** Builds it over the first; what comes back frees it again. */
export function createEditionBeside(container: HTMLElement, catalogue: Catalogue): () => void {
  const first = theMap()
  if (!first) return () => {}
  const style = computed(() => {
    const shared = contextOf(catalogue)
    const context: StyleContext = {
      ...shared,
      visible: (layer) => layer === 'grid' || (STILL.has(layer) && shared.visible(layer)),
    }
    const built = buildStyle(context)
    // Hair-lines are for looking past; here they are what is looked at.
    for (const layer of built.layers) {
      if (layer.id === 'building-3d') layer.layout = { visibility: 'none' }
      if (layer.id === 'grid-line' && layer.type === 'line') {
        layer.paint = { ...layer.paint, 'line-width': 1.8, 'line-opacity': 1, 'line-color': context.palette.text }
      }
    }
    return built
  })
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
  const follow = () => live.jumpTo(place())
  first.on('move', follow)
  let end = () => {}
  live.once('style.load', () => {
    end = effect(() => {
      const next = style.value
      if (next === applied) return
      applyStyle(live, applied, next)
      applied = next
    })
  })
  live.on('error', ({ error }) => {
    if (error?.message) console.warn('edition beside:', error.message)
  })
  return () => {
    end()
    first.off('move', follow)
    live.remove()
  }
}
