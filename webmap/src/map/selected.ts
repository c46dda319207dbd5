/** The selected thing: a ring around a point, a line and an 8 % fill for an area. */
import type { OwnedLayer, StyleContext } from './context'

export function selectionLayers({ palette: p, factor }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'selected-fill',
      owner: '',
      type: 'fill',
      source: 'selected',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': p.accent, 'fill-opacity': 0.08 },
    },
    {
      id: 'selected-line',
      owner: '',
      type: 'line',
      source: 'selected',
      filter: ['!=', ['geometry-type'], 'Point'],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.accent, 'line-width': 2 * factor },
    },
    {
      id: 'selected-ring',
      owner: '',
      type: 'circle',
      source: 'selected',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 17 * factor,
        'circle-color': p.accent,
        'circle-opacity': 0.12,
        'circle-stroke-color': p.accent,
        'circle-stroke-width': 2,
      },
    },
  ]
}
