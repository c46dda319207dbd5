/** The selected thing: a ring around a point, a line and an 8 % fill for an area; never in a colour that means a level. */
import type { OwnedLayer, StyleContext } from './context'

export function selectionLayers({ palette: p, factor }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'selected-fill',
      owner: '',
      type: 'fill',
      source: 'selected',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': p.text, 'fill-opacity': 0.08 },
    },
    {
      id: 'selected-line',
      owner: '',
      type: 'line',
      source: 'selected',
      filter: ['!=', ['geometry-type'], 'Point'],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.text, 'line-width': 1.8 * factor },
    },
    {
      id: 'selected-ring',
      owner: '',
      type: 'circle',
      source: 'selected',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 17 * factor,
        'circle-color': p.text,
        'circle-opacity': 0.1,
        'circle-stroke-color': p.text,
        'circle-stroke-width': 2,
      },
    },
  ]
}
