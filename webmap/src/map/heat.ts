/** The heat surface: H3 cells in classes between the door's breaks, in the ramp of its kind. */
import type { ExpressionSpecification } from 'maplibre-gl'
import { classColours, ramp } from '../theme/ramps'
import type { OwnedLayer, StyleContext } from './context'

/** The lowest class is a breath over the ground, the highest as strong as the person asked. */
function strength(share: number, opacity: number): number {
  return Math.round(opacity * (0.1 + 0.9 * share ** 1.15) * 1000) / 1000
}

type Stops = { colour: ExpressionSpecification; opacity: ExpressionSpecification }

function byBreaks(colours: string[], breaks: number[], opacity: number): Stops {
  const value: ExpressionSpecification = ['to-number', ['get', 'value'], 0]
  const step = (of: (i: number) => string | number) =>
    ['step', value, of(0), ...breaks.flatMap((limit, i) => [limit, of(i + 1)])] as unknown as ExpressionSpecification
  return {
    colour: step((i) => colours[i] ?? '#000000'),
    opacity: step((i) => strength(i / breaks.length, opacity)),
  }
}

function byRank(colours: string[], opacity: number): Stops {
  const rank: ExpressionSpecification = ['to-number', ['get', 'rank'], 0]
  const last = colours.length - 1
  const along = (of: (i: number) => string | number) =>
    [
      'interpolate',
      ['linear'],
      rank,
      ...colours.flatMap((_, i) => [i / last, of(i)]),
    ] as unknown as ExpressionSpecification
  return { colour: along((i) => colours[i] ?? '#000000'), opacity: along((i) => strength(i / last, opacity)) }
}

export function heatLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p, heat, heatBreaks } = context
  // Hot spots have the colours then; what is left over is not significant, and grey.
  const family = heat.hot !== 'off' && context.kind === 'density' ? 'plain' : context.kind
  const { colour, opacity } = heatBreaks.length
    ? byBreaks(classColours(family, !p.dark, heatBreaks.length + 1), heatBreaks, heat.opacity)
    : byRank(ramp(family, !p.dark), heat.opacity)
  const owner = heat.surface === null ? '-' : 'heat'
  const tiles = { source: 'heat', 'source-layer': 'heat' }
  return [
    {
      id: 'heat-fill',
      owner,
      type: 'fill',
      ...tiles,
      paint: { 'fill-color': colour, 'fill-opacity': opacity, 'fill-antialias': false },
    },
    {
      id: 'heat-line',
      owner,
      type: 'line',
      ...tiles,
      paint: { 'line-color': p.land, 'line-width': 0.6, 'line-opacity': heat.opacity * 0.5 },
    },
  ]
}
