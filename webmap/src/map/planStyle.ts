/** How a plan looks: shared borders as lines, grids as faint fills, what is picked, overloaded, on its way. */
import type { ExpressionSpecification, LayerSpecification, Map as MapLibre } from 'maplibre-gl'
import { theme, zoomFactor } from '../state/view'
import { type Palette, readPalette } from '../theme/palette'
import { FONT } from './context'

/** Those that hold a whole plan; each has a small one over it (`…-new`) for what changed of late. */
const LARGE = ['plan-grids', 'plan-arcs', 'plan-labels'] as const
export type LargeSource = (typeof LARGE)[number]
const SMALL = ['plan-overlay', 'plan-paint', 'plan-ghost', 'plan-corners', 'plan-mark', 'plan-pins'] as const
export type PlanSource = LargeSource | `${LargeSource}-new` | (typeof SMALL)[number]

export const NEW = LARGE.map((source) => `${source}-new` as const)

/** The large source and the one over it. */
export const both = (...sources: LargeSource[]): (LargeSource | `${LargeSource}-new`)[] =>
  sources.flatMap((source) => [source, `${source}-new` as const])

/** Those in which an edit's answer is drawn; their features are told apart by the property `id`. */
export const KEYED: readonly PlanSource[] = both(...LARGE)
export const PLAN_SOURCES: readonly PlanSource[] = [...KEYED, ...SMALL]

interface Tones {
  over: string
  under: string
  paper: string
}

/** Too much and too little are no levels of warning: they have hues of their own, held with the page's. */
function tones(): Tones {
  const probe = document.createElement('div')
  probe.dataset.theme = theme.value
  probe.hidden = true
  document.body.append(probe)
  const style = getComputedStyle(probe)
  const read = (name: string) => style.getPropertyValue(name).trim()
  const found = { over: read('--plan-over'), under: read('--plan-under'), paper: read('--panel') }
  probe.remove()
  return found
}

const state = (name: string): ExpressionSpecification => ['boolean', ['feature-state', name], false]
const stateIs = (name: string, value: string): ExpressionSpecification => ['==', ['feature-state', name], value]
const is = (name: string, value: string): ExpressionSpecification => ['==', ['get', name], value]

function fills(p: Palette, tone: Tones): LayerSpecification[] {
  return [
    {
      id: 'plan-fill',
      type: 'fill',
      source: 'plan-grids',
      paint: {
        'fill-color': [
          'case',
          state('picked'),
          p.accent,
          stateIs('tone', 'over'),
          tone.over,
          stateIs('tone', 'under'),
          tone.under,
          p.accent,
        ],
        'fill-opacity': [
          'case',
          state('stale'),
          0,
          state('dimmed'),
          0.04,
          state('picked'),
          p.dark ? 0.26 : 0.2,
          stateIs('tone', 'over'),
          p.dark ? 0.2 : 0.16,
          stateIs('tone', 'under'),
          p.dark ? 0.12 : 0.1,
          state('hover'),
          0.07,
          state('changed'),
          0.06,
          0,
        ],
      },
    },
    {
      id: 'plan-overlay',
      type: 'fill',
      source: 'plan-overlay',
      paint: { 'fill-color': p.accent, 'fill-opacity': 0.28, 'fill-outline-color': p.accent },
    },
    {
      id: 'plan-overlay-line',
      type: 'line',
      source: 'plan-overlay',
      paint: { 'line-color': p.accent, 'line-width': 1.6 },
    },
    {
      id: 'plan-paint',
      type: 'fill',
      source: 'plan-paint',
      paint: {
        'fill-color': p.accent,
        'fill-opacity': ['match', ['get', 'role'], 'painted', 0.55, 'around', 0.22, 0],
        'fill-outline-color': p.accent,
      },
    },
    {
      id: 'plan-paint-line',
      type: 'line',
      source: 'plan-paint',
      filter: is('role', 'around') as never,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.accent, 'line-width': 2.2 },
    },
  ]
}

/** Widths of borders at rest, at zooms 12 and 16: one that may move, and one that is fixed. */
const FREE: [number, number] = [0.7, 1.6]
const FIXED: [number, number] = [1.3, 2.4]
const HALO = { width: 3.6, opacity: 0.7 }

const growing = ([far, near]: [number, number], factor: number): ExpressionSpecification => [
  'interpolate',
  ['linear'],
  ['zoom'],
  12,
  far * factor,
  16,
  near * factor,
]

/** Borders at rest as the plan draws them, for what stands beside it. */
export function restingBorders(p: Palette, factor: number) {
  return {
    halo: { 'line-color': p.halo, 'line-width': HALO.width * factor, 'line-opacity': HALO.opacity },
    free: { 'line-color': p.grid, 'line-width': growing(FREE, factor), 'line-opacity': 1 },
    fixed: { 'line-color': p.area, 'line-width': growing(FIXED, factor), 'line-opacity': 1 },
  }
}

function lines(p: Palette, factor: number): LayerSpecification[] {
  const round = { 'line-join': 'round', 'line-cap': 'round' } as const
  return [
    {
      id: 'plan-halo',
      type: 'line',
      source: 'plan-arcs',
      layout: round,
      paint: {
        'line-color': p.halo,
        'line-width': HALO.width * factor,
        'line-opacity': ['case', state('stale'), 0, HALO.opacity],
      },
    },
    {
      id: 'plan-line',
      type: 'line',
      source: 'plan-arcs',
      layout: round,
      paint: {
        'line-color': [
          'case',
          state('fresh'),
          p.text,
          state('picked'),
          p.accent,
          ['boolean', ['get', 'fixed'], false],
          p.area,
          p.grid,
        ],
        'line-width': [
          'interpolate',
          ['linear'],
          ['zoom'],
          12,
          [
            'case',
            state('fresh'),
            3 * factor,
            state('picked'),
            2 * factor,
            ['boolean', ['get', 'fixed'], false],
            FIXED[0] * factor,
            FREE[0] * factor,
          ],
          16,
          [
            'case',
            state('fresh'),
            4 * factor,
            state('picked'),
            2.8 * factor,
            ['boolean', ['get', 'fixed'], false],
            FIXED[1] * factor,
            FREE[1] * factor,
          ],
        ],
        'line-opacity': ['case', state('stale'), 0, state('dimmed'), 0.3, 1],
      },
    },
    {
      id: 'plan-ghost-old',
      type: 'line',
      source: 'plan-ghost',
      filter: is('role', 'old') as never,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.muted, 'line-width': 3 * factor, 'line-dasharray': [1, 1.6], 'line-opacity': 0.9 },
    },
    {
      id: 'plan-ghost-new',
      type: 'line',
      source: 'plan-ghost',
      filter: is('role', 'new') as never,
      layout: round,
      paint: { 'line-color': p.accent, 'line-width': 2.6 * factor },
    },
  ]
}

function words(p: Palette, tone: Tones, factor: number): LayerSpecification[] {
  return [
    {
      id: 'plan-label',
      type: 'symbol',
      source: 'plan-labels',
      minzoom: 12,
      layout: {
        'text-field': ['get', 'text'],
        'text-font': FONT,
        'text-size': ['interpolate', ['linear'], ['zoom'], 12, 10 * factor, 15, 13.5 * factor, 17, 16 * factor],
        'text-padding': 3,
        'symbol-sort-key': ['case', is('tone', 'over'), 0, ['boolean', ['get', 'changed'], false], 1, 2],
      },
      paint: {
        'text-color': [
          'case',
          state('picked'),
          p.accent,
          is('tone', 'over'),
          tone.over,
          is('tone', 'under'),
          tone.under,
          p.label,
        ],
        'text-halo-color': p.halo,
        'text-halo-width': 1.8,
        'text-opacity': ['case', state('stale'), 0, state('dimmed'), 0.4, 1],
      },
    },
  ]
}

function points(p: Palette, tone: Tones, factor: number): LayerSpecification[] {
  return [
    {
      id: 'plan-corner',
      type: 'circle',
      source: 'plan-corners',
      minzoom: 13,
      paint: {
        'circle-radius': [
          'match',
          ['get', 'role'],
          'held',
          7.5 * factor,
          'near',
          6.5 * factor,
          'snap',
          5 * factor,
          'fixed',
          2.6 * factor,
          'node',
          4.6 * factor,
          3.2 * factor,
        ],
        'circle-color': ['match', ['get', 'role'], 'fixed', p.area, 'snap', p.accent, tone.paper],
        'circle-stroke-color': ['match', ['get', 'role'], 'fixed', p.area, p.accent],
        'circle-stroke-width': ['match', ['get', 'role'], ['corner', 'fixed'], 1.3, 2],
      },
    },
    {
      id: 'plan-mark-fill',
      type: 'fill',
      source: 'plan-mark',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': p.text, 'fill-opacity': 0.14 },
    },
    {
      id: 'plan-mark-line',
      type: 'line',
      source: 'plan-mark',
      filter: ['!=', ['geometry-type'], 'Point'],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.text, 'line-width': 3 * factor, 'line-dasharray': [2, 1.2] },
    },
    {
      id: 'plan-mark-point',
      type: 'circle',
      source: 'plan-mark',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 11 * factor,
        'circle-color': 'rgba(0,0,0,0)',
        'circle-stroke-color': p.text,
        'circle-stroke-width': 2.5,
      },
    },
    {
      id: 'plan-pin',
      type: 'circle',
      source: 'plan-pins',
      paint: {
        'circle-radius': ['case', ['boolean', ['get', 'open'], false], 11 * factor, 9 * factor],
        'circle-color': ['case', ['boolean', ['get', 'resolved'], false], tone.paper, p.accent],
        'circle-stroke-color': ['case', ['boolean', ['get', 'resolved'], false], p.muted, tone.paper],
        'circle-stroke-width': 2,
      },
    },
    {
      id: 'plan-pin-number',
      type: 'symbol',
      source: 'plan-pins',
      layout: {
        'text-field': ['get', 'number'],
        'text-font': FONT,
        'text-size': 11 * factor,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': ['case', ['boolean', ['get', 'resolved'], false], p.muted, tone.paper] },
    },
  ]
}

function layers(): LayerSpecification[] {
  const p = readPalette(theme.value)
  const tone = tones()
  const factor = zoomFactor.value
  const drawn = [...fills(p, tone), ...lines(p, factor), ...words(p, tone, factor), ...points(p, tone, factor)]
  return drawn.flatMap(withNew)
}

/**
 * A layer of a large source is drawn of the small one too, right over it. A halo goes under: from one layer to the next
 * of the same source the map masks no tiles anew.
 */
function withNew(layer: LayerSpecification): LayerSpecification[] {
  if (!('source' in layer) || !KEYED.includes(layer.source as PlanSource)) return [layer]
  const twin = { ...layer, id: `${layer.id}-new`, source: `${layer.source}-new` } as LayerSpecification
  return layer.id === 'plan-halo' ? [twin, layer] : [layer, twin]
}

/** The grid at a place on the screen. */
export function gridDrawnAt(map: MapLibre, point: { x: number; y: number }): string | null {
  const layers = ['plan-fill', 'plan-fill-new']
  if (!layers.every((id) => map.getLayer(id))) return null
  const found = map.queryRenderedFeatures([point.x, point.y], { layers }).find(({ state }) => !state.stale)
  return found ? String(found.properties.id) : null
}

/** Draws them in the theme that is on, in place of what stood before. */
export function putLayers(map: MapLibre): void {
  const before = map.getLayer('draw-fill') ? 'draw-fill' : undefined
  dropLayers(map)
  for (const layer of layers()) map.addLayer(layer, before)
}

export function dropLayers(map: MapLibre): void {
  for (const id of map.getLayersOrder()) if (id.startsWith('plan-')) map.removeLayer(id)
}
