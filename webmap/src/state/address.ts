/**
 * The address restores the view: `#m=14.2/30.1/106.5&s=hazard:HZ-017&p=heat&l=-camera,+grid&h=incidents:matter-06:7d@fri18-24:1:75`.
 *
 * `h` is surface, categories, window, rings, opacity; then, where they differ from the plain ones, sources, severities,
 * weight, half-life and hot spots. `c` is a second window and where the map is parted; `t` a tab of the heat with its
 * category and grid; `k` what is open in a studio page; `e` the area, start and days whose effect is asked for.
 */
import { batch, effect } from '@preact/signals'
import { readWindow } from '../domain/window'
import { isTeam } from './session'
import {
  type Camera,
  type Compare,
  camera,
  compare,
  EFFECT_DEFAULT,
  type EffectAsk,
  effectAsk,
  evidenceCategory,
  HEAT_DEFAULT,
  HEAT_TABS,
  type HeatChoice,
  type HeatTab,
  HOT_KINDS,
  heat,
  heatTab,
  isStudio,
  layerChoice,
  PANELS,
  type Panel,
  type PhoneTab,
  panel,
  phoneTab,
  type Selection,
  selection,
  studioPick,
  trendGrid,
} from './view'

export interface Address {
  camera: Camera | null
  selection: Selection | null
  panel: Panel
  pick: string
  layers: Record<string, boolean>
  heat: HeatChoice
  compare: Compare | null
  tab: HeatTab
  category: string
  grid: string | null
  effect: EffectAsk
}

const short = (n: number, digits: number) => String(Number(n.toFixed(digits)))
/** Colons, commas and strokes part the address's own words; an at-sign is a window's and stays legible. */
const word = (text: string) => encodeURIComponent(text).replaceAll('%40', '@')

/** What a person typed may be no encoding at all. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

const list = (text: string | undefined): string[] => (text ?? '').split(',').map(plain).filter(Boolean)

function writeHeat(choice: HeatChoice): string {
  const { surface, categories, window, smooth, opacity, sources, severities, weight, decay, hot } = choice
  const parts = [
    word(surface ?? ''),
    categories.map(word).join(','),
    word(window),
    String(smooth),
    String(Math.round(opacity * 100)),
    sources.map(word).join(','),
    severities.join(','),
    weight === 'count' ? '' : weight,
    decay === null ? '' : String(decay),
    hot === 'off' ? '' : hot,
  ]
  while (parts.length > 5 && parts.at(-1) === '') parts.pop()
  return parts.join(':')
}

function readHeat(text: string | undefined): HeatChoice {
  const [surface, categories, window = '', smooth, opacity, sources, severities, weight, decay, hot] = (
    text ?? ''
  ).split(':')
  if (!surface) return HEAT_DEFAULT
  const asked = plain(window)
  const halfLife = Number(decay)
  return {
    surface: plain(surface),
    categories: list(categories),
    window: readWindow(asked) ? asked : HEAT_DEFAULT.window,
    smooth: [0, 1, 2, 3, 4].includes(Number(smooth || -1)) ? Number(smooth) : HEAT_DEFAULT.smooth,
    opacity: Math.min(1, Math.max(0.1, Number(opacity) / 100 || HEAT_DEFAULT.opacity)),
    sources: list(sources),
    severities: list(severities)
      .map(Number)
      .filter((level) => [0, 1, 2, 3, 4].includes(level)),
    weight: weight === 'severity' ? 'severity' : 'count',
    decay: decay && halfLife > 0 && Number.isFinite(halfLife) ? halfLife : null,
    hot: HOT_KINDS.find((kind) => kind === hot) ?? 'off',
  }
}

function readCompare(text: string | undefined): Compare | null {
  const [window = '', at = ''] = (text ?? '').split(':')
  const asked = plain(window)
  if (!readWindow(asked)) return null
  return { window: asked, at: Math.min(0.95, Math.max(0.05, Number(at || 50) / 100 || 0.5)) }
}

function writeEffect({ grid, ring, start, days, before }: EffectAsk): string {
  const area = grid ? word(grid) : ring.map(([lon, lat]) => `${short(lon, 5)} ${short(lat, 5)}`).join(',')
  return [area.replaceAll(' ', '+'), start, days, before].join(':')
}

function readEffect(text: string | undefined): EffectAsk {
  const [area = '', start = '', days, before] = (text ?? '').split(':')
  const count = (value: string | undefined, fallback: number) => {
    const n = Number(value)
    return Number.isInteger(n) && n >= 1 && n <= 730 ? n : fallback
  }
  const ring = area.includes('+')
    ? area.split(',').flatMap((pair) => {
        const [lon = Number.NaN, lat = Number.NaN] = pair.split('+').map(Number)
        return Math.abs(lon) <= 180 && Math.abs(lat) <= 85 ? [[lon, lat] as const] : []
      })
    : []
  return {
    grid: area.includes('+') ? '' : plain(area),
    ring: ring.length >= 3 ? ring : [],
    start: /^\d{4}-\d\d-\d\d$/.test(start) ? start : '',
    days: count(days, EFFECT_DEFAULT.days),
    before: count(before, EFFECT_DEFAULT.before),
  }
}

export function writeAddress(view: Address): string {
  const parts: string[] = []
  if (view.camera) {
    const { zoom, lat, lon, bearing, pitch } = view.camera
    const spot = [short(zoom, 2), short(lat, 5), short(lon, 5)]
    if (bearing || pitch) spot.push(short(bearing, 1), short(pitch, 1))
    parts.push(`m=${spot.join('/')}`)
  }
  if (view.selection) parts.push(`s=${view.selection.layer}:${encodeURIComponent(view.selection.key)}`)
  if (view.panel !== 'now') parts.push(`p=${view.panel}`)
  if (view.pick) parts.push(`k=${word(view.pick)}`)
  const layers = Object.entries(view.layers).map(([name, on]) => `${on ? '+' : '-'}${name}`)
  if (layers.length) parts.push(`l=${layers.join(',')}`)
  if (view.heat.surface) parts.push(`h=${writeHeat(view.heat)}`)
  if (view.compare) parts.push(`c=${word(view.compare.window)}:${Math.round(view.compare.at * 100)}`)
  if (view.tab !== 'surface' || view.category || view.grid) {
    const words = [view.tab, word(view.category), word(view.grid ?? '')]
    while (words.at(-1) === '') words.pop()
    parts.push(`t=${words.join(':')}`)
  }
  const { grid, ring, start } = view.effect
  if (grid || ring.length || start) parts.push(`e=${writeEffect(view.effect)}`)
  return parts.length ? `#${parts.join('&')}` : ''
}

function readCamera(text: string | undefined): Camera | null {
  const [zoom, lat, lon, bearing = 0, pitch = 0] = (text ?? '').split('/').map(Number)
  if (zoom === undefined || lat === undefined || lon === undefined) return null
  if (![zoom, lat, lon, bearing, pitch].every(Number.isFinite)) return null
  if (Math.abs(lat) > 85 || Math.abs(lon) > 180) return null
  return { zoom, lat, lon, bearing, pitch }
}

export function readAddress(hash: string): Address {
  const parts = new Map<string, string>()
  for (const pair of hash.replace(/^#/, '').split('&')) {
    const cut = pair.indexOf('=')
    if (cut > 0) parts.set(pair.slice(0, cut), pair.slice(cut + 1))
  }
  const picked = parts.get('s') ?? ''
  const colon = picked.indexOf(':')
  const wanted = parts.get('p')
  const layers: Record<string, boolean> = {}
  for (const entry of (parts.get('l') ?? '').split(',')) {
    if (/^[+-]\w+$/.test(entry)) layers[entry.slice(1)] = entry.startsWith('+')
  }
  const [tab, category = '', grid = ''] = (parts.get('t') ?? '').split(':')
  return {
    camera: readCamera(parts.get('m')),
    selection: colon > 0 ? { layer: picked.slice(0, colon), key: plain(picked.slice(colon + 1)) } : null,
    panel: PANELS.find((name) => name === wanted) ?? 'now',
    pick: plain(parts.get('k') ?? ''),
    layers,
    heat: readHeat(parts.get('h')),
    compare: readCompare(parts.get('c')),
    tab: HEAT_TABS.find((name) => name === tab) ?? 'surface',
    category: plain(category),
    grid: plain(grid) || null,
    effect: readEffect(parts.get('e')),
  }
}

/** In the hand the sheet shows one thing at a time: which of them an address means; else what was looked at stays. */
export function tabOf({ panel, selection }: Pick<Address, 'panel' | 'selection'>, before: PhoneTab): PhoneTab {
  // A team's sheet has no studio.
  if (isStudio(panel) && !isTeam.peek()) return 'studio'
  return selection || before === 'studio' ? 'map' : before
}

function take(address: Address): void {
  batch(() => {
    phoneTab.value = tabOf(address, phoneTab.peek())
    if (address.camera) camera.value = address.camera
    selection.value = address.selection
    panel.value = address.panel
    studioPick.value = address.pick
    layerChoice.value = address.layers
    heat.value = address.heat
    compare.value = address.compare
    heatTab.value = address.tab
    evidenceCategory.value = address.category
    trendGrid.value = address.grid
    effectAsk.value = address.effect
  })
}

let started = false

/** Reads the address once, then keeps it written; an address typed by hand is taken too. */
export function startAddress(onCamera: (camera: Camera) => void): void {
  if (started) return
  started = true
  take(readAddress(location.hash))
  let written = location.hash
  effect(() => {
    written = writeAddress({
      camera: camera.value,
      selection: selection.value,
      panel: panel.value,
      pick: studioPick.value,
      layers: layerChoice.value,
      heat: heat.value,
      compare: compare.value,
      tab: heatTab.value,
      category: evidenceCategory.value,
      grid: trendGrid.value,
      effect: effectAsk.value,
    })
    history.replaceState(null, '', written || location.pathname + location.search)
  })
  addEventListener('hashchange', () => {
    if (location.hash === written) return
    const address = readAddress(location.hash)
    take(address)
    if (address.camera) onCamera(address.camera)
  })
}
