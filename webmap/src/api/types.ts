/** What the server's doors say, as the web map reads it. Times are ISO 8601 with offset. */
import type { Feature, Geometry } from 'geojson'
import type { components } from './schema.gen'

type Schema = components['schemas']

export type Level = 1 | 2 | 3 | 4
export type Role = Schema['Role']
export type Text2 = Schema['Texts']
export type Account = Schema['Account']
export type Health = Schema['Health']
export type Alert = Schema['Alert']
export type AlertState = Alert['state']
export type Warning = Schema['Warning']
export type Series = Schema['Series']
export type Feed = Schema['FeedStatus']
export type Timeline = Schema['Timeline']
export type QuarantineRow = Schema['Quarantined']
export type WarningDetail = Schema['Why']

/** Counts of people, or what is said instead of a small one. */
export type Counted = Pick<Schema['Threatened'], 'households' | 'residents' | 'households_note' | 'residents_note'>

/** A refusal; what a proxy in between answers may have less of it. */
export type Problem = Partial<Schema['Problem']>

export interface Attribute {
  name: string
  title: Text2
  unit: string | null
  kind: string
  /** Titles of a code's values. */
  values?: Record<string, Text2>
}

export interface CatalogueLayer {
  name: string
  title: Text2
  group: string
  geometry: string
  minzoom: number
  maxzoom: number
  live: boolean
  style?: Record<string, unknown>
  attributes: Attribute[]
  tilejson: string
}

export interface CodedTitle {
  name: string
  title: Text2
}

export type SurfaceKind = 'density' | 'risk' | 'forecast'

export interface CatalogueSurface {
  name: string
  /** What the numbers are: counted, weighed, or expected. */
  kind?: SurfaceKind
  title: Text2
  unit: Text2 | string
  categories: (string | CodedTitle)[]
  sources?: CodedTitle[]
  /** Empty: the surface shows the present state. */
  windows: string[]
  /** What a forecast looks ahead; its window. */
  horizons?: string[]
  breaks: number[]
  smooth_max?: number
  rule?: Text2 | null
  /** False where the surface does not earn its place on the map; `why` says why not. */
  shown?: boolean
  why?: Text2 | null
}

/** A class of a raster's legend. */
export interface RasterClass {
  from: number | null
  to: number | null
  colour: string
  title: Text2
}

export interface TerrainProduct {
  name: string
  title: Text2
  tiles: string
  legend: RasterClass[]
}

export interface Catalogue {
  city: {
    name: string
    name_en: string
    bounds: [number, number, number, number]
    center: [number, number]
    zoom: number
  }
  layers: CatalogueLayer[]
  surfaces: CatalogueSurface[]
  terrain: {
    tiles: string
    minzoom: number
    maxzoom: number
    encoding: 'terrarium'
    bounds?: [number, number, number, number]
    products?: TerrainProduct[]
  } | null
}

export type Properties = Record<string, unknown> & { key: string }
export type MapFeature = Feature<Geometry, Properties>

export interface FeaturePage {
  type: 'FeatureCollection'
  features: MapFeature[]
  links?: { rel: string; href: string }[]
}

export interface Change {
  layer: string
  op: 'upsert' | 'delete'
  key: string
  id: number
  at: string
  feature: MapFeature | null
}

export interface HeatLegend {
  res: number
  unit: Text2 | string
  breaks: number[]
  cell_km2: number
  from?: string | null
  to?: string | null
  window?: Text2 | null
  bandwidth_m?: number | null
  kernel?: string | null
  half_life_h?: number | null
  weight?: string | null
  published?: boolean
  rule?: Text2 | null
}

export interface HeatPart {
  source_layer: string
  /** Null where the asker may not see the source: its value still counts. */
  source_key: string | null
  name: string | null
  kind: string | null
  value: number
  detail: Record<string, unknown> | string | null
  at: string | null
}

export interface HeatFactor {
  name: string
  value: number
  title: Text2
  detail?: Text2 | Record<string, unknown> | string | null
}

export interface HeatSource {
  layer: string
  name: Text2 | string
  newest_at: string | null
  age_s: number | null
  stale: boolean
}

export interface HeatYesterday {
  value: number
  delta: number
  changed: { source_layer: string; source_key: string | null; name: string | null; before: number; after: number }[]
}

export interface HeatCell {
  cell: string
  res: number
  value: number
  unit: Text2 | string
  parts: HeatPart[]
  worst_cell?: string | null
  confidence?: number | null
  confidence_why?: Text2 | null
  factors?: HeatFactor[]
  sources?: HeatSource[]
  yesterday?: HeatYesterday | null
  published?: boolean
}

export interface HeatHistory {
  unit: Text2 | string
  step: 'hour' | 'day'
  points: [at: string, value: number | null][]
}

export interface HotspotProperties {
  class: string
  title: Text2
  cells: number
  events: number
  z_max: number
  p_min: number
  area_km2: number
}

export interface Hotspots {
  type: 'FeatureCollection'
  features: Feature<Geometry, HotspotProperties>[]
  meta: {
    res: number
    window: string
    from: string | null
    to: string | null
    cells_tested: number
    fdr: string
    alpha: number
    method: Text2
    published?: boolean
    steps?: [from: string, to: string][] | null
  }
}

export interface HotCell {
  cell: string
  z: number
  p: number
  q: number
  class: string
  title: Text2
  n: number
  local_sum: number
  neighbours: number
  mean: number
  emerging: { class: string; title: Text2; z_series: [at: string, z: number][]; mk_tau: number; mk_p: number } | null
}

export interface BacktestModel {
  name: string
  title: Text2
  hit_rate: [share: number, rate: number][]
  pai: number | null
  pei: number | null
  rri: number | null
  brier?: number | null
  calibration: [predicted: number, observed: number, n: number][]
}

export interface Backtest {
  run_at: string
  res: number
  nights: number
  train: { from: string; to: string }
  test: { from: string; to: string }
  horizons: Record<string, { shown: boolean; verdict: Text2; models: BacktestModel[] }>
  series: { night: string; horizon: string; forecast: number | null; count: number | null; kde: number | null }[]
}

export interface TrendRow {
  grid_code: string
  name: string
  total_30d: number
  mean_next_7d: number
  low: number
  high: number
  change_pct: number | null
  trend: 'up' | 'flat' | 'down'
  p: number | null
}

export interface Trends {
  horizon_days: number
  run_at: string
  coverage: { nominal: number; observed: number | null; days: number } | null
  grids: TrendRow[]
}

export interface Trend {
  grid_code: string
  name: string
  history: [day: string, n: number | null][]
  fitted: [day: string, mean: number][]
  forecast: [day: string, mean: number, low: number, high: number][]
}

export interface EffectQuestion {
  area: { grid: string } | { area: string } | Geometry
  start: string
  days: number
  before_days: number
  category?: string
}

export interface Effect {
  effect_pct: number | null
  low_pct: number | null
  high_pct: number | null
  level: number
  p: number | null
  treated: { before: number; after: number; cells: number }
  comparison: { before: number; after: number; cells: number; matched_on: string[] | string | Text2 }
  series: [day: string, treated: number | null, comparison: number | null][]
  pretrend_p: number | null
  verdict: Text2
  method: Text2
  caveats: Text2[]
  comparison_cells: Geometry | null
}

/** Told on the live stream when a surface's cells have changed. */
export interface HeatChange {
  surface: string
  at: string
}
