/** What the style is built from: everything a layer file may look at, as plain data. */
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl'
import type { HeatQuery } from '../api/client'
import type { Catalogue, SurfaceKind } from '../api/types'
import type { Lang } from '../i18n'
import type { HeatChoice, Theme } from '../state/view'
import type { Palette } from '../theme/palette'

export interface StyleContext {
  catalogue: Catalogue
  palette: Palette
  theme: Theme
  lang: Lang
  heat: HeatChoice
  /** What the heat's door is asked, and what its numbers are. */
  ask: HeatQuery
  kind: SurfaceKind
  /** Ascending limits between the heat's classes; none while they are not known. */
  heatBreaks: number[]
  /** Text and symbols grow with the screen's distance. */
  factor: number
  visible: (layer: string) => boolean
}

/** A style layer, with the catalogue layer whose toggle it follows. */
export type OwnedLayer = LayerSpecification & { owner: string }

/** No glyph server: labels are drawn from these fonts of the machine itself. */
export const FONT = ['Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'sans-serif']

/** Chinese first; the English name where the page is English and the feature has one. */
export function nameOf(lang: Lang): ExpressionSpecification {
  const zh: ExpressionSpecification = ['coalesce', ['get', 'name'], ['get', 'name_en'], '']
  return lang === 'zh' ? zh : ['coalesce', ['get', 'name_en'], ['get', 'name'], '']
}

export function px(context: StyleContext, size: number): number {
  return Math.round(size * context.factor * 10) / 10
}

/** A value growing with zoom, exponential so that widths double as the ground does. */
export function byZoom(...stops: [zoom: number, value: number | ExpressionSpecification][]): ExpressionSpecification {
  return ['interpolate', ['exponential', 1.6], ['zoom'], ...stops.flat()] as unknown as ExpressionSpecification
}
