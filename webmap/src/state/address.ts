/** The address restores the view: `#m=14.2/30.1/106.5&s=hazard:HZ-017&p=heat&l=-camera,+grid&h=risk::24h:1:75`. */
import { batch, effect } from '@preact/signals'
import {
  type Camera,
  camera,
  HEAT_DEFAULT,
  type HeatChoice,
  heat,
  layerChoice,
  PANELS,
  type Panel,
  panel,
  type Selection,
  selection,
} from './view'

export interface Address {
  camera: Camera | null
  selection: Selection | null
  panel: Panel
  layers: Record<string, boolean>
  heat: HeatChoice
}

const short = (n: number, digits: number) => String(Number(n.toFixed(digits)))

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
  const layers = Object.entries(view.layers).map(([name, on]) => `${on ? '+' : '-'}${name}`)
  if (layers.length) parts.push(`l=${layers.join(',')}`)
  const { surface, category, window, smooth, opacity } = view.heat
  if (surface)
    parts.push(`h=${[surface, encodeURIComponent(category), window, smooth, Math.round(opacity * 100)].join(':')}`)
  return parts.length ? `#${parts.join('&')}` : ''
}

function readCamera(text: string | undefined): Camera | null {
  const [zoom, lat, lon, bearing = 0, pitch = 0] = (text ?? '').split('/').map(Number)
  if (zoom === undefined || lat === undefined || lon === undefined) return null
  if (![zoom, lat, lon, bearing, pitch].every(Number.isFinite)) return null
  if (Math.abs(lat) > 85 || Math.abs(lon) > 180) return null
  return { zoom, lat, lon, bearing, pitch }
}

function readHeat(text: string | undefined): HeatChoice {
  const [surface, category = '', window = '', smooth, opacity] = (text ?? '').split(':')
  if (!surface) return HEAT_DEFAULT
  return {
    surface,
    category: decodeURIComponent(category),
    window: window || HEAT_DEFAULT.window,
    smooth: [0, 1, 2].includes(Number(smooth)) ? Number(smooth) : HEAT_DEFAULT.smooth,
    opacity: Math.min(1, Math.max(0.1, Number(opacity) / 100 || HEAT_DEFAULT.opacity)),
  }
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
  return {
    camera: readCamera(parts.get('m')),
    selection: colon > 0 ? { layer: picked.slice(0, colon), key: decodeURIComponent(picked.slice(colon + 1)) } : null,
    panel: PANELS.find((name) => name === wanted) ?? 'now',
    layers,
    heat: readHeat(parts.get('h')),
  }
}

function take(address: Address): void {
  batch(() => {
    if (address.camera) camera.value = address.camera
    selection.value = address.selection
    panel.value = address.panel
    layerChoice.value = address.layers
    heat.value = address.heat
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
      layers: layerChoice.value,
      heat: heat.value,
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
