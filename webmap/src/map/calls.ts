/** Grids of warnings by how their calling stands: who has not been reached is what the map shows loudest. */
import { effect } from '@preact/signals'
import type { Feature, FeatureCollection, Geometry } from 'geojson'
import type { ExpressionSpecification, Map as MapLibre } from 'maplibre-gl'
import type { Calling, PaintedGrid } from '../api/types'
import { middleOf } from '../domain/geo'
import { CALLING_RANK } from '../domain/urgency'
import { lang, t } from '../i18n'
import { callGrids } from '../state/calls'
import { FONT, type OwnedLayer, px, type StyleContext } from './context'
import { effort } from './effort'
import { putData } from './put'
import { symbolId } from './symbols'

type Drawn = FeatureCollection<Geometry, Record<string, unknown>>

/** A grid under two warnings is painted once, by its louder calling: the real one before the drill. */
export function loudestByGrid(features: readonly PaintedGrid[]): PaintedGrid[] {
  const worst = new Map<string, PaintedGrid>()
  const rank = ({ properties: p }: PaintedGrid) => CALLING_RANK[p.state] + (p.drill ? 10 : 0)
  for (const feature of features) {
    if (feature.properties.state === 'closed') continue
    const known = worst.get(feature.properties.grid_code)
    if (!known || rank(feature) < rank(known)) worst.set(feature.properties.grid_code, feature)
  }
  return [...worst.values()]
}

export function callData(features: readonly PaintedGrid[], nobody: string): { areas: Drawn; signs: Drawn } {
  const shown = loudestByGrid(features)
  const plain = ({ properties: p }: PaintedGrid) => ({
    key: p.warning_key,
    grid: p.grid_code,
    name: p.grid_name,
    state: p.state,
    level: p.level,
    drill: p.drill,
    residents: p.residents,
  })
  const areas = shown.map(
    (item): Feature<Geometry, Record<string, unknown>> => ({
      type: 'Feature',
      geometry: item.geometry,
      properties: plain(item),
    }),
  )
  const signs = shown
    .filter(({ properties: p }) => p.state === 'unanswered')
    .map(
      (item): Feature<Geometry, Record<string, unknown>> => ({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: middleOf(item.geometry) },
        properties: { ...plain(item), text: nobody },
      }),
    )
  return {
    areas: { type: 'FeatureCollection', features: areas },
    signs: { type: 'FeatureCollection', features: signs },
  }
}

const byState = <T>(of: Record<Calling['state'], T>, otherwise: T): ExpressionSpecification =>
  ['match', ['get', 'state'], ...Object.entries(of).flat(), otherwise] as unknown as ExpressionSpecification

const OWNER = 'warning'

export function callLayers(context: StyleContext): OwnedLayer[] {
  const { palette: p, theme } = context
  return [
    {
      id: 'calls-fill',
      owner: OWNER,
      type: 'fill',
      source: 'calls',
      paint: {
        'fill-color': byState(
          {
            unanswered: p.text,
            calling: p.text,
            waiting: p.muted,
            answered: p['clock-ok'],
            confirmed: p['clock-ok'],
            closed: p.off,
          },
          p.off,
        ),
        'fill-opacity': byState(
          { unanswered: 0.34, calling: 0.14, waiting: 0.05, answered: 0.16, confirmed: 0.08, closed: 0 },
          0,
        ),
      },
    },
    {
      id: 'calls-waiting',
      owner: OWNER,
      type: 'fill',
      source: 'calls',
      filter: ['any', ['==', ['get', 'state'], 'waiting'], ['boolean', ['get', 'drill'], false]],
      paint: {
        'fill-pattern': [
          'concat',
          symbolId(theme, 'hatch', ''),
          ['case', ['boolean', ['get', 'drill'], false], ['to-string', ['get', 'level']], ''],
        ],
        'fill-opacity': 0.5,
      },
    },
    {
      id: 'calls-casing',
      owner: OWNER,
      type: 'line',
      source: 'calls',
      filter: ['in', ['get', 'state'], ['literal', ['unanswered', 'calling']]],
      paint: {
        'line-color': p.halo,
        'line-width': byState({ unanswered: 7, calling: 4, waiting: 0, answered: 0, confirmed: 0, closed: 0 }, 0),
        'line-opacity': 0.7,
      },
    },
    {
      id: 'calls-line',
      owner: OWNER,
      type: 'line',
      source: 'calls',
      paint: {
        'line-color': byState(
          {
            unanswered: p.text,
            calling: p.text,
            waiting: p.muted,
            answered: p['clock-ok'],
            confirmed: p['clock-ok'],
            closed: p.off,
          },
          p.off,
        ),
        'line-width': byState(
          { unanswered: 3.4, calling: 1.8, waiting: 1.2, answered: 1.6, confirmed: 1.2, closed: 0 },
          0,
        ),
      },
    },
  ]
}

/** The sign above everything: an octagon where nobody answers. */
export function callSigns(context: StyleContext): OwnedLayer[] {
  const { palette: p, theme, factor } = context
  return [
    {
      id: 'calls-pulse',
      owner: OWNER,
      type: 'circle',
      source: 'calls-nobody',
      filter: ['!', ['boolean', ['get', 'drill'], false]],
      paint: {
        'circle-radius': 26 * factor,
        'circle-color': p.text,
        'circle-opacity': 0.15,
        'circle-opacity-transition': { duration: 0, delay: 0 },
        'circle-blur': 0.35,
      },
    },
    {
      id: 'calls-sign',
      owner: OWNER,
      type: 'symbol',
      source: 'calls-nobody',
      layout: {
        'icon-image': [
          'concat',
          symbolId(theme, 'nobody', ''),
          ['case', ['boolean', ['get', 'drill'], false], 'drill', ''],
        ],
        'icon-size': factor,
        'icon-allow-overlap': true,
        'text-field': ['get', 'text'],
        'text-font': FONT,
        'text-size': px(context, 13),
        'text-offset': [0, 1.7],
        'text-anchor': 'top',
        'text-optional': true,
        'symbol-sort-key': 0,
      },
      paint: { 'text-color': p.text, 'text-halo-color': p.halo, 'text-halo-width': 2 },
    },
  ]
}

const LOW = 0.1
const HIGH = 0.5

export function startCalls(map: MapLibre): () => void {
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let timer: ReturnType<typeof setInterval> | null = null
  let high = false
  const stop = () => {
    if (timer) clearInterval(timer)
    timer = null
  }
  const dispose = effect(() => {
    lang.value
    const { areas, signs } = callData(callGrids.value, t('calls.nobody'))
    putData(map, 'calls', areas)
    putData(map, 'calls-nobody', signs)
    if (signs.features.length && !still.matches) {
      timer ??= setInterval(() => {
        high = effort.heavy || !high
        map.setPaintProperty('calls-pulse', 'circle-opacity', high ? HIGH : LOW)
      }, 500)
    } else {
      stop()
      if (signs.features.length) map.setPaintProperty('calls-pulse', 'circle-opacity', HIGH)
    }
  })
  return () => {
    stop()
    dispose()
  }
}
