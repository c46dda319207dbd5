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

export interface CatalogueSurface {
  name: string
  title: Text2
  unit: Text2 | string
  categories: (string | CodedTitle)[]
  /** Empty: the surface shows the present state. */
  windows: string[]
  breaks: number[]
  smooth_max?: number
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

export interface HeatCell {
  cell: string
  res: number
  value: number
  unit: Text2 | string
  parts: HeatPart[]
}
