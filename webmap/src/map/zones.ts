/** Threatened zones and the warnings in force over them. */
import type { ExpressionSpecification } from 'maplibre-gl'
import type { OwnedLayer, StyleContext } from './context'
import { symbolId } from './symbols'

export function levelColour({ palette: p }: StyleContext, property = 'level'): ExpressionSpecification {
  return [
    'match',
    ['to-number', ['get', property], 0],
    1,
    p.level[1],
    2,
    p.level[2],
    3,
    p.level[3],
    4,
    p.level[4],
    p.off,
  ]
}

export function zoneLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p, theme } = context
  return [
    {
      id: 'hazard_zone-line',
      owner: 'hazard_zone',
      type: 'line',
      source: 'tiles-hazard_zone',
      'source-layer': 'hazard_zone',
      minzoom: 13,
      paint: { 'line-color': p.muted, 'line-width': 1, 'line-dasharray': [3, 3], 'line-opacity': 0.55 },
    },
    {
      id: 'warning-fill',
      owner: 'warning',
      type: 'fill',
      source: 'warning',
      paint: { 'fill-color': levelColour(context), 'fill-opacity': p.dark ? 0.16 : 0.18 },
    },
    {
      id: 'warning-drill',
      owner: 'warning',
      type: 'fill',
      source: 'warning',
      filter: ['boolean', ['get', 'drill'], false],
      paint: {
        'fill-pattern': ['concat', symbolId(theme, 'hatch', ''), ['to-string', ['get', 'level']]],
        'fill-opacity': 0.6,
      },
    },
    {
      id: 'warning-casing',
      owner: 'warning',
      type: 'line',
      source: 'warning',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.halo, 'line-width': 5, 'line-opacity': 0.6 },
    },
    {
      id: 'warning-line',
      owner: 'warning',
      type: 'line',
      source: 'warning',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': levelColour(context), 'line-width': 2.2 },
    },
  ]
}
