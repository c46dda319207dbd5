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

export function gradient(colours: string[]): string {
  return `linear-gradient(90deg, ${colours.join(', ')})`
}
