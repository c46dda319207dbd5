/** Hot and cold spots: outlines of what is significant, hot drawn solid and cold dashed, over a surface gone grey. */
import type { ExpressionSpecification } from 'maplibre-gl'
import type { Hotspots } from '../api/types'
import { HOT_CLASSES, hotColour, notSignificant } from '../theme/ramps'
import { FONT, type OwnedLayer, px, type StyleContext } from './context'

function colour({ palette: p }: StyleContext): ExpressionSpecification {
  return [
    'match',
    ['get', 'class'],
    ...HOT_CLASSES.flatMap((name) => [name, hotColour(name, !p.dark)]),
    notSignificant(!p.dark),
  ] as unknown as ExpressionSpecification
}

const isCold: ExpressionSpecification = ['==', ['slice', ['get', 'class'], 0, 4], 'cold']

export function hotspotLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p, heat, factor } = context
  const source = { owner: heat.hot === 'off' ? '-' : 'heat', source: 'hotspots' }
  const width = { 'line-width': 2.2 * factor }
  return [
    {
      id: 'hotspot-fill',
      ...source,
      type: 'fill',
      paint: { 'fill-color': colour(context), 'fill-opacity': Math.round(heat.opacity * 55) / 100 },
    },
    {
      id: 'hotspot-casing',
      ...source,
      type: 'line',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.halo, 'line-width': 4.6 * factor, 'line-opacity': 0.75 },
    },
    {
      id: 'hotspot-line',
      ...source,
      type: 'line',
      filter: ['!', isCold],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colour(context), ...width },
    },
    {
      id: 'coldspot-line',
      ...source,
      type: 'line',
      filter: isCold,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colour(context), 'line-dasharray': [2, 1.4], ...width },
    },
  ]
}

export function hotspotLabels(context: StyleContext): OwnedLayer[] {
  const { palette: p, heat, lang } = context
  return [
    {
      id: 'hotspot-label',
      owner: heat.hot === 'off' ? '-' : 'heat',
      type: 'symbol',
      source: 'hotspots',
      minzoom: 10,
      layout: {
        'text-field': ['get', lang],
        'text-font': FONT,
        'text-size': px(context, 12),
        'text-padding': 12,
        'text-max-width': 8,
        'symbol-sort-key': ['-', 0, ['get', 'cells']],
      },
      paint: { 'text-color': p.text, 'text-halo-color': p.halo, 'text-halo-width': 1.8 },
    },
  ]
}

/** The outlines as a source wants them: both titles flat, the largest drawn first so that small ones are not buried. */
export function hotspotData(found: Hotspots | null): GeoJSON.FeatureCollection {
  const features = [...(found?.features ?? [])].sort((a, b) => b.properties.cells - a.properties.cells)
  return {
    type: 'FeatureCollection',
    features: features.map(({ geometry, properties: { class: name, cells, title } }) => ({
      type: 'Feature',
      geometry,
      properties: { class: name, cells, zh: title.zh, en: title.en },
    })),
  }
}
