/** What the person has opened: panels, layers, theme, selection. The address keeps it. */
import { batch, computed, effect, signal } from '@preact/signals'
import { isBoolean, isNumberIn, isOneOf, kept } from './keep'

export type Theme = 'dark' | 'light' | 'contrast'
export const THEMES: readonly Theme[] = ['dark', 'light', 'contrast']
export const theme = kept<Theme>('theme', 'dark', isOneOf('dark', 'light', 'contrast'))

export type Scale = 'desk' | 'wall'
export const scale = kept<Scale>('scale', 'desk', isOneOf('desk', 'wall'))
export const soundOn = kept('sound', false, isBoolean)

export type Studio = 'rules' | 'rosters' | 'fences' | 'drills' | 'plan'
export const STUDIOS: readonly Studio[] = ['rules', 'rosters', 'fences', 'drills', 'plan']
export type Panel = 'now' | 'heat' | 'warnings' | 'incidents' | 'layers' | 'feeds' | 'deliveries' | Studio
export const PANELS: readonly Panel[] = [
  'now',
  'heat',
  'warnings',
  'incidents',
  'layers',
  'feeds',
  'deliveries',
  ...STUDIOS,
]
export const panel = signal<Panel>('now')
export const isStudio = (name: Panel): name is Studio => (STUDIOS as readonly Panel[]).includes(name)

/** What is open in the studio page of the rail: a rule, an organisation, a fence, a drill, a plan; `+` is one in the making. */
export const studioPick = signal('')

/** Stands in the address for a thing in the making. */
export const IN_THE_MAKING = '+'
export const planOpen = computed(
  () => panel.value === 'plan' && studioPick.value !== '' && studioPick.value !== IN_THE_MAKING,
)

/** The plan that was open when its page was left, however that was; empty where its list was. */
let planLeft = ''
effect(() => {
  if (panel.value === 'plan') planLeft = planOpen.value ? studioPick.value : ''
})

/** Another page of the rail: a plan is come back to as it was left, the others begin with their lists. */
export function openPage(name: Panel): void {
  if (panel.peek() === name) return
  batch(() => {
    const back = planLeft
    panel.value = name
    studioPick.value = name === 'plan' ? back : ''
  })
}

export const leftOpen = kept('left.open', true, isBoolean)
export const rightOpen = kept('right.open', true, isBoolean)
export const timelineOpen = kept('timeline.open', true, isBoolean)
export const leftWidth = kept('left.width', 340, isNumberIn(260, 560))
export const rightWidth = kept('right.width', 380, isNumberIn(300, 640))

export type Overlay = 'search' | 'keys' | 'menu' | null
export const overlay = signal<Overlay>(null)

/** A thing on the map: layer and key; a heat cell has the layer `heat`. */
export interface Selection {
  layer: string
  key: string
}
export const selection = signal<Selection | null>(null)

export function select(layer: string, key: string): void {
  const current = selection.peek()
  if (current?.layer === layer && current.key === key) {
    rightOpen.value = true
    return
  }
  batch(() => {
    selection.value = { layer, key }
    rightOpen.value = true
    phoneTab.value = 'map'
  })
}

export type PhoneTab = 'map' | 'mine' | 'report' | 'me' | 'now' | 'heat' | 'layers' | 'studio'
export const phoneTab = signal<PhoneTab>('map')

/** Layers whose visibility differs from their default. */
export const layerChoice = signal<Record<string, boolean>>({})

/** What stands under the heat's entry: the map's own choice, and what shows whether it can be trusted. */
export type HeatTab = 'surface' | 'backtest' | 'trends' | 'effect'
export const HEAT_TABS: readonly HeatTab[] = ['surface', 'backtest', 'trends', 'effect']
export const heatTab = signal<HeatTab>('surface')

export type HotKind = 'off' | 'gi' | 'emerging'
export const HOT_KINDS: readonly HotKind[] = ['off', 'gi', 'emerging']

export interface HeatChoice {
  surface: string | null
  /** Empty: all of them; likewise sources and severities. */
  categories: readonly string[]
  sources: readonly string[]
  severities: readonly number[]
  window: string
  weight: 'count' | 'severity'
  /** Half-life in hours; null: a case of an hour ago counts like one of last week. */
  decay: number | null
  /** Rings of neighbours that share a cell's count. */
  smooth: number
  opacity: number
  hot: HotKind
}
export const HEAT_DEFAULT: HeatChoice = {
  surface: null,
  categories: [],
  sources: [],
  severities: [],
  window: '24h',
  weight: 'count',
  decay: null,
  smooth: 1,
  opacity: 0.7,
  hot: 'off',
}
export const heat = signal<HeatChoice>(HEAT_DEFAULT)

/** A second window beside the first, and where between left and right the map is parted. */
export interface Compare {
  window: string
  at: number
}
export const compare = signal<Compare | null>(null)

/** The one category that back-test, trend and effect are looked at for; empty: all of them. */
export const evidenceCategory = signal('')
export const trendGrid = signal<string | null>(null)

export interface EffectAsk {
  /** A grid's code, or a ring of [lon, lat] that a person drew, unclosed. */
  grid: string
  ring: readonly (readonly [number, number])[]
  start: string
  days: number
  before: number
}
export const EFFECT_DEFAULT: EffectAsk = { grid: '', ring: [], start: '', days: 28, before: 84 }
export const effectAsk = signal<EffectAsk>(EFFECT_DEFAULT)

export interface Camera {
  zoom: number
  lat: number
  lon: number
  bearing: number
  pitch: number
}
/** Where the map looks; written by the map when it comes to rest. */
export const camera = signal<Camera | null>(null)

const narrow = typeof matchMedia === 'undefined' ? null : matchMedia('(max-width: 760px)')
export const isPhone = signal(narrow?.matches ?? false)
narrow?.addEventListener('change', (event) => {
  isPhone.value = event.matches
})

const wide = typeof matchMedia === 'undefined' ? null : matchMedia('(min-width: 1800px)')
const isWide = signal(wide?.matches ?? false)
wide?.addEventListener('change', (event) => {
  isWide.value = event.matches
})

/** How much larger than the 16 px desk size everything is drawn: a wide screen hangs further away. */
export const zoomFactor = computed(() => (scale.value === 'wall' ? 1.25 : isWide.value ? 1.1 : 1))

effect(() => {
  if (typeof document === 'undefined') return
  document.documentElement.dataset.theme = theme.value
  document.documentElement.style.fontSize = `${16 * zoomFactor.value}px`
})
