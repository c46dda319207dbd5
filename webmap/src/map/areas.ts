/** Administrative areas, unit grids, duty fences, tracks: hair-lines over the base; a grid says its code on hover. */
import { byZoom, type OwnedLayer, type StyleContext } from './context'

const tiles = (layer: string) => ({ source: `tiles-${layer}`, 'source-layer': layer })

export function areaLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p } = context
  return [
    {
      id: 'grid-fill',
      owner: 'grid',
      type: 'fill',
      ...tiles('grid'),
      // Nothing to see until the pointer is over it, but something to click on.
      paint: {
        'fill-color': p.accent,
        'fill-opacity': ['case', ['boolean', ['feature-state', 'hover'], false], 0.05, 0],
      },
    },
    {
      id: 'grid-line',
      owner: 'grid',
      type: 'line',
      ...tiles('grid'),
      paint: {
        'line-color': p.grid,
        'line-width': byZoom([12, 0.4], [15, 0.8], [18, 1.4]),
        'line-opacity': ['interpolate', ['linear'], ['zoom'], 12, 0.28, 14.5, 0.6],
      },
    },
    {
      id: 'area-line',
      owner: 'area',
      type: 'line',
      ...tiles('area'),
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': p.area,
        'line-width': ['match', ['get', 'level'], ['province', 'city', 'district'], 1.8, 'street', 1.2, 0.7],
        'line-opacity': ['match', ['get', 'level'], ['province', 'city', 'district'], 0.75, 'street', 0.55, 0.35],
        'line-dasharray': [6, 2.5, 1.5, 2.5],
      },
    },
    {
      id: 'geofence-line',
      owner: 'geofence',
      type: 'line',
      ...tiles('geofence'),
      paint: { 'line-color': p.team, 'line-width': 1.1, 'line-dasharray': [2, 2], 'line-opacity': 0.7 },
    },
    {
      id: 'track-line',
      owner: 'track',
      type: 'line',
      ...tiles('track'),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': p.mover, 'line-width': 1.4, 'line-opacity': 0.5 },
    },
  ]
}
