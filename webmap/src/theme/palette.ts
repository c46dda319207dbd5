/** The map's colours, read from the custom properties of the theme that is on. */
import type { Level } from '../api/types'
import type { Theme } from '../state/view'

const NAMES = [
  'land',
  'built',
  'work',
  'green',
  'park',
  'farm',
  'water',
  'water-line',
  'casing',
  'road-1',
  'road-2',
  'road-3',
  'road-4',
  'rail',
  'building',
  'building-line',
  'tall',
  'contour',
  'grid',
  'area',
  'label',
  'label-minor',
  'label-water',
  'label-green',
  'halo',
  'shade',
  'light',
  'asset',
  'team',
  'team-busy',
  'off',
  'mover',
  'case',
  'part-1',
  'part-2',
  'part-3',
  'part-4',
  'part-5',
  'part-amiss',
] as const

type MapColour = (typeof NAMES)[number]
type ClockColour = 'clock-ok' | 'clock-soon' | 'clock-late'
type PageColour = 'accent' | 'text' | 'muted' | 'panel' | 'line' | 'ground'

export type Palette = Record<MapColour | ClockColour | PageColour, string> & {
  theme: Theme
  dark: boolean
  level: Record<Level, string>
}

export function readPalette(theme: Theme): Palette {
  // A probe carries the theme by itself, so that the order of effects does not matter.
  const probe = document.createElement('div')
  probe.dataset.theme = theme
  probe.hidden = true
  document.body.append(probe)
  const style = getComputedStyle(probe)
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const palette: Record<string, unknown> = { theme, dark: theme !== 'light' }
  for (const name of NAMES) palette[name] = read(`map-${name}`)
  for (const name of ['clock-ok', 'clock-soon', 'clock-late']) palette[name] = read(name)
  for (const name of ['accent', 'text', 'muted', 'panel', 'line', 'ground']) palette[name] = read(name)
  palette.level = { 1: read('level-1'), 2: read('level-2'), 3: read('level-3'), 4: read('level-4') }
  probe.remove()
  return palette as Palette
}

/** The tone of a major class; what has no class is as grey as what is off. */
export function partTone(p: Palette, major: string): string {
  const tones: Record<string, string> = {
    '01': p['part-1'],
    '02': p['part-2'],
    '03': p['part-3'],
    '04': p['part-4'],
    '05': p['part-5'],
  }
  return tones[major] ?? p.off
}
