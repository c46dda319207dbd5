/** What the server's doors say, as the web map reads it. Times are ISO 8601 with offset. */
import type { Feature, Geometry, MultiPolygon } from 'geojson'
import type { components } from './schema.gen'

type Schema = components['schemas']

export type Level = 1 | 2 | 3 | 4
export type Role = Schema['Role']
export type Text2 = Schema['Texts']
export type Account = Schema['Account']
export type Classes = Schema['Classes']
export type Found = Schema['Found']
export type FoundThing = Schema['FoundThing']
export type Health = Schema['Health']
export type Alert = Schema['Alert']
export type AlertState = Alert['state']
export type Warning = Schema['Warning']
export type Series = Schema['Series']
export type Feed = Schema['FeedStatus']
export type Timeline = Schema['Timeline']
export type QuarantineRow = Schema['Quarantined']
export type WarningDetail = Schema['Why']
export type Episode = Schema['Episode']
export type Ladder = Schema['Ladder']
export type Calling = Schema['Calling']
export type Call = Schema['Call']
export type Board = Schema['Board']
export type WarningMessage = Schema['Message']
export type Delivery = Schema['Delivery']
export type DeliverySummary = Schema['DeliverySummary']
export type Channel = Schema['Channel']
export type ChannelSpec = Schema['ChannelSpec']
export type TestSent = Schema['TestSent']

/** A grid with an open calling as the map paints it. */
export type PaintedGrid = Feature<Geometry, Calling & { warning_key: string; level: Level; drill: boolean }>
export interface GridPaint {
  type: 'FeatureCollection'
  features: PaintedGrid[]
}

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

export type HotspotProperties = Schema['HotSpotProperties']

export type Hotspots = Schema['HotSpots']

export type HotCell = Schema['HotSpotCell']

export type BacktestModel = Backtest['horizons'][string]['models'][number]

export type Backtest = Schema['BacktestAnswer']

export type TrendRow = Schema['GridTrend']

export type Trends = Schema['Trends']

export type Trend = Schema['Trend']

export type EffectQuestion = Schema['Question']

export type Effect = Omit<Schema['Effect'], 'comparison_cells'> & { comparison_cells: MultiPolygon }

/** Told on the live stream when a surface's cells have changed. */
export interface HeatChange {
  surface: string
  at: string
}
