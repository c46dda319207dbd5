/** The place of the map, with its own few controls. */
import { useEffect, useRef } from 'preact/hooks'
import { clockTime } from '../domain/format'
import { code, t } from '../i18n'
import { loudestByGrid } from '../map/calls'
import { createMap, faceNorth, goHome, tilt, zoomBy } from '../map/map'
import { callGrids } from '../state/calls'
import { catalogue } from '../state/catalogue'
import { now } from '../state/clock'
import { comparing } from '../state/heat'
import { liveAt, liveState } from '../state/live'
import { isTeam } from '../state/session'
import { camera, isPhone } from '../state/view'
import { Banner, Offer } from './Banner'
import { HeatLegend } from './HeatLegend'
import { CallingMark } from './Marks'
import { IconButton, lazily } from './Parts'
import 'maplibre-gl/dist/maplibre-gl.css'

const Swipe = lazily(async () => (await import('./Swipe')).Swipe)

function Controls() {
  const turned = (camera.value?.bearing ?? 0) !== 0 || (camera.value?.pitch ?? 0) !== 0
  return (
    <div class="map-controls">
      <IconButton icon="plus" label={t('map.zoomin')} onClick={() => zoomBy(1)} testid="zoom-in" />
      <IconButton icon="minus" label={t('map.zoomout')} onClick={() => zoomBy(-1)} testid="zoom-out" />
      <IconButton
        icon="tilt"
        label={t('map.tilt')}
        onClick={tilt}
        pressed={(camera.value?.pitch ?? 0) > 5}
        testid="tilt"
      />
      {turned && <IconButton icon="north" label={t('map.north')} onClick={faceNorth} />}
      <IconButton
        icon="home"
        label={t('map.home')}
        onClick={() => catalogue.value && goHome(catalogue.value)}
        testid="go-home"
      />
    </div>
  )
}

/** Says at once when what is on the screen is no longer live. */
export function LiveState() {
  const state = liveState.value
  if (state === 'open') return null
  if (state === 'connecting') {
    return (
      <p class="live-state" role="status">
        {t('live.connecting')}
      </p>
    )
  }
  const at = liveAt.value
  return (
    <p class="live-state is-lost" role="status" data-testid="live-lost">
      {at === null ? t('live.lost.never') : t('live.lost', { at: clockTime(new Date(at).toISOString(), now.value) })}
    </p>
  )
}

const SHOWN = ['unanswered', 'calling', 'waiting', 'answered'] as const

/** What the paint of grids means, while there is any, and how many of each. */
function CallsLegend() {
  const grids = loudestByGrid(callGrids.value)
  if (grids.length === 0) return null
  const of = (state: string) =>
    grids.filter(({ properties: p }) => p.state === state || (state === 'answered' && p.state === 'confirmed')).length
  return (
    <ul class="calls-legend" aria-label={t('why.alerts')} data-testid="calls-legend">
      {SHOWN.map((state) => (
        <li key={state}>
          <CallingMark state={state} size={1} />
          {code('calling', state)} <b>{of(state)}</b>
        </li>
      ))}
    </ul>
  )
}

export function MapArea() {
  const host = useRef<HTMLDivElement>(null)
  const city = catalogue.value
  useEffect(() => {
    if (!host.current || !city) return
    return createMap(host.current, city)
    // One map for the life of the page: the catalogue is read once.
  }, [])
  return (
    <main class="map-area" id="map">
      <div class="map" ref={host} role="application" aria-label={t('map.label')} data-testid="map" />
      {comparing.value && <Swipe />}
      <div class="map-top">
        <LiveState />
        {!isPhone.value && <Banner />}
        {!isPhone.value && <Offer />}
      </div>
      {!isPhone.value && <Controls />}
      <HeatLegend />
      {!isPhone.value && !isTeam.value && <CallsLegend />}
    </main>
  )
}
