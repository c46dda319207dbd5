/** Fences on the map while their page is open: a line by state, the chosen one filled at 8 %, and the one in the making. */
import { effect } from '@preact/signals'
import type { FilterSpecification, GeoJSONSource, LayerSpecification, Map as MapLibre } from 'maplibre-gl'
import type { FenceState } from '../api/studio'
import { stores } from '../state/features'
import { fenceDraft, fences, insiders, previewNow } from '../state/fences'
import { picking } from '../state/pick'
import { studioPick, theme, zoomFactor } from '../state/view'
import { readPalette } from '../theme/palette'
import { FONT } from './context'
import { theMap } from './map'

/** States are told by the stroke, so that they are told without colour too. */
const DASHES: Record<FenceState, number[] | null> = {
  in_force: null,
  resting: [5, 2.5],
  scheduled: [1.2, 1.8],
  expired: [0.6, 4],
  broken: [5, 2, 1, 2],
}
const STATES = Object.keys(DASHES) as FenceState[]

const DRAFT = ['fence-draft-fill', 'fence-draft-line'] as const
const IDS = [
  'fence-fill',
  ...STATES.map((state) => `fence-${state}`),
  'fence-picked',
  ...DRAFT,
  'fence-inside',
  'fence-name',
]

function layers(): LayerSpecification[] {
  const p = readPalette(theme.value)
  const factor = zoomFactor.value
  const of = (state: FenceState): FilterSpecification => ['==', ['get', 'state'], state]
  const chosen: FilterSpecification = ['boolean', ['get', 'picked'], false]
  return [
    {
      id: 'fence-fill',
      type: 'fill',
      source: 'fences',
      filter: chosen,
      paint: { 'fill-color': p.text, 'fill-opacity': 0.08 },
    },
    ...STATES.map((state): LayerSpecification => {
      const dash = DASHES[state]
      return {
        id: `fence-${state}`,
        type: 'line',
        source: 'fences',
        filter: of(state),
        layout: { 'line-join': 'round', ...(dash ? {} : { 'line-cap': 'round' }) },
        paint: {
          'line-color': state === 'in_force' ? p.text : p.muted,
          'line-width': (state === 'in_force' ? 1.8 : 1.4) * factor,
          'line-opacity': state === 'expired' ? 0.6 : 0.9,
          ...(dash ? { 'line-dasharray': dash } : {}),
        },
      }
    }),
    {
      id: 'fence-picked',
      type: 'line',
      source: 'fences',
      filter: chosen,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.accent, 'line-width': 5 * factor, 'line-opacity': 0.35 },
    },
    {
      id: 'fence-draft-fill',
      type: 'fill',
      source: 'fence-draft',
      paint: { 'fill-color': p.accent, 'fill-opacity': 0.12 },
    },
    {
      id: 'fence-draft-line',
      type: 'line',
      source: 'fence-draft',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': p.accent, 'line-width': 2.4 * factor, 'line-dasharray': [2.5, 1.5] },
    },
    {
      id: 'fence-inside',
      type: 'circle',
      source: 'fence-inside',
      paint: {
        'circle-radius': 12 * factor,
        'circle-color': 'rgba(0,0,0,0)',
        'circle-stroke-color': p.text,
        'circle-stroke-width': 1.6 * factor,
      },
    },
    {
      id: 'fence-name',
      type: 'symbol',
      source: 'fences',
      minzoom: 12.5,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': FONT,
        'text-size': 11.5 * factor,
        'symbol-placement': 'line',
        'symbol-spacing': 320,
        'text-offset': [0, 0.85],
      },
      paint: { 'text-color': p.label, 'text-halo-color': p.halo, 'text-halo-width': 1.4 },
    },
  ]
}

const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: 'FeatureCollection', features })

function fenceData(): GeoJSON.FeatureCollection {
  const editing = fenceDraft.value !== null
  return collection(
    (fences.value.value ?? []).flatMap(({ key, name, state, geometry }) => {
      const mine = key === studioPick.value
      // While it is worked on, the fence stands as its draft.
      if (!geometry || (mine && editing)) return []
      return [
        {
          type: 'Feature' as const,
          geometry: geometry as unknown as GeoJSON.Geometry,
          properties: { key, name, state, picked: mine },
        },
      ]
    }),
  )
}

function draftData(): GeoJSON.FeatureCollection {
  const spec = fenceDraft.value
  const shape = spec && (previewNow.value?.geometry ?? (spec.source.type === 'polygon' ? spec.source.geometry : null))
  return collection(shape ? [{ type: 'Feature', geometry: shape as unknown as GeoJSON.Geometry, properties: {} }] : [])
}

/** Rings around those inside the chosen fence, where they now are. */
function insideData(): GeoJSON.FeatureCollection {
  void stores.mover.version.value
  const found = previewNow.value
    ? previewNow.value.movers.map((row) => String(row.key ?? ''))
    : fenceDraft.value
      ? []
      : (insiders.value.value ?? []).filter(({ state }) => state !== 'outside').map(({ mover_key }) => mover_key)
  return collection(
    found.flatMap((key) => {
      const mover = stores.mover.get(key)
      return mover ? [{ type: 'Feature' as const, geometry: mover.geometry, properties: { key } }] : []
    }),
  )
}

function attach(map: MapLibre): () => void {
  const empty = collection([])
  for (const name of ['fences', 'fence-draft', 'fence-inside']) map.addSource(name, { type: 'geojson', data: empty })
  const put = (name: string, data: () => GeoJSON.FeatureCollection) =>
    effect(() => {
      map.getSource<GeoJSONSource>(name)?.setData(data())
    })
  const drawn = effect(() => {
    const before = map.getLayer('draw-fill') ? 'draw-fill' : undefined
    for (const id of IDS) if (map.getLayer(id)) map.removeLayer(id)
    for (const layer of layers()) map.addLayer(layer, before)
  })
  const click = (event: { point: { x: number; y: number } }) => {
    if (picking.peek() || fenceDraft.peek()) return
    const { x, y } = event.point
    const [hit] = map.queryRenderedFeatures(
      [
        [x - 5, y - 5],
        [x + 5, y + 5],
      ],
      { layers: STATES.map((state) => `fence-${state}`).filter((id) => map.getLayer(id)) },
    )
    if (hit?.properties.key) studioPick.value = String(hit.properties.key)
  }
  map.on('click', click)
  const endings = [put('fences', fenceData), put('fence-draft', draftData), put('fence-inside', insideData), drawn]
  return () => {
    map.off('click', click)
    for (const end of endings) end()
    // The map may have gone before its guests.
    if (!map.style) return
    for (const id of IDS) if (map.getLayer(id)) map.removeLayer(id)
    for (const name of ['fences', 'fence-draft', 'fence-inside']) if (map.getSource(name)) map.removeSource(name)
  }
}

/** Waits for the map where an address opened this page at once. */
export function showFences(): () => void {
  let end: (() => void) | null = null
  let frame = 0
  const look = () => {
    const map = theMap()
    if (map?.getSource('draw') && map.getLayer('draw-fill')) end = attach(map)
    else frame = requestAnimationFrame(look)
  }
  look()
  return () => {
    cancelAnimationFrame(frame)
    end?.()
  }
}
