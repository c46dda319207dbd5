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
  unit: string
  categories: (string | CodedTitle)[]
  windows: string[]
  breaks: number[] | Record<string, number[]>
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
  terrain: { tiles: string; minzoom: number; maxzoom: number; encoding: 'terrarium' } | null
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
  team_name: string
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
  lon: number
  lat: number
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
  households: number | string | null
  residents: number | string | null
  lon: number
  lat: number
  alerts: { total: number; delivered: number; acknowledged: number }
}

export interface Series {
  datastream_key: string
  name: string
  unit: string
  points: [string, number][]
}

export interface WarningDetail {
  warning: Warning
  hazard: Record<string, unknown> | MapFeature | null
  rule: {
    property: string
    op: string
    enter: number
    leave: number
    hold_s: number
    unit: string
    level: Level
  } | null
  reading: { sensor_key: string; sensor_name: string; value: number; at: string; since: string | null } | null
  series: Series[]
  threatened: {
    households: number | string | null
    residents: number | string | null
    buildings: number | string | null
  }
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
  timeline: { at: string; kind: string; text_zh: string; text_en: string }[]
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
  unit: string
  breaks: number[]
  cell_km2: number
}

export interface HeatPart {
  source_layer: string
  source_key: string
  name: string
  kind: string
  value: number
  detail: string | null
  at: string | null
}

export interface HeatCell {
  cell: string
  res: number
  value: number
  unit: string
  parts: HeatPart[]
}

export interface QuarantineRow {
  id: number
  feed: string
  at?: string
  reason?: string
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
