/** Desk and wall: rail, what matters, map over timeline, detail. Panels resize, collapse and remember. */
import type { Signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { t } from '../i18n'
import { resizeMap } from '../map/map'
import {
  isStudio,
  leftOpen,
  leftWidth,
  type Panel,
  panel,
  planOpen,
  rightOpen,
  rightWidth,
  selection,
  studioPick,
} from '../state/view'
import { Detail } from './Detail'
import { FeedsPanel } from './FeedsPanel'
import { HeatPanel } from './HeatPanel'
import { LayersPanel } from './LayersPanel'
import { CasesPanel, WarningsPanel } from './ListPanels'
import { MapArea } from './MapArea'
import { NowList } from './NowList'
import { IconButton, lazily } from './Parts'
import { Rail } from './Rail'
import { PlanSide, PlanTools, STUDIO_LISTS, STUDIO_PAGES } from './Studio'
import { TimelineBar } from './TimelineBar'
import { TopBar } from './TopBar'

export const BODIES: Record<Panel, ComponentType> = {
  now: NowList,
  heat: HeatPanel,
  warnings: WarningsPanel,
  incidents: CasesPanel,
  layers: LayersPanel,
  feeds: FeedsPanel,
  deliveries: lazily(async () => (await import('./Deliveries')).DeliveriesPanel),
  ...STUDIO_LISTS,
}

export const PANEL_TITLES = {
  now: 'now.title',
  heat: 'heat.title',
  warnings: 'rail.warnings',
  incidents: 'case.title',
  layers: 'layers.title',
  feeds: 'feeds.title',
  deliveries: 'ledger.title',
  rules: 'rail.rules',
  rosters: 'rail.rosters',
  fences: 'rail.fences',
  drills: 'rail.drills',
  plan: 'rail.plan',
} as const

interface HandleProps {
  width: Signal<number>
  /** 1 where dragging right widens the panel, -1 where it narrows it. */
  side: 1 | -1
  range: readonly [number, number]
}

function Handle({ width, side, range }: HandleProps) {
  const set = (value: number) => {
    width.value = Math.round(Math.min(range[1], Math.max(range[0], value)))
    resizeMap()
  }
  const onPointerDown = (event: PointerEvent) => {
    const node = event.currentTarget as HTMLElement
    const start = event.clientX
    const before = width.value
    const factor = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16
    node.setPointerCapture(event.pointerId)
    node.onpointermove = (move) => set(before + ((move.clientX - start) / factor) * side)
    node.onpointerup = () => {
      node.onpointermove = null
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    event.preventDefault()
    set(width.value + (event.key === 'ArrowRight' ? 16 : -16) * side)
  }
  return (
    <hr
      class="handle"
      aria-orientation="vertical"
      aria-label={t('panel.resize')}
      aria-valuenow={width.value}
      aria-valuemin={range[0]}
      aria-valuemax={range[1]}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  )
}

export function Desk() {
  const Body = BODIES[panel.value]
  // A plan is worked on upon the map itself, with its tools around it and its figures beside it.
  const planning = planOpen.value
  const Page = !planning && isStudio(panel.value) && studioPick.value ? STUDIO_PAGES[panel.value] : undefined
  const left = leftOpen.value && !planning
  const right = rightOpen.value && !planning && selection.value !== null && !Page
  return (
    <div class="desk">
      <TopBar />
      <div class="desk-body">
        <Rail />
        {left && (
          <aside
            class="panel left"
            style={{ width: `${leftWidth.value / 16}rem` }}
            aria-label={t(PANEL_TITLES[panel.value])}
            data-testid="left-panel"
          >
            <header class="panel-head">
              <h2>{t(PANEL_TITLES[panel.value])}</h2>
              <IconButton icon="left" label={t('panel.collapse')} onClick={() => (leftOpen.value = false)} />
            </header>
            <div class="panel-body">
              <Body />
            </div>
            <Handle width={leftWidth} side={1} range={[260, 560]} />
          </aside>
        )}
        <div class={`desk-map ${planning ? 'is-planning' : ''}`}>
          <MapArea />
          {planning ? <PlanTools /> : <TimelineBar />}
          {Page && <Page />}
        </div>
        {planning && rightOpen.value && (
          <aside class="panel right" style={{ width: `${rightWidth.value / 16}rem` }} data-testid="plan-side">
            <Handle width={rightWidth} side={-1} range={[300, 640]} />
            <div class="panel-body">
              <PlanSide />
            </div>
          </aside>
        )}
        {right && (
          <aside class="panel right" style={{ width: `${rightWidth.value / 16}rem` }} data-testid="detail-panel">
            <Handle width={rightWidth} side={-1} range={[300, 640]} />
            <div class="panel-body">
              <Detail />
            </div>
            <div class="panel-close">
              <IconButton
                icon="close"
                label={t('panel.close')}
                onClick={() => (selection.value = null)}
                testid="detail-close"
              />
            </div>
          </aside>
        )}
      </div>
    </div>
  )
}
