/** Unacknowledged red pulses once a second, in opacity only; everything else stands still. */
import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { unconfirmed } from '../state/warnings'
import type { OwnedLayer, StyleContext } from './context'
import { effort } from './effort'
import { putData } from './put'

const LOW = 0.12
const HIGH = 0.55

export function pulseLayers({ palette: p, factor }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'pulse',
      owner: 'warning',
      type: 'circle',
      source: 'pulse',
      paint: {
        'circle-radius': 24 * factor,
        'circle-color': p.level[1],
        'circle-opacity': LOW,
        'circle-opacity-transition': { duration: 0, delay: 0 },
        'circle-blur': 0.4,
        'circle-pitch-alignment': 'map',
      },
    },
  ]
}

export function startPulse(map: MapLibre): () => void {
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let timer: ReturnType<typeof setInterval> | null = null
  let high = false
  const dispose = effect(() => {
    const red = unconfirmed.value.filter((warning) => warning.level === 1)
    putData(map, 'pulse', {
      type: 'FeatureCollection',
      features: red.map((warning) => ({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [warning.lon, warning.lat] },
        properties: { key: warning.key },
      })),
    })
    if (red.length && !still.matches) {
      timer ??= setInterval(() => {
        // A screen that draws with effort keeps the halo and saves its frames; the list goes on pulsing.
        high = effort.heavy || !high
        map.setPaintProperty('pulse', 'circle-opacity', high ? HIGH : LOW)
      }, 500)
    } else {
      if (timer) clearInterval(timer)
      timer = null
      map.setPaintProperty('pulse', 'circle-opacity', red.length ? HIGH : LOW)
    }
  })
  return () => {
    if (timer) clearInterval(timer)
    dispose()
  }
}
