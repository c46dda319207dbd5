/** Drones, vehicles and team devices on the map: at most one update of their source a frame, none while nothing moves. */
import { effect } from '@preact/signals'
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl'
import { lang } from '../i18n'
import { nowCoarse, serverNow } from '../state/clock'
import { stores } from '../state/features'
import { FONT, type OwnedLayer, px, type StyleContext } from './context'
import { effort } from './effort'
import { Motions } from './motion'
import { symbolId } from './symbols'
import { layerVisible } from './visibility'

/** Aircraft are few and always shown as such; the many devices are dots until the map is this close. */
const CLOSE = 13.3

export function moverLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p, theme, factor } = context
  return [
    {
      id: 'mover-tail',
      owner: 'mover',
      type: 'line',
      source: 'mover-tail',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': p.mover,
        'line-width': ['match', ['get', 'kind'], 'drone', 2.2, 1.6],
        'line-opacity': 0.45,
      },
    },
    {
      id: 'mover-dot',
      owner: 'mover',
      type: 'circle',
      source: 'mover',
      maxzoom: CLOSE,
      filter: ['!=', ['get', 'kind'], 'drone'],
      paint: {
        'circle-radius': 2.6 * factor,
        'circle-color': ['match', ['get', 'age'], 'stale', p.off, p.mover],
        'circle-stroke-color': p.halo,
        'circle-stroke-width': 1.2,
      },
    },
    {
      id: 'mover',
      owner: 'mover',
      type: 'symbol',
      source: 'mover',
      filter: ['any', ['==', ['get', 'kind'], 'drone'], ['>=', ['zoom'], CLOSE]],
      layout: {
        'icon-image': [
          'concat',
          symbolId(theme, 'mover'),
          '|',
          ['get', 'kind'],
          '|',
          ['get', 'age'],
          '|',
          ['get', 'aimed'],
        ],
        'icon-size': [
          'interpolate',
          ['linear'],
          ['zoom'],
          11,
          ['match', ['get', 'kind'], 'drone', 0.85 * factor, 0.5 * factor],
          15,
          ['match', ['get', 'kind'], 'drone', 1.05 * factor, 0.9 * factor],
        ],
        'icon-rotate': ['get', 'heading'],
        'icon-rotation-alignment': 'map',
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'text-field': [
          'step',
          ['zoom'],
          '',
          12.5,
          ['case', ['==', ['get', 'kind'], 'drone'], ['get', 'label'], ''],
          15,
          ['get', 'label'],
        ],
        'text-font': FONT,
        'text-size': px(context, 11.5),
        'text-anchor': 'left',
        'text-offset': [1.1, -0.4],
        'text-optional': true,
      },
      paint: { 'text-color': p.label, 'text-halo-color': p.halo, 'text-halo-width': 1.6 },
    },
  ]
}

export const motions = new Motions()

export function startMovers(map: MapLibre): () => void {
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let scheduled = false
  let ended = false
  /** What is not shown is not moved either: each step of it would draw the whole map anew. */
  let shown = true
  let drawnMs = 0
  let askedMs = Number.NEGATIVE_INFINITY

  const frame = (frameMs: number) => {
    scheduled = false
    if (ended) return
    if (frameMs - askedMs < 5000) effort.note(frameMs - askedMs)
    if (frameMs - drawnMs < effort.spacingMs) return schedule()
    drawnMs = frameMs
    const { points, tails } = motions.draw(frameMs, serverNow(), lang.peek())
    map.getSource<GeoJSONSource>('mover')?.setData(points)
    map.getSource<GeoJSONSource>('mover-tail')?.setData(tails)
    if (shown && motions.moving(frameMs)) schedule()
  }
  const schedule = () => {
    if (ended || scheduled || document.hidden) return
    scheduled = true
    askedMs = performance.now()
    requestAnimationFrame(frame)
  }

  const dispose = effect(() => {
    shown = layerVisible('mover')
    motions.update(stores.mover.all(), performance.now(), still.matches)
    // Ages and words change without a fix, too.
    nowCoarse.value
    lang.value
    if (shown) schedule()
  })
  document.addEventListener('visibilitychange', schedule)
  return () => {
    ended = true
    dispose()
    document.removeEventListener('visibilitychange', schedule)
  }
}
