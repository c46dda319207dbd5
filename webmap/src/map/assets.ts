/** Cameras, sensors, teams, cases and hazard points: small, of one weight, one glyph each. */
import type { ExpressionSpecification, FilterSpecification } from 'maplibre-gl'
import { FONT, type OwnedLayer, px, type StyleContext } from './context'
import { symbolId } from './symbols'

const image = (
  { theme }: StyleContext,
  family: string,
  ...parts: ExpressionSpecification[]
): ExpressionSpecification => {
  const joined = parts.flatMap((part) => ['|', part])
  return ['concat', symbolId(theme, family), ...joined] as unknown as ExpressionSpecification
}

const text = (name: string, fallback = ''): ExpressionSpecification => [
  'to-string',
  ['coalesce', ['get', name], fallback],
]

const label = (context: StyleContext, size = 11.5) => ({
  'text-font': FONT,
  'text-size': px(context, size),
  'text-anchor': 'left' as const,
  'text-optional': true,
  'text-max-width': 14,
})

const halo = ({ palette: p }: StyleContext) => ({ 'text-halo-color': p.halo, 'text-halo-width': 1.6 })

const iconSize = (context: StyleContext, small: number): ExpressionSpecification => [
  'interpolate',
  ['linear'],
  ['zoom'],
  11,
  small * context.factor,
  15,
  context.factor,
]

function cameras(context: StyleContext): OwnedLayer[] {
  const { palette: p } = context
  const tiles = { source: 'tiles-camera', 'source-layer': 'camera' }
  return [
    {
      id: 'camera-dot',
      owner: 'camera',
      type: 'circle',
      minzoom: 13.2,
      maxzoom: 15,
      ...tiles,
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 13, 1.2, 15, 2.2],
        'circle-color': ['match', ['get', 'status'], 'online', p.asset, p.off],
        'circle-opacity': 0.75,
        'circle-stroke-color': p.halo,
        'circle-stroke-width': 0.8,
      },
    },
    {
      id: 'camera',
      owner: 'camera',
      type: 'symbol',
      minzoom: 15,
      ...tiles,
      layout: {
        'icon-image': image(context, 'camera', text('status', 'online')),
        'icon-size': 0.86 * context.factor,
        'icon-allow-overlap': true,
      },
    },
  ]
}

/** Sensors on a hazard point stand metres apart: they wait until the map is close enough to part them. */
const PARTED: FilterSpecification = ['any', ['!', ['boolean', ['get', 'attached'], false]], ['>=', ['zoom'], 15.3]]

function sensors(context: StyleContext): OwnedLayer[] {
  const { palette: p } = context
  return [
    {
      id: 'sensor-dot',
      owner: 'sensor',
      type: 'circle',
      source: 'sensor',
      filter: PARTED,
      minzoom: 11.5,
      maxzoom: 13.8,
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 11.5, 1.3, 13.8, 2.6],
        'circle-color': p.panel,
        'circle-stroke-width': 1.2,
        'circle-stroke-color': ['match', ['get', 'age'], ['stale', 'offline', 'unknown'], p.off, p.asset],
        'circle-stroke-opacity': 0.8,
      },
    },
    {
      id: 'sensor',
      owner: 'sensor',
      type: 'symbol',
      source: 'sensor',
      filter: PARTED,
      minzoom: 13.8,
      layout: {
        ...label(context, 11),
        'icon-image': image(context, 'sensor', text('kind', 'other'), text('age', 'fresh')),
        'icon-size': iconSize(context, 0.7),
        'icon-allow-overlap': true,
        'text-field': ['step', ['zoom'], '', 15, text('label')],
        'text-offset': [1.1, 0],
      },
      paint: {
        ...halo(context),
        'text-color': p.label,
        'text-opacity': ['match', ['get', 'age'], 'fresh', 1, 0.6],
      },
    },
  ]
}

function cases(context: StyleContext): OwnedLayer[] {
  const { palette: p } = context
  return [
    {
      id: 'incident-cluster',
      owner: 'incident',
      type: 'circle',
      source: 'incident',
      filter: ['has', 'point_count'],
      paint: {
        'circle-radius': [
          'interpolate',
          ['linear'],
          ['get', 'point_count'],
          2,
          10 * context.factor,
          60,
          19 * context.factor,
        ],
        'circle-color': p.panel,
        'circle-opacity': 0.92,
        'circle-stroke-width': 1.6,
        'circle-stroke-color': ['case', ['>', ['get', 'late'], 0], p['clock-late'], p.case],
      },
    },
    {
      id: 'incident-count',
      owner: 'incident',
      type: 'symbol',
      source: 'incident',
      filter: ['has', 'point_count'],
      layout: {
        'text-field': ['to-string', ['get', 'point_count']],
        'text-font': FONT,
        'text-size': px(context, 12),
        'text-allow-overlap': true,
        'icon-allow-overlap': true,
      },
      paint: { 'text-color': p.text },
    },
    {
      id: 'incident-solved',
      owner: 'incident',
      type: 'symbol',
      source: 'incident-solved',
      minzoom: 14.5,
      layout: {
        'icon-image': symbolId(context.theme, 'case', 'resolved', 'none'),
        'icon-size': 0.75 * context.factor,
        'icon-allow-overlap': true,
      },
      paint: { 'icon-opacity': 0.75 },
    },
    {
      id: 'incident',
      owner: 'incident',
      type: 'symbol',
      source: 'incident',
      filter: ['!', ['has', 'point_count']],
      layout: {
        ...label(context),
        'icon-image': image(context, 'case', text('status', 'reported'), text('tone', 'none')),
        'icon-size': iconSize(context, 0.72),
        'icon-allow-overlap': true,
        'symbol-sort-key': ['-', 0, ['coalesce', ['get', 'urgency'], 0]],
        'text-field': ['step', ['zoom'], '', 14.5, text('title')],
        'text-offset': [1, 0],
      },
      paint: { ...halo(context), 'text-color': p.label },
    },
  ]
}

function teams(context: StyleContext): OwnedLayer[] {
  const { palette: p } = context
  return [
    {
      id: 'team',
      owner: 'team',
      type: 'symbol',
      source: 'team',
      layout: {
        ...label(context),
        'icon-image': image(context, 'team', text('kind', 'team'), text('status', 'idle')),
        'icon-size': iconSize(context, 0.72),
        'icon-allow-overlap': true,
        'text-field': ['step', ['zoom'], '', 13.5, text('name')],
        'text-offset': [1.1, 0],
      },
      paint: { ...halo(context), 'text-color': p.label },
    },
  ]
}

function hazards(context: StyleContext): OwnedLayer[] {
  const { palette: p } = context
  return [
    {
      id: 'hazard',
      owner: 'hazard',
      type: 'symbol',
      source: 'hazard',
      filter: ['==', ['get', 'mode'], 'idle'],
      layout: {
        ...label(context),
        'icon-image': image(context, 'hazard', text('shown', '4'), text('mode', 'idle')),
        'icon-size': iconSize(context, 0.62),
        'icon-allow-overlap': true,
        'text-field': ['step', ['zoom'], '', 14, text('name')],
        'text-offset': [0.95, 0],
      },
      paint: {
        ...halo(context),
        'text-color': p['label-minor'],
        'icon-opacity': ['interpolate', ['linear'], ['zoom'], 12, 0.75, 14, 0.95],
      },
    },
    {
      // The last of all symbols, so that nothing is ever drawn over a warning or takes its place.
      id: 'hazard-warned',
      owner: 'warning',
      type: 'symbol',
      source: 'hazard',
      filter: ['!=', ['get', 'mode'], 'idle'],
      layout: {
        ...label(context, 13),
        'icon-image': image(context, 'hazard', text('shown', '4'), text('mode', 'active')),
        'icon-size': ['interpolate', ['linear'], ['zoom'], 10.5, context.factor * 0.55, 13, context.factor * 0.95],
        'icon-allow-overlap': true,
        'icon-ignore-placement': false,
        'text-field': ['step', ['zoom'], '', 11.5, text('name')],
        'text-offset': [1.25, 0],
        'symbol-sort-key': ['-', 0, ['to-number', ['get', 'shown'], 4]],
      },
      paint: { ...halo(context), 'text-color': p.text, 'text-halo-width': 2 },
    },
  ]
}

export function assetLayers(context: StyleContext): OwnedLayer[] {
  return [
    ...cameras(context),
    ...sensors(context),
    ...cases(context),
    ...teams(context),
    ...hazards(context).slice(0, 1),
  ]
}

/** Drawn above everything else. */
export function warnedLayers(context: StyleContext): OwnedLayer[] {
  return hazards(context).slice(1)
}
