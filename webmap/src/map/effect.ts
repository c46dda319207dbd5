/** "Did it help?" on the map: the cells that are held against the area, and the area itself. */
import type { OwnedLayer, StyleContext } from './context'

export function effectLayers({ palette: p, factor }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'effect-comparison',
      owner: '',
      type: 'fill',
      source: 'effect',
      filter: ['==', ['get', 'part'], 'comparison'],
      paint: { 'fill-color': p.muted, 'fill-opacity': 0.3, 'fill-outline-color': p.muted },
    },
    {
      id: 'effect-fill',
      owner: '',
      type: 'fill',
      source: 'effect',
      filter: ['==', ['get', 'part'], 'treated'],
      paint: { 'fill-color': p.accent, 'fill-opacity': 0.2 },
    },
    {
      id: 'effect-line',
      owner: '',
      type: 'line',
      source: 'effect',
      filter: ['==', ['get', 'part'], 'treated'],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.accent, 'line-width': 2.4 * factor },
    },
  ]
}
