/** The heat surface: H3 cells by their rank, in the surface's own ramp. */
import type { ExpressionSpecification } from 'maplibre-gl'
import { ramp } from '../theme/ramps'
import type { OwnedLayer, StyleContext } from './context'

export function heatLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p, heat } = context
  const colours = ramp(heat.surface ?? '', !p.dark)
  const rank: ExpressionSpecification = ['to-number', ['get', 'rank'], 0]
  const stops = colours.flatMap((colour, i) => [i / (colours.length - 1), colour])
  const shown = heat.surface !== null
  return [
    {
      id: 'heat-fill',
      owner: shown ? 'heat' : '-',
      type: 'fill',
      source: 'heat',
      'source-layer': 'heat',
      paint: {
        'fill-color': ['interpolate', ['linear'], rank, ...stops] as unknown as ExpressionSpecification,
        'fill-opacity': [
          'interpolate',
          ['linear'],
          rank,
          0,
          heat.opacity * 0.08,
          0.5,
          heat.opacity * 0.45,
          1,
          heat.opacity,
        ],
        'fill-antialias': false,
      },
    },
    {
      id: 'heat-line',
      owner: shown ? 'heat' : '-',
      type: 'line',
      source: 'heat',
      'source-layer': 'heat',
      paint: { 'line-color': p.land, 'line-width': 0.6, 'line-opacity': heat.opacity * 0.55 },
    },
  ]
}
