/** Sequential, perceptually even ramps: values of matplotlib's viridis, inferno and plasma at nine even steps. */
import type { SurfaceKind } from '../api/types'

const INFERNO = ['#000004', '#1f0c48', '#550f6d', '#88226a', '#ba3655', '#e35933', '#f98e09', '#f9cb35', '#fcffa4']
const VIRIDIS = ['#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962', '#addc30', '#fde725']
const PLASMA = ['#0d0887', '#4c02a1', '#7e03a8', '#aa2395', '#cc4778', '#e66c5c', '#f89540', '#fdc527', '#f0f921']
/** Under hot spots the surface steps back: grey is what is not significant. */
const GREYS = ['#2b3546', '#46536a', '#66748c', '#8894a9', '#b4bdcc']

export type Ramp = SurfaceKind | 'plain'

/** Low to high. On a light ground the ramp runs from pale to dark, so that more always stands out more. */
export function ramp(family: Ramp, light: boolean): string[] {
  // The darkest end vanishes into a dark ground and the palest into a light one.
  const colours = { density: VIRIDIS, risk: INFERNO.slice(1, 8), forecast: PLASMA.slice(0, 8), plain: GREYS }[family]
  return light ? [...colours].reverse() : [...colours]
}

function mix(a: string, b: string, share: number): string {
  const part = (hex: string, i: number) => Number.parseInt(hex.slice(1 + i * 2, 3 + i * 2), 16)
  const channel = (i: number) => Math.round(part(a, i) + (part(b, i) - part(a, i)) * share)
  return `#${[0, 1, 2].map((i) => channel(i).toString(16).padStart(2, '0')).join('')}`
}

/** `n` colours evenly along the ramp, one a class. */
export function classColours(family: Ramp, light: boolean, n: number): string[] {
  const colours = ramp(family, light)
  return Array.from({ length: n }, (_, i) => {
    const at = n < 2 ? colours.length - 1 : (i / (n - 1)) * (colours.length - 1)
    const low = Math.min(colours.length - 2, Math.floor(at))
    return mix(colours[low] ?? '#000000', colours[low + 1] ?? '#000000', at - low)
  })
}

/** How strongly a class is told: certainty of a significant one, and what it does now of an emerging one. */
const STRENGTH: Record<string, number> = {
  '99': 1,
  '95': 0.72,
  '90': 0.42,
  intensifying: 1,
  new: 0.92,
  persistent: 0.82,
  consecutive: 0.7,
  diminishing: 0.55,
  oscillating: 0.48,
  sporadic: 0.4,
  historical: 0.28,
}

/** Every class of hot and cold that a door may name, the strongest first. */
export const HOT_CLASSES: readonly string[] = ['hot', 'cold'].flatMap((side) =>
  ['99', '95', '90', ...Object.keys(STRENGTH).filter((name) => !/^\d/.test(name))].map((name) =>
    /^\d/.test(name) ? `${side}${name}` : `${side}-${name}`,
  ),
)

/** The middle of the diverging ramp: grey, on neither side. */
export const notSignificant = (light: boolean) => (light ? '#97a2b2' : '#7d8ba1')

/** A diverging ramp, magenta for hot and teal for cold: neither is the colour of a level, and a colour-blind eye parts them. */
export function hotColour(name: string, light: boolean): string {
  const end = name.startsWith('cold') ? (light ? '#005f63' : '#3fdcd3') : light ? '#a30d6b' : '#ff62c0'
  const strength = STRENGTH[name.replace(/^(hot|cold)-?/, '')]
  return strength === undefined ? notSignificant(light) : mix(notSignificant(light), end, strength)
}
