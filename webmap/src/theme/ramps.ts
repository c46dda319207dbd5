/** Sequential, perceptually even ramps for density: values of matplotlib's inferno and viridis at nine even steps. */
const INFERNO = ['#000004', '#1f0c48', '#550f6d', '#88226a', '#ba3655', '#e35933', '#f98e09', '#f9cb35', '#fcffa4']
const VIRIDIS = ['#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962', '#addc30', '#fde725']

/** Low to high. On a light ground the ramp runs from pale to dark, so that more always stands out more. */
export function ramp(surface: string, light: boolean): string[] {
  const risk = surface === 'risk'
  // The darkest end vanishes into a dark ground and the palest into a light one.
  const colours = risk ? INFERNO.slice(1, 8) : VIRIDIS.slice(0, 9)
  return light ? [...colours].reverse() : colours
}

function mix(a: string, b: string, share: number): string {
  const part = (hex: string, i: number) => Number.parseInt(hex.slice(1 + i * 2, 3 + i * 2), 16)
  const channel = (i: number) => Math.round(part(a, i) + (part(b, i) - part(a, i)) * share)
  return `#${[0, 1, 2].map((i) => channel(i).toString(16).padStart(2, '0')).join('')}`
}

/** `n` colours evenly along the ramp, one a class. */
export function classColours(surface: string, light: boolean, n: number): string[] {
  const colours = ramp(surface, light)
  return Array.from({ length: n }, (_, i) => {
    const at = n < 2 ? colours.length - 1 : (i / (n - 1)) * (colours.length - 1)
    const low = Math.min(colours.length - 2, Math.floor(at))
    return mix(colours[low] ?? '#000000', colours[low + 1] ?? '#000000', at - low)
  })
}
