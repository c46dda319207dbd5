/** The one map: built once, changed only by effects on state, telling state where it looks. */
import { computed, effect } from '@preact/signals'
import {
  AttributionControl,
  type GeoJSONSource,
  Map as MapLibre,
  ScaleControl,
  setWorkerUrl,
  type VectorTileSource,
} from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { api } from '../api/client'
import type { Catalogue, MapFeature } from '../api/types'
import { boundsOf, middleOf } from '../domain/geo'
import { paced } from '../domain/pace'
import { lang } from '../i18n'
import { wantClasses } from '../state/classes'
import { nowCoarse } from '../state/clock'
import { effectArea, effectFound } from '../state/effect'
import { stores } from '../state/features'
import { currentSurface, heatAsk, heatVersion, kindOf, noteHeat } from '../state/heat'
import { hotspots } from '../state/hotspots'
import { heatLegend } from '../state/legend'
import { onTileChange } from '../state/live'
import { type Camera, camera, heat, selection, theme, zoomFactor } from '../state/view'
import { byHazard } from '../state/warnings'
import { readPalette } from '../theme/palette'
import { startCalls } from './calls'
import type { StyleContext } from './context'
import { startDrawing } from './draw'
import { effort } from './effort'
import { drawSectors } from './fov'
import { hotspotData } from './hotspots'
import { startInteraction } from './interact'
import { startMine } from './mine'
import { startMovers } from './movers'
import { startPulse } from './pulse'
import { hazardData, incidentData, isSolved, sensorData, teamData, warningData } from './sources'
import { spareEmpty } from './spare'
import { applyStyle, buildStyle, heatSourceTiles, TILE_LAYERS } from './style'
import { serveSymbols } from './symbols'
import { layerVisible } from './visibility'

setWorkerUrl(workerUrl)

declare global {
  interface Window {
    /** For browser tests: the one map. */
    __onemap?: { map: MapLibre }
  }
}

/** A tile layer is asked again at most this often, however many of its features change. */
const REFRESH_MS = 1000
/** Where the stream says nothing of a surface, it follows the layers it is made of, but need not follow each change. */
const HEAT_REFRESH_MS = 10_000
/** Where the stream says that its cells changed, what follows at once is gathered this long. */
const HEAT_LIVE_MS = 250

let map: MapLibre | null = null

function followTiles(live: MapLibre): () => void {
  const refreshers = new Map<string, () => void>()
  const refresh = (source: string, ms: number) => {
    let run = refreshers.get(source)
    if (!run) {
      run = paced(ms, () => {
        if (live.getSource(source)) live.refreshTiles(source)
      }).run
      refreshers.set(source, run)
    }
    run()
  }
  const heatAgain = paced(HEAT_REFRESH_MS, () => {
    const { surface } = heat.peek()
    if (surface) noteHeat(surface)
  })
  return onTileChange((layer) => {
    if (live.getSource(`tiles-${layer}`)) refresh(`tiles-${layer}`, REFRESH_MS)
    const surface = currentSurface()
    if (surface && (layer === 'incident' || (kindOf(surface) === 'risk' && layer !== 'mover'))) heatAgain.run()
  })
}

/** Another question: what stands answers the last one, and must not be read by this one's colours. */
export function askAnew(live: MapLibre, tiles: string[]): void {
  live.style.tileManagers.heat?.clearTiles()
  live.getSource<VectorTileSource>('heat')?.setTiles(tiles)
}

/** New cells replace the old ones where they stand: a tile keeps what it shows until its successor is there. */
export function followHeat(live: MapLibre): () => void {
  const again = paced(HEAT_LIVE_MS, () => {
    if (live.getSource('heat')) live.refreshTiles('heat')
  })
  let known: string | null = null
  const dispose = effect(() => {
    const { surface } = heat.value
    const version = heatVersion(surface).value
    const [before] = (known ?? '').split(' ')
    known = `${surface ?? ''} ${version}`
    if (surface && before === surface) again.run()
  })
  return () => {
    again.stop()
    dispose()
  }
}

/** Readings and cases change many times a second on a wet night; the eye is served twice a second. */
const CALM_MS = 500
/** On a screen that draws with effort, what is not a warning waits for its turn. */
const HEAVY_CALM_MS = 4000
const calmMs = () => (effort.heavy ? HEAVY_CALM_MS : CALM_MS)

function followData(live: MapLibre): (() => void)[] {
  const put = (source: string, data: () => GeoJSON.FeatureCollection, ms: number | (() => number) = 0) => {
    let latest: GeoJSON.FeatureCollection | null = null
    const { run, stop } = paced(ms, () => {
      if (latest) live.getSource<GeoJSONSource>(source)?.setData(latest)
    })
    const dispose = effect(() => {
      latest = data()
      run()
    })
    return () => {
      stop()
      dispose()
    }
  }
  return [
    put('hazard', () => hazardData(stores.hazard.all(), byHazard.value)),
    put('warning', () => warningData(stores.warning.all())),
    put('sensor', () => sensorData(stores.sensor.all(), nowCoarse.value, lang.value), calmMs),
    put(
      'incident',
      () =>
        incidentData(
          stores.incident.all().filter((item) => !isSolved(item)),
          nowCoarse.value,
        ),
      calmMs,
    ),
    put('incident-solved', () => incidentData(stores.incident.all().filter(isSolved), nowCoarse.value), calmMs),
    put('team', () => teamData(stores.team.all()), calmMs),
    put('hotspots', () => hotspotData(hotspots.value.found)),
    put('effect', () => effectData(effectArea.value, effectFound.value?.comparison_cells ?? null)),
  ]
}

function effectData(area: GeoJSON.Geometry | null, comparison: GeoJSON.Geometry | null): GeoJSON.FeatureCollection {
  const shape = (geometry: GeoJSON.Geometry | null, part: string) =>
    geometry ? [{ type: 'Feature' as const, geometry, properties: { part } }] : []
  return { type: 'FeatureCollection', features: [...shape(comparison, 'comparison'), ...shape(area, 'treated')] }
}

/** The selected feature's shape: held features follow their changes, others are asked for once. */
function followSelection(live: MapLibre): () => void {
  let asked = 0
  let picked: { key: string; feature: GeoJSON.Feature | null } | null = null
  const draw = (feature: GeoJSON.Feature | null, layer: string, key: string) => {
    const shape = feature ? [{ type: 'Feature' as const, geometry: feature.geometry, properties: {} }] : []
    live.getSource<GeoJSONSource>('selected')?.setData({ type: 'FeatureCollection', features: shape })
    picked = layer === 'camera' ? { key, feature } : null
    drawSectors(live, picked)
  }
  live.on('idle', () => drawSectors(live, picked))
  return effect(() => {
    const chosen = selection.value
    const turn = ++asked
    if (!chosen) return draw(null, '', '')
    const { layer, key } = chosen
    if (layer in stores) {
      const held = stores[layer as keyof typeof stores].get(key)
      return draw(held ?? null, layer, key)
    }
    if (layer === 'heat') {
      const cell = live.querySourceFeatures('heat', { sourceLayer: 'heat', filter: ['==', ['get', 'cell'], key] })[0]
      return draw(cell ? { type: 'Feature', geometry: cell.geometry, properties: {} } : null, layer, key)
    }
    api.item(layer, key).then(
      (feature) => {
        if (turn === asked) draw(feature, layer, key)
      },
      () => {
        // The panel says that it is gone; the map simply shows no ring.
        if (turn === asked) draw(null, layer, key)
      },
    )
  })
}

function followCamera(live: MapLibre): void {
  const note = () => {
    const { lng, lat } = live.getCenter()
    camera.value = { zoom: live.getZoom(), lat, lon: lng, bearing: live.getBearing(), pitch: live.getPitch() }
  }
  live.on('moveend', note)
  note()
}

/** Calls back once the first picture stands: the base and the hazards drawn, while live data and heat go on coming. */
function whenSettled(live: MapLibre, then: () => void): () => void {
  const bases = TILE_LAYERS.map((layer) => `tiles-${layer}`).filter((source) => live.getSource(source))
  const stop = () => {
    live.off('idle', done)
    live.off('render', look)
  }
  const done = () => {
    stop()
    then()
  }
  const look = () => {
    if (stores.hazard.loaded.peek() && bases.every((source) => live.isSourceLoaded(source))) done()
  }
  live.on('idle', done)
  live.on('render', look)
  return stop
}

/** A step expression wants strictly ascending limits; equal quantiles are one class. */
function ascending(breaks: number[]): number[] {
  return [...new Set(breaks)].sort((a, b) => a - b)
}

/** What the style is built from, as the state stands. */
export function contextOf(catalogue: Catalogue): StyleContext {
  const surface = currentSurface()
  return {
    catalogue,
    palette: readPalette(theme.value),
    theme: theme.value,
    lang: lang.value,
    // An answer about a place is read off the map: the surface steps back under it.
    heat: effectFound.value ? { ...heat.value, opacity: 0.15 } : heat.value,
    ask: heatAsk.value,
    kind: surface ? kindOf(surface) : 'density',
    heatBreaks: ascending(heatLegend.value?.breaks ?? []),
    factor: zoomFactor.value,
    visible: layerVisible,
  }
}

/** Builds the map; what comes back takes it down again with every effect it started. */
export function createMap(container: HTMLElement, catalogue: Catalogue): () => void {
  const style = computed(() => buildStyle(contextOf(catalogue)))
  let applied = style.value
  const start = camera.peek()
  const live = new MapLibre({
    container,
    style: applied,
    center: start ? [start.lon, start.lat] : catalogue.city.center,
    zoom: start?.zoom ?? catalogue.city.zoom,
    bearing: start?.bearing ?? 0,
    pitch: start?.pitch ?? 0,
    minZoom: 7,
    maxZoom: 20,
    maxPitch: 65,
    attributionControl: false,
    dragRotate: true,
    fadeDuration: 120,
    locale: {},
  })
  map = live
  window.__onemap = { map: live }
  live.addControl(new ScaleControl({ maxWidth: 110, unit: 'metric' }), 'bottom-left')
  live.addControl(new AttributionControl({ compact: true, customAttribution: [] }), 'bottom-left')
  serveSymbols(live)
  spareEmpty(live)

  const endings: (() => void)[] = []
  live.once('style.load', () => {
    const following = effect(() => {
      const next = style.value
      if (next === applied) return
      applyStyle(live, applied, next)
      applied = next
    })
    let heatTiles = JSON.stringify(heatSourceTiles(heat.peek().surface, heatAsk.peek()))
    const heating = effect(() => {
      const tiles = heatSourceTiles(heat.value.surface, heatAsk.value)
      const text = JSON.stringify(tiles)
      if (text === heatTiles) return
      heatTiles = text
      askAnew(live, tiles)
    })
    followCamera(live)
    startInteraction(live)
    // After the pointer's own work, which leaves a click alone while an area is drawn.
    endings.push(startDrawing(live), followHeat(live))
    endings.push(
      following,
      heating,
      ...followData(live),
      followTiles(live),
      followSelection(live),
      startPulse(live),
      startMine(live, start !== null),
      startCalls(live),
      effect(() => {
        if (layerVisible('part')) wantClasses('part')
      }),
    )
    endings.push(
      whenSettled(live, () => {
        document.body.dataset.mapIdle = '1'
        // What never rests starts once the first picture has come to rest, so that it can.
        endings.push(startMovers(live), startPulse(live))
      }),
    )
  })
  live.on('error', ({ error }) => {
    // A tile that fails leaves its hole; the live line above says when the server is away.
    if (error?.message) console.warn('map:', error.message)
  })
  return () => {
    for (const end of endings) end()
    map = null
    delete document.body.dataset.mapIdle
    live.remove()
  }
}

const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/** Moves the map because a person asked for it. */
export function flyTo(lon: number, lat: number, zoom = 15.5): void {
  if (!map) return
  map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), zoom), duration: calm() ? 0 : 600 })
}

export function goTo(feature: MapFeature): void {
  const [lon, lat] = middleOf(feature.geometry)
  flyTo(lon, lat)
}

/** Looks at the whole of a shape. */
export function fitTo(geometry: GeoJSON.Geometry, maxZoom = 15): void {
  const [w, s, e, n] = boundsOf(geometry)
  if (!map) return
  const { clientWidth, clientHeight } = map.getContainer()
  // In the hand the map is a strip: air, but not all of it.
  const padding = Math.min(90, 0.15 * Math.min(clientWidth, clientHeight))
  map.fitBounds([w, s, e, n], { padding, maxZoom, duration: calm() ? 0 : 600 })
}

export function mapCentre(): [number, number] | null {
  const centre = map?.getCenter()
  return centre ? [centre.lng, centre.lat] : null
}

/** The one map, for what must move with it. */
export function theMap(): MapLibre | null {
  return map
}

export function goHome(catalogue: Catalogue): void {
  map?.easeTo({
    center: catalogue.city.center,
    zoom: catalogue.city.zoom,
    bearing: 0,
    pitch: 0,
    duration: calm() ? 0 : 600,
  })
}

export function jumpTo(spot: Camera): void {
  map?.jumpTo({ center: [spot.lon, spot.lat], zoom: spot.zoom, bearing: spot.bearing, pitch: spot.pitch })
}

export function zoomBy(step: number): void {
  map?.easeTo({ zoom: map.getZoom() + step, duration: calm() ? 0 : 200 })
}

export function faceNorth(): void {
  map?.easeTo({ bearing: 0, pitch: 0, duration: calm() ? 0 : 300 })
}

export function tilt(): void {
  map?.easeTo({ pitch: map.getPitch() > 5 ? 0 : 55, zoom: Math.max(map.getZoom(), 16), duration: calm() ? 0 : 500 })
}

export function resizeMap(): void {
  map?.resize()
}

/** Name of the place nearest the point, among the places the map has drawn tiles for. */
export function placeNear(lon: number, lat: number): string | null {
  if (!map?.getSource('tiles-place')) return null
  let best: { name: string; d: number } | null = null
  for (const feature of map.querySourceFeatures('tiles-place', { sourceLayer: 'place' })) {
    const { kind, name, name_en } = feature.properties
    if (!name || (kind !== 'street' && kind !== 'community') || feature.geometry.type !== 'Point') continue
    const [x = 0, y = 0] = feature.geometry.coordinates
    const d = (x - lon) ** 2 + (y - lat) ** 2
    if (!best || d < best.d) best = { name: String(lang.value === 'zh' ? name : name_en || name), d }
  }
  return best?.name ?? null
}
