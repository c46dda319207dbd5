/** What a phone keeps for a dead network, and how much of it. Pure: the worker asks, tests ask. */

export const KEPT = 'x-onemap-kept'
export const TILES_MAX = 600
export const ASSETS_MAX = 40
export const ANSWERS_MAX = 30
export const SPOTS_MAX = 20
/** The ground of so many spots is fetched before anybody looks at it. */
export const AHEAD_MAX = 2
/** Answers older than this are not shown again: what they say of an alert is no longer worth reading. */
export const ANSWERS_MAX_H = 24

export type Kind = 'page' | 'asset' | 'tile' | 'answer' | 'none'

/** Doors whose last answer a team needs to read its alert without a network. */
const ANSWERS = /^\/(auth\/me|catalogue|alerts|warnings)$|^\/ogc\/collections\/(warning|hazard|team)\/items$/
/** The ground of the map. What is counted or moves is never shown from the day before. */
const TILES = /^\/tiles\/(landuse|water|contour|road|building|area|grid|hazard_zone|place)\/(\d+)\/(\d+)\/(\d+)\.mvt$/

export function kindOf(method: string, url: URL, origin: string, navigates: boolean): Kind {
  if (method !== 'GET' || url.origin !== origin) return 'none'
  if (navigates) return url.pathname === '/' ? 'page' : 'none'
  if (url.pathname.startsWith('/assets/')) return 'asset'
  if (TILES.test(url.pathname) || /^\/tiles\/terrain\//.test(url.pathname)) return 'tile'
  return ANSWERS.test(url.pathname) ? 'answer' : 'none'
}

export interface Spot {
  lon: number
  lat: number
}

/** About two and a half kilometres: the way there, and the zone. */
const AROUND_DEG = 0.025
/** Wide looks are few and serve every place. */
const WIDE_ZOOM = 11

/** Whether a tile is of the ground around a spot. */
export function tileNear(path: string, spots: readonly Spot[]): boolean {
  const found = /\/(\d+)\/(\d+)\/(\d+)(?:\.\w+)?$/.exec(path)
  if (!found) return false
  const [z = 0, x = 0, y = 0] = found.slice(1).map(Number)
  if (z <= WIDE_ZOOM) return true
  const n = 2 ** z
  const lonOf = (column: number) => (column / n) * 360 - 180
  const latOf = (row: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / n))) * 180) / Math.PI
  const [west, east, north, south] = [lonOf(x), lonOf(x + 1), latOf(y), latOf(y + 1)]
  return spots.some(
    ({ lon, lat }) =>
      lon >= west - AROUND_DEG && lon <= east + AROUND_DEG && lat >= south - AROUND_DEG && lat <= north + AROUND_DEG,
  )
}

/** What the map draws of the ground, and from which zoom on. */
const GROUND = { landuse: 12, water: 12, contour: 13, road: 12, building: 14, hazard_zone: 13, place: 12 } as const
const AHEAD_DEG = 0.004

/** Tiles of the ground close around a spot, from the look over the neighbourhood to that at one house. */
export function tilesAround({ lon, lat }: Spot): string[] {
  const out: string[] = []
  for (let z = 12; z <= 16; z++) {
    const n = 2 ** z
    const column = (at: number) => Math.floor(((at + 180) / 360) * n)
    const row = (at: number) => Math.floor(((1 - Math.asinh(Math.tan((at * Math.PI) / 180)) / Math.PI) / 2) * n)
    const reach = z === 16 ? AHEAD_DEG / 2 : AHEAD_DEG
    for (let x = column(lon - reach); x <= column(lon + reach); x++) {
      for (let y = row(lat + reach); y <= row(lat - reach); y++) {
        for (const [layer, from] of Object.entries(GROUND))
          if (z >= from) out.push(`/tiles/${layer}/${z}/${x}/${y}.mvt`)
      }
    }
  }
  return out
}

/** The oldest entries that go so that `max` stay; keys come in the order they were kept. */
export function tooMany<T>(keys: readonly T[], max: number): T[] {
  return keys.slice(0, Math.max(0, keys.length - max))
}

/** Whether a kept answer may still be shown. */
export function usable(keptAt: string | null, nowMs: number): boolean {
  const at = Date.parse(keptAt ?? '')
  return !Number.isNaN(at) && nowMs - at < ANSWERS_MAX_H * 3_600_000
}
