/** In the hand: the map, a sheet that leads with what is mine, and four places at the foot. */

import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../i18n'
import { resizeMap } from '../map/map'
import { openAlerts } from '../state/alerts'
import { NOTICE_POLL_MS, notices, unread } from '../state/notices'
import { waiting } from '../state/outbox'
import { account, isTeam } from '../state/session'
import { useFollow } from '../state/studio'
import { overlay, type PhoneTab, phoneTab, selection } from '../state/view'
import { warnings } from '../state/warnings'
import { Banner } from './Banner'
import { Detail } from './Detail'
import { HeatPanel } from './HeatPanel'
import { Icon, type IconName } from './Icon'
import { LayersPanel } from './LayersPanel'
import { MapArea } from './MapArea'
import { LevelMark } from './Marks'
import { Settings } from './Menu'
import { Mine } from './Mine'
import { NowList } from './NowList'
import { IconButton } from './Parts'
import { ReportForm } from './Report'
import { StudioLinks, StudioSheet } from './Studio'
import { Clock } from './TopBar'

type Snap = 'peek' | 'half' | 'full'
const ORDER: readonly Snap[] = ['peek', 'half', 'full']
const snap = signal<Snap>('half')

function tabs(): readonly [PhoneTab, IconName, string][] {
  if (isTeam.value) {
    const n = openAlerts.value.length + unread.value
    return [
      ['map', 'now', t('phone.map')],
      ['mine', 'warnings', n ? `${t('phone.mine')} ${n}` : t('phone.mine')],
      ['report', 'report', t('phone.report')],
      ['me', 'user', t('phone.me')],
    ]
  }
  const n = warnings.value.length
  return [
    ['map', 'now', t('phone.map')],
    ['now', 'warnings', n ? `${t('phone.now')} ${n}` : t('phone.now')],
    ['heat', 'heat', t('rail.heat')],
    ['layers', 'layers', t('rail.layers')],
    ['me', 'user', t('phone.me')],
  ]
}

function openSheet(): void {
  phoneTab.value = 'studio'
  snap.value = 'full'
}

function Body({ tab }: { tab: PhoneTab }) {
  if (tab === 'mine') return <Mine />
  if (tab === 'report') return <ReportForm />
  if (tab === 'studio') return <StudioSheet />
  if (tab === 'me') {
    return (
      <>
        {!isTeam.value && <StudioLinks onOpen={openSheet} />}
        <Settings />
      </>
    )
  }
  if (tab === 'now') return <NowList />
  if (tab === 'heat') return <HeatPanel />
  if (tab === 'layers') return <LayersPanel />
  return <Detail />
}

/** Dragging the grip or pressing it moves the sheet between its three heights. */
function Grip() {
  const start = useRef(0)
  const move = (by: number) => {
    const next = ORDER[Math.min(2, Math.max(0, ORDER.indexOf(snap.value) + by))]
    if (next) snap.value = next
  }
  return (
    <button
      type="button"
      class="grip"
      aria-label={t('phone.sheet')}
      onPointerDown={(event) => {
        start.current = event.clientY
        event.currentTarget.setPointerCapture(event.pointerId)
      }}
      onPointerUp={(event) => {
        const by = event.clientY - start.current
        if (Math.abs(by) < 8) snap.value = snap.value === 'full' ? 'half' : 'full'
        else move(by < 0 ? 1 : -1)
      }}
      onKeyDown={(event) => {
        if (event.key === 'ArrowUp') move(1)
        if (event.key === 'ArrowDown') move(-1)
      }}
    >
      <span />
    </button>
  )
}

/** A team's notices, followed whatever is open: the foot says how many wait. */
function Told() {
  useFollow(notices, NOTICE_POLL_MS, 'notice')
  return null
}

export function Phone() {
  const tab = phoneTab.value
  const worst = isTeam.value ? openAlerts.value[0]?.level : warnings.value[0]?.level
  const open = tab !== 'map' || selection.value !== null
  useEffect(() => {
    resizeMap()
  }, [open, snap.value])
  const go = (next: PhoneTab) => {
    phoneTab.value = next
    if (next === 'map') selection.value = null
    else if (snap.value === 'peek') snap.value = 'half'
  }
  return (
    <div class="phone">
      <header class="phone-top">
        <strong>{account.value?.title || account.value?.login}</strong>
        <span class="grow" />
        {waiting.value.length > 0 && (
          <button type="button" class="chip chip-waiting" onClick={() => go('mine')} data-testid="pending-count">
            {t('outbox.waiting', { n: waiting.value.length })}
          </button>
        )}
        {worst && <LevelMark level={worst} size={1.1} />}
        <Clock />
        <IconButton
          icon="search"
          label={t('search.label')}
          onClick={() => (overlay.value = 'search')}
          testid="open-search"
        />
      </header>
      <MapArea />
      {isTeam.value && <Told />}
      {!isTeam.value && <Banner />}
      {open && (
        <section class={`sheet sheet-${snap.value}`} data-testid="sheet">
          <Grip />
          <div class="sheet-body">
            {tab === 'map' && (
              <div class="panel-close">
                <IconButton icon="close" label={t('panel.close')} onClick={() => (selection.value = null)} />
              </div>
            )}
            <Body tab={tab} />
          </div>
        </section>
      )}
      <nav class="phone-nav" aria-label={t('rail.label')}>
        {tabs().map(([name, icon, text]) => (
          <button
            type="button"
            key={name}
            class={tab === name ? 'is-on' : ''}
            aria-pressed={tab === name}
            onClick={() => go(name)}
            data-testid={`tab-${name}`}
          >
            <Icon name={icon} size={1.3} />
            {text}
          </button>
        ))}
      </nav>
    </div>
  )
}
