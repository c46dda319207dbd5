/** The heat that is asked for: which surface, what of it, and when its cells last changed. */
import { computed, type Signal, signal } from '@preact/signals'
import type { HeatQuery } from '../api/client'
import type { CatalogueSurface, SurfaceKind } from '../api/types'
import { readWindow } from '../domain/window'
import { catalogue } from './catalogue'
import { compare, type HeatChoice, heat } from './view'

export function surfaces(): CatalogueSurface[] {
  return catalogue.value?.surfaces ?? []
}

export function currentSurface(): CatalogueSurface | undefined {
  return surfaces().find((surface) => surface.name === heat.value.surface)
}

export function kindOf(surface: CatalogueSurface): SurfaceKind {
  return surface.kind ?? (surface.windows.length ? 'density' : 'risk')
}

/** What the door of that surface is asked, without what the surface knows nothing of. */
export function askOf(surface: CatalogueSurface | undefined, choice: HeatChoice, window = choice.window): HeatQuery {
  if (!surface) return {}
  const smooth = Math.min(choice.smooth, surface.smooth_max ?? 0)
  const ask: HeatQuery = {}
  const kind = kindOf(surface)
  if (kind === 'forecast') {
    const horizons = surface.horizons?.length ? surface.horizons : surface.windows
    const horizon = horizons.includes(window) ? window : horizons[0]
    if (horizon) ask.window = horizon
    if (choice.categories.length) ask.category = choice.categories
  }
  if (kind === 'density') {
    ask.window = readWindow(window) ? window : (surface.windows[1] ?? '24h')
    if (choice.categories.length) ask.category = choice.categories
    if (choice.sources.length) ask.source = choice.sources
    if (choice.severities.length) ask.severity = choice.severities
    if (choice.weight !== 'count') ask.weight = choice.weight
    if (choice.decay !== null) ask.decay = choice.decay
  }
  if (smooth > 0) ask.smooth = smooth
  return ask
}

/** As text, so that what did not change starts nothing anew. */
const asked = computed(() => JSON.stringify(askOf(currentSurface(), heat.value)))
export const heatAsk = computed<HeatQuery>(() => JSON.parse(asked.value))

/** Only what was counted over a window can be counted over another, and tested for hot spots. */
export const counted = computed(() => {
  const surface = currentSurface()
  return surface !== undefined && kindOf(surface) === 'density' && surface.windows.length > 0
})

/** The second window, where there can be one. */
export const comparing = computed(() => (counted.value ? compare.value : null))
export const compareAsk = computed<HeatQuery | null>(() => {
  const second = comparing.value?.window
  return second ? askOf(currentSurface(), heat.value, second) : null
})

/** Counts told changes of a surface's cells; read it to follow them. */
const versions = new Map<string, Signal<number>>()
export function heatVersion(surface: string | null): Signal<number> {
  const name = surface ?? ''
  let version = versions.get(name)
  if (!version) {
    version = signal(0)
    versions.set(name, version)
  }
  return version
}

export function noteHeat(surface: string): void {
  heatVersion(surface).value++
}

/** After a loss of the stream nobody knows what changed. */
export function noteAllHeat(): void {
  for (const version of versions.values()) version.value++
}

/** Switches the surface; what was chosen stays where the new surface has it too. */
export function pickSurface(name: string): void {
  const surface = surfaces().find((item) => item.name === name)
  const now = heat.value
  if (!surface || surface.shown === false) {
    heat.value = { ...now, surface: null }
    return
  }
  const names = surface.categories.map((item) => (typeof item === 'string' ? item : item.name))
  const windows = kindOf(surface) === 'forecast' ? (surface.horizons ?? surface.windows) : surface.windows
  const keeps = kindOf(surface) === 'density' ? readWindow(now.window) !== null : windows.includes(now.window)
  heat.value = {
    ...now,
    surface: name,
    window: keeps ? now.window : (windows.at(kindOf(surface) === 'density' ? 1 : 0) ?? now.window),
    categories: now.categories.filter((category) => names.includes(category)),
  }
}
