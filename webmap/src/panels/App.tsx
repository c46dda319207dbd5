/** The page: the door, then the desk or the hand, with what lies over both. */
import { useEffect } from 'preact/hooks'
import { lang, t } from '../i18n'
import { jumpTo } from '../map/map'
import { startAddress } from '../state/address'
import { followCalls, loadCalls } from '../state/calls'
import { catalogue, catalogueError, cityName, loadCatalogue } from '../state/catalogue'
import { startClock } from '../state/clock'
import { loadDeliveries } from '../state/deliveries'
import { loadFeeds } from '../state/feeds'
import { followHotspots } from '../state/hotspots'
import { followLegend } from '../state/legend'
import { loadAll, startLive } from '../state/live'
import { startOffline } from '../state/offline'
import { startOutbox } from '../state/outbox'
import { isTeam, resume, session } from '../state/session'
import { loadTimeline } from '../state/timeline'
import { dismiss, problemText, toasts } from '../state/toast'
import { isPhone, overlay, phoneTab, selection } from '../state/view'
import { startRedTone } from '../state/warnings'
import { Desk } from './Desk'
import { KeyList, useKeys } from './Keys'
import { Menu } from './Menu'
import { lazily } from './Parts'
import { Phone } from './Phone'
import { SignIn } from './SignIn'

/** What no event tells is asked again at this pace. */
const POLL_MS = 30_000

let started = false

function start(): void {
  void startLive()
  if (started) return
  started = true
  startRedTone()
  followLegend()
  followHotspots()
  startOutbox()
  startOffline()
  followCalls()
  setInterval(() => {
    if (document.hidden || session.peek() !== 'in') return
    void Promise.allSettled([loadTimeline(), loadFeeds(), loadCalls(), loadDeliveries()])
  }, POLL_MS)
  // A page that slept may have missed more than the stream can replay.
  let hiddenAt = 0
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hiddenAt = Date.now()
    else if (hiddenAt && Date.now() - hiddenAt > 300_000) void loadAll()
  })
}

function Toasts() {
  return (
    <div class="toasts" aria-live="polite">
      {toasts.value.map(({ id, text, tone }) => (
        <button type="button" key={id} class={`toast toast-${tone}`} onClick={() => dismiss(id)} data-testid="toast">
          {text}
        </button>
      ))}
    </div>
  )
}

/** Fetched when it is first opened: the map does not wait for it. */
const Search = lazily(async () => (await import('./Search')).Search)

function Overlays() {
  const which = overlay.value
  if (!which) return null
  return (
    <>
      <button
        type="button"
        class={`shade ${which === 'menu' ? 'is-clear' : ''}`}
        aria-label={t('panel.close')}
        onClick={() => (overlay.value = null)}
      />
      {which === 'search' && <Search />}
      {which === 'keys' && <KeyList />}
      {which === 'menu' && <Menu />}
    </>
  )
}

function Inside() {
  useKeys()
  useEffect(() => {
    startAddress(jumpTo)
    // A team's first look is at its own work; known before the map is built, so that it fits the room left to it.
    if (isTeam.peek() && !selection.peek()) phoneTab.value = 'mine'
    void loadCatalogue()
  }, [])
  const ready = catalogue.value !== null
  useEffect(() => {
    if (ready) start()
  }, [ready])
  useEffect(() => {
    document.title = cityName.value ? `${cityName.value} ${t('app.name')}` : t('app.name')
  }, [cityName.value, lang.value])
  if (!catalogue.value) {
    return (
      <main class="starting" aria-busy={!catalogueError.value}>
        {catalogueError.value ? (
          <>
            <h1>{t('app.failed')}</h1>
            <p>{problemText(catalogueError.value)}</p>
            <button type="button" class="button primary" onClick={() => void loadCatalogue()}>
              {t('app.retry')}
            </button>
          </>
        ) : (
          <p>{t('app.starting')}</p>
        )}
      </main>
    )
  }
  return (
    <>
      {isPhone.value || isTeam.value ? <Phone /> : <Desk />}
      <Overlays />
    </>
  )
}

export function App() {
  useEffect(() => {
    startClock()
    void resume()
  }, [])
  const state = session.value
  return (
    <>
      {state === 'unknown' && <main class="starting" aria-busy="true" />}
      {(state === 'out' || state === 'offline') && <SignIn />}
      {state === 'in' && <Inside />}
      <Toasts />
    </>
  )
}
