/** The one way to the server: same-origin JSON with the session cookie, problems as `ApiError`. */
import { signal } from '@preact/signals'
import type {
  Account,
  Alert,
  Backtest,
  Board,
  Call,
  Catalogue,
  Channel,
  ChannelSpec,
  Classes,
  Delivery,
  DeliverySummary,
  Effect,
  EffectQuestion,
  Episode,
  FeaturePage,
  Feed,
  Found,
  GridPaint,
  Health,
  HeatCell,
  HeatHistory,
  HeatLegend,
  HotCell,
  Hotspots,
  Ladder,
  MapFeature,
  Problem,
  QuarantineRow,
  Series,
  TestSent,
  Timeline,
  Trend,
  Trends,
  Warning,
  WarningDetail,
  WarningMessage,
} from './types'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
  ) {
    super(problem?.detail ?? problem?.title ?? `HTTP ${status}`)
    this.name = 'ApiError'
  }
}

/** No answer came at all: what was asked may be asked again. */
export class OfflineError extends Error {
  constructor() {
    super('offline')
    this.name = 'OfflineError'
  }
}

/** Set once a door answers 401 to a session that was good before. */
export const sessionEnded = signal(false)

/** Server clock minus this screen's clock, so that ages and deadlines do not follow a wrong wall clock. */
export const clockOffsetMs = signal(0)

/** When the newest of what is on the screen from this device's own keeping was first said; null while the server answers. */
export const keptAt = signal<string | null>(null)

/** The mark of an answer that this device kept: the network is gone, and what it says is as old as this. */
export const KEPT = 'x-onemap-kept'

export function noteServerDate(headers: Headers): void {
  const kept = headers.get(KEPT)
  if (kept !== null) {
    keptAt.value = kept
    return
  }
  keptAt.value = null
  const date = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(date)) return
  // The header has whole seconds: small differences say nothing.
  const offset = date + 500 - Date.now()
  clockOffsetMs.value = Math.abs(offset) > 3000 ? offset : 0
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new OfflineError()
  }
  noteServerDate(response.headers)
  if (response.ok) return response
  let problem: Problem | null = null
  try {
    problem = (await response.json()) as Problem
  } catch {
    // A proxy's page is no problem document; the status says enough.
  }
  if (response.status === 401 && !path.startsWith('/auth/')) sessionEnded.value = true
  throw new ApiError(response.status, problem)
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) })
  return (await response.json()) as T
}

export async function post<T>(path: string, body?: unknown, method = 'POST'): Promise<T | null> {
  const init: RequestInit = { method, headers: { accept: 'application/json' } }
  if (body instanceof FormData) init.body = body
  else if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { accept: 'application/json', 'content-type': 'application/json' }
  }
  const response = await send(path, init)
  if (response.status === 204) return null
  const text = await response.text()
  return text ? (JSON.parse(text) as T) : null
}

type Asked = string | number | null | undefined

/** Empty values are left out; a list stands as the same name again and again. */
export function query(values: Record<string, Asked | readonly Asked[]>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== '') params.append(name, String(each))
    }
  }
  const text = params.toString()
  return text ? `?${text}` : ''
}

export const part = encodeURIComponent

/** What a team answers an alert with. */
export type AlertStep = 'acknowledge' | 'decline' | 'arrive' | 'confirm-again' | 'resolve'

/** What is asked of a surface; a surface that knows nothing of a part is not sent it. */
export type HeatQuery = {
  window?: string
  category?: readonly string[]
  source?: readonly string[]
  severity?: readonly number[]
  weight?: string
  decay?: number
  smooth?: number
}

/** The first page of a collection, as it is asked for. */
export function itemsPath(layer: string, filters: Record<string, string | number> = {}): string {
  return `/ogc/collections/${part(layer)}/items${query({ limit: 1000, ...filters })}`
}

export const api = {
  health: () => get<Health>('/health'),
  me: () => get<Account>('/auth/me'),
  signIn: (login: string, password: string) => post<Account>('/auth/sign-in', { login, password }),
  signOut: () => post<void>('/auth/sign-out'),
  catalogue: () => get<Catalogue>('/catalogue'),
  classes: (kind: Classes['kind']) => get<Classes>(`/catalogue/classes${query({ kind })}`),

  search: (q: string, limit: number, near: readonly [number, number] | null, signal: AbortSignal) =>
    get<Found>(`/search${query({ q, limit, near: near?.map((degrees) => degrees.toFixed(5)).join(',') })}`, signal),

  /** All features of a collection, page by page, at most `pages` of them. */
  async items(layer: string, filters: Record<string, string | number> = {}, pages = 10): Promise<MapFeature[]> {
    const features: MapFeature[] = []
    let next: string | null = itemsPath(layer, filters)
    for (let page = 0; next && page < pages; page++) {
      const body: FeaturePage = await get<FeaturePage>(next)
      features.push(...body.features)
      const href: string | undefined = body.links?.find((link) => link.rel === 'next')?.href
      // The link may name the server as it sees itself; only its path is ours to follow.
      const url = href ? new URL(href, location.origin) : null
      next = url ? url.pathname + url.search : null
    }
    return features
  },
  item: (layer: string, key: string) => get<MapFeature>(`/ogc/collections/${part(layer)}/items/${part(key)}`),

  warnings: (state: 'active' | 'all') => get<Warning[]>(`/warnings${query({ state })}`),
  warning: (key: string) => get<WarningDetail>(`/warnings/${part(key)}`),
  confirmWarning: (key: string) => post<unknown>(`/warnings/${part(key)}/confirm`),
  endWarning: (key: string) => post<unknown>(`/warnings/${part(key)}/end`),

  cancelWarning: (key: string, reason: string) => post<unknown>(`/warnings/${part(key)}/cancel`, { reason }),
  episodes: () => get<Episode[]>('/warnings/episodes'),
  messages: (warning: string) => get<WarningMessage[]>(`/warnings/messages${query({ warning, limit: 50 })}`),

  board: () => get<Board>('/calls/board'),
  callGrids: () => get<GridPaint>('/calls/grids'),
  ladder: (warning: string) => get<Ladder>(`/ladders${query({ warning })}`),
  startLadder: (warning: string) => post<Ladder>(`/ladders/start${query({ warning })}`),
  answerCall: (id: number, answer: 'here' | 'declined', note: string) =>
    post<Call>(`/calls/${id}/answer`, { answer, note }),

  alerts: (state?: string) => get<Alert[]>(`/alerts${query({ state })}`),

  deliverySummary: () => get<DeliverySummary>('/deliveries/summary'),
  deliveries: (ask: { state?: string; channel?: number | null; warning?: string; before?: number; limit?: number }) =>
    get<Delivery[]>(`/deliveries${query(ask)}`),
  retryDelivery: (id: number) => post<Delivery>(`/deliveries/${id}/retry`),
  addChannel: (spec: ChannelSpec) => post<Channel>('/channels', spec),
  changeChannel: (id: number, spec: ChannelSpec) => post<Channel>(`/channels/${id}`, spec, 'PUT'),
  dropChannel: (id: number) => post<void>(`/channels/${id}`, undefined, 'DELETE'),
  testChannel: (id: number) => post<TestSent>(`/channels/${id}/test`),

  incidentStatus: (key: string, status: string) => post<unknown>(`/incidents/${part(key)}/status`, { status }),
  sensorSeries: (key: string, hours: number) => get<Series[]>(`/sensors/${part(key)}/series${query({ hours })}`),
  timeline: (hours: number) => get<Timeline>(`/timeline${query({ hours })}`),
  feeds: () => get<Feed[]>('/feeds'),
  quarantine: (limit: number) => get<QuarantineRow[]>(`/quarantine${query({ limit })}`),
  replay: (id: number) => post<unknown>(`/quarantine/${id}/replay`),

  heatLegend: (surface: string, z: number, ask: HeatQuery) =>
    get<HeatLegend>(`/heat/${part(surface)}/legend${query({ z, ...ask })}`),
  heatCell: (surface: string, cell: string, ask: HeatQuery) =>
    get<HeatCell>(`/heat/${part(surface)}/cells/${part(cell)}${query({ ...ask })}`),
  heatHistory: (surface: string, cell: string, ask: HeatQuery, days: number, step: 'hour' | 'day') =>
    get<HeatHistory>(`/heat/${part(surface)}/cells/${part(cell)}/history${query({ ...ask, days, step })}`),
  hotspots: (surface: string, ask: HeatQuery, kind: string, z: number, signal?: AbortSignal) =>
    get<Hotspots>(`/heat/${part(surface)}/hotspots${query({ ...ask, smooth: undefined, kind, z })}`, signal),
  hotCell: (surface: string, cell: string, ask: HeatQuery) =>
    get<HotCell>(`/heat/${part(surface)}/hotspots/cells/${part(cell)}${query({ ...ask })}`),
  backtest: (category: string) => get<Backtest>(`/heat/backtest${query({ surface: 'incidents', category })}`),
  trends: (category: string) => get<Trends>(`/heat/trends${query({ category })}`),
  trend: (grid: string, category: string) => get<Trend>(`/heat/trends/${part(grid)}${query({ category })}`),
  effect: (surface: string, question: EffectQuestion) =>
    post<Effect>(`/heat/${part(surface)}/effect`, question) as Promise<Effect>,
}

export function heatTiles(surface: string, ask: HeatQuery): string {
  return `${location.origin}/tiles/heat/${part(surface)}/{z}/{x}/{y}.mvt${query({ ...ask })}`
}
