/** The base map: land, water, roads, railways, buildings, in three quiet tones that stay under the data. */
import type { ExpressionSpecification, FilterSpecification } from 'maplibre-gl'
import { byZoom, FONT, nameOf, type OwnedLayer, px, type StyleContext } from './context'

const tiles = (layer: string) => ({ source: `tiles-${layer}`, 'source-layer': layer })

function ground({ palette: p, catalogue }: StyleContext): OwnedLayer[] {
  const layers: OwnedLayer[] = [
    { id: 'background', owner: '', type: 'background', paint: { 'background-color': p.land } },
    {
      id: 'landuse',
      owner: 'landuse',
      type: 'fill',
      ...tiles('landuse'),
      paint: {
        'fill-color': [
          'match',
          ['get', 'kind'],
          'forest',
          p.green,
          ['park', 'grass'],
          p.park,
          'farm',
          p.farm,
          ['industrial'],
          p.work,
          ['residential', 'school', 'hospital'],
          p.built,
          p.land,
        ],
        'fill-antialias': false,
      },
    },
  ]
  if (catalogue.terrain) {
    layers.push({
      id: 'hillshade',
      owner: 'terrain',
      type: 'hillshade',
      source: 'terrain',
      paint: {
        'hillshade-exaggeration': byZoom([9, 0.55], [14, 0.4], [17, 0.2]),
        'hillshade-shadow-color': p.shade,
        'hillshade-highlight-color': p.light,
        'hillshade-accent-color': p.green,
        'hillshade-illumination-direction': 315,
      },
    })
    // Elevation ends with the model: what lies beyond is plain ground, not a smear of its last row.
    layers.push({ id: 'beyond', owner: 'terrain', type: 'fill', source: 'beyond', paint: { 'fill-color': p.land } })
  }
  return layers
}

function relief(context: StyleContext): OwnedLayer[] {
  const { palette: p } = context
  return [
    {
      id: 'contour',
      owner: 'contour',
      type: 'line',
      ...tiles('contour'),
      paint: {
        'line-color': p.contour,
        'line-width': ['case', ['boolean', ['get', 'index'], false], 1.1, 0.6],
        'line-opacity': ['interpolate', ['linear'], ['zoom'], 12, 0.35, 14, 0.8],
      },
    },
    {
      id: 'contour-label',
      owner: 'contour',
      type: 'symbol',
      minzoom: 14,
      filter: ['boolean', ['get', 'index'], false],
      ...tiles('contour'),
      layout: {
        'symbol-placement': 'line',
        'text-field': ['concat', ['to-string', ['round', ['get', 'elevation_m']]], ' m'],
        'text-font': FONT,
        'text-size': px(context, 10),
        'symbol-spacing': 420,
      },
      paint: { 'text-color': p['label-green'], 'text-halo-color': p.halo, 'text-halo-width': 1.2 },
    },
    { id: 'water', owner: 'water', type: 'fill', ...tiles('water'), paint: { 'fill-color': p.water } },
    {
      id: 'water-line',
      owner: 'water',
      type: 'line',
      minzoom: 12,
      ...tiles('water'),
      paint: { 'line-color': p['water-line'], 'line-width': 0.8, 'line-opacity': 0.8 },
    },
  ]
}

interface RoadClass {
  id: string
  classes: string[]
  colour: 'road-1' | 'road-2' | 'road-3' | 'road-4'
  minzoom: number
  widths: [number, number][]
}

const ROADS: RoadClass[] = [
  {
    id: 'minor',
    classes: ['service', 'track', 'footway'],
    colour: 'road-4',
    minzoom: 14,
    widths: [
      [14, 0.6],
      [16, 1.8],
      [19, 9],
    ],
  },
  {
    id: 'local',
    classes: ['residential'],
    colour: 'road-4',
    minzoom: 13,
    widths: [
      [13, 0.7],
      [15, 2.2],
      [19, 20],
    ],
  },
  {
    id: 'tertiary',
    classes: ['tertiary'],
    colour: 'road-3',
    minzoom: 12,
    widths: [
      [12, 0.8],
      [15, 3.4],
      [19, 28],
    ],
  },
  {
    id: 'secondary',
    classes: ['secondary'],
    colour: 'road-3',
    minzoom: 11,
    widths: [
      [11, 0.8],
      [13, 1.9],
      [15, 4.8],
      [19, 38],
    ],
  },
  {
    id: 'primary',
    classes: ['primary'],
    colour: 'road-2',
    minzoom: 9,
    widths: [
      [9, 0.8],
      [13, 2.8],
      [15, 6.4],
      [19, 48],
    ],
  },
  {
    id: 'trunk',
    classes: ['trunk', 'motorway'],
    colour: 'road-1',
    minzoom: 7,
    widths: [
      [7, 0.8],
      [12, 2.6],
      [15, 7.4],
      [19, 54],
    ],
  },
]

const anyOf = (classes: string[]): FilterSpecification => ['in', ['get', 'class'], ['literal', classes]]

function roads({ palette: p }: StyleContext): OwnedLayer[] {
  const casings: OwnedLayer[] = []
  const fills: OwnedLayer[] = []
  for (const road of ROADS) {
    const shared = {
      owner: 'road',
      type: 'line' as const,
      filter: anyOf(road.classes),
      ...tiles('road'),
      layout: { 'line-cap': 'round' as const, 'line-join': 'round' as const },
    }
    if (road.id !== 'minor') {
      casings.push({
        ...shared,
        id: `road-${road.id}-casing`,
        minzoom: Math.max(12, road.minzoom + 0.5),
        paint: {
          'line-color': p.casing,
          'line-width': byZoom(
            ...road.widths.map(([z, w]) => [z, w + Math.min(3, 0.9 + w * 0.12)] as [number, number]),
          ),
        },
      })
    }
    fills.push({
      ...shared,
      id: `road-${road.id}`,
      minzoom: road.minzoom,
      paint: { 'line-color': p[road.colour], 'line-width': byZoom(...road.widths) },
    })
  }
  const rail = { owner: 'road', type: 'line' as const, filter: anyOf(['rail']), minzoom: 10, ...tiles('road') }
  return [
    ...casings,
    ...fills,
    { ...rail, id: 'rail', paint: { 'line-color': p.rail, 'line-width': byZoom([10, 0.8], [15, 2.2], [19, 5]) } },
    {
      ...rail,
      id: 'rail-dash',
      minzoom: 12,
      paint: {
        'line-color': p.land,
        'line-width': byZoom([12, 0.6], [15, 1.2], [19, 3]),
        'line-dasharray': [5, 5],
      },
    },
  ]
}

const HEIGHT: ExpressionSpecification = [
  'coalesce',
  ['get', 'height_m'],
  ['*', 3.2, ['coalesce', ['get', 'floors'], 2]],
  6,
]

function buildings({ palette: p }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'building',
      owner: 'building',
      type: 'fill',
      ...tiles('building'),
      paint: {
        'fill-color': p.building,
        'fill-outline-color': p['building-line'],
        'fill-opacity': ['interpolate', ['linear'], ['zoom'], 13, 0.55, 14.5, 1],
      },
    },
  ]
}

/** Standing buildings; they rise between z15.5 and z16 so that nothing jumps. */
export function tallBuildings({ palette: p }: StyleContext): OwnedLayer[] {
  return [
    {
      id: 'building-3d',
      owner: 'building',
      type: 'fill-extrusion',
      minzoom: 15.5,
      ...tiles('building'),
      paint: {
        'fill-extrusion-color': ['interpolate', ['linear'], HEIGHT, 6, p.building, 60, p.tall],
        'fill-extrusion-height': ['interpolate', ['linear'], ['zoom'], 15.5, 0, 16.1, HEIGHT],
        'fill-extrusion-opacity': 0.92,
        'fill-extrusion-vertical-gradient': true,
      },
    },
  ]
}

export function baseLayers(context: StyleContext): OwnedLayer[] {
  return [...ground(context), ...relief(context), ...roads(context), ...buildings(context)]
}

/** Names of roads, waters and places: above the data's areas, below its symbols. */
export function labelLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p, lang } = context
  const halo = { 'text-halo-color': p.halo, 'text-halo-width': 1.6, 'text-halo-blur': 0.4 }
  const place = (id: string, kinds: string[], zooms: [number, number], size: number, colour: string): OwnedLayer => ({
    id: `place-${id}`,
    owner: 'place',
    type: 'symbol',
    minzoom: zooms[0],
    maxzoom: zooms[1],
    filter: ['in', ['get', 'kind'], ['literal', kinds]],
    ...tiles('place'),
    layout: {
      'text-field': nameOf(lang),
      'text-font': FONT,
      'text-size': px(context, size),
      'text-letter-spacing': kinds.includes('river') ? 0.3 : 0.06,
      'text-max-width': 8,
      'text-padding': 4,
      // A name gives way to the assets around it rather than vanish.
      'text-variable-anchor': ['center', 'bottom', 'top', 'left', 'right'],
      'text-radial-offset': 0.6,
      'text-justify': 'auto',
    },
    paint: { 'text-color': colour, ...halo },
  })
  return [
    {
      id: 'road-label',
      owner: 'road',
      type: 'symbol',
      minzoom: 13,
      filter: ['all', ['has', 'name'], ['!=', ['get', 'class'], 'rail']],
      ...tiles('road'),
      layout: {
        'symbol-placement': 'line',
        'text-field': nameOf(lang),
        'text-font': FONT,
        'text-size': ['interpolate', ['linear'], ['zoom'], 13, px(context, 10.5), 17, px(context, 13)],
        'text-letter-spacing': 0.08,
        'symbol-spacing': 380,
        'text-padding': 12,
      },
      paint: { 'text-color': p['label-minor'], ...halo },
    },
    place('community', ['community', 'village'], [13.2, 17.5], 12, p['label-minor']),
    place('peak', ['peak'], [12, 22], 11.5, p['label-green']),
    place('river', ['river'], [10, 22], 13, p['label-water']),
    place('street', ['street'], [11, 16.5], 14.5, p.label),
    place('city', ['city', 'district'], [5, 12], 18, p.label),
  ]
}
