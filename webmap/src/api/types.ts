/** What the server's doors say, as the web map reads it. Times are ISO 8601 with offset. */
import type { Feature, Geometry } from 'geojson'

export type Level = 1 | 2 | 3 | 4
export type Role = 'viewer' | 'command' | 'planner' | 'team' | 'operator'

export interface Text2 {
  zh: string
  en: string
}

export interface Account {
  login: string
  title: string
  role: Role
  team_key: string | null
  can: string[]
}

export interface Health {
  status: string
  demo?: boolean
  demo_accounts?: { login: string; password: string; title?: string; role?: string }[]
}

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

export type AlertState = 'queued' | 'delivered' | 'acknowledged' | 'arrived' | 'resolved'

export interface Alert {
  id: number | string
  warning_key: string
  team_key: string
  team_name: string | null
  level: Level
  title: string
  text: string
  state: AlertState
  created_at: string
  delivered_at: string | null
  acknowledged_at: string | null
  arrived_at: string | null
  resolved_at: string | null
  due_on_site_at: string | null
  due_resolved_at: string | null
  drill?: boolean
  lon: number | null
  lat: number | null
}

export interface Warning {
  key: string
  hazard_key: string
  level: Level
  state: 'active' | 'confirmed' | 'ended'
  title: string
  raised_at: string
  changed_at: string
  ended_at: string | null
  drill: boolean
  households: number | null
  residents: number | null
  /** Instead of a small count: `<5`. */
  households_note?: string | null
  residents_note?: string | null
  lon: number
  lat: number
  /** Absent for those who may not see alerts. */
  alerts: { total: number; delivered: number; acknowledged: number } | null
}

export interface Series {
  datastream_key: string
  name: string
  unit: string
  property?: string | null
  points: [string, number][]
}

/** Counts of people, or what is said instead of a small one. */
export interface Counted {
  households: number | null
  residents: number | null
  households_note?: string | null
  residents_note?: string | null
}

export interface WarningDetail {
  warning: Warning
  hazard: Record<string, unknown> | MapFeature | null
  rule: {
    property: string | null
    name: string | null
    op: string | null
    enter: number | null
    leave: number | null
    hold_s: number | null
    unit: string | null
    level: Level | null
  } | null
  reading: {
    sensor_key: string | null
    sensor_name: string | null
    value: number | null
    unit: string | null
    at: string | null
    since: string | null
  } | null
  series: Series[]
  threatened: Counted & { buildings: number | null }
  cameras: { key: string; name: string; distance_m: number; status: string }[]
  teams: {
    key: string
    name: string
    kind: string
    status: string
    distance_m: number
    eta_s: number | null
    members: number | null
  }[]
  previous: { key: string; level: Level; raised_at: string; ended_at: string | null }[]
  timeline: { at: string; kind: string; text_zh: string; text_en: string; attachment?: string | null }[]
  alerts: Alert[]
}

export interface Feed {
  name: string
  title: Text2
  state: 'ok' | 'late' | 'stale' | 'idle'
  last_at: string | null
  age_s: number | null
  received: number
  stored: number
  duplicates: number
  quarantined: number
  error: string | null
}

export interface Timeline {
  bucket_s: number
  rain: [string, number | null][]
  incidents: [string, number][]
  warnings: { at: string; level: Level; key: string; title: string }[]
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

export interface QuarantineRow {
  id: number
  feed: string
  at?: string
  reason?: string
  message?: string
  [column: string]: unknown
}

export interface Problem {
  type?: string
  title?: string
  status: number
  code?: string
  detail?: string
  request_id?: string
}
