/** The options of a proposal as they are compared: small maps, the chart of what each gives up, and what a part of one takes. */
import type { Geometry, Position } from 'geojson'
import type { ProposalMove, ProposalOption } from '../api/plans'
import { boundsOf } from './geo'

export type Frame = readonly [west: number, south: number, east: number, north: number]

/** The frame around all shapes; null where there is none. */
export function frameOf(geometries: Iterable<Geometry | null | undefined>): Frame | null {
  let frame: [number, number, number, number] | null = null
  for (const geometry of geometries) {
    if (!geometry) continue
    const [w, s, e, n] = boundsOf(geometry)
    if (!(w <= e && s <= n)) continue
    frame = frame
      ? [Math.min(frame[0], w), Math.min(frame[1], s), Math.max(frame[2], e), Math.max(frame[3], n)]
      : [w, s, e, n]
  }
  return frame
}

/** Degrees to a box of the screen: a degree of longitude is shorter than one of latitude, north is up. */
export function projector(frame: Frame, width: number, height: number, pad = 3): (at: Position) => [number, number] {
  const [w, s, e, n] = frame
  const narrow = Math.cos((((s + n) / 2) * Math.PI) / 180)
  const [across, up] = [Math.max((e - w) * narrow, 1e-9), Math.max(n - s, 1e-9)]
  const scale = Math.min((width - 2 * pad) / across, (height - 2 * pad) / up)
  const [left, top] = [(width - across * scale) / 2, (height - up * scale) / 2]
  return ([lon = 0, lat = 0]) => [left + (lon - w) * narrow * scale, top + (n - lat) * scale]
}

const short = (n: number) => String(Math.round(n * 10) / 10)

function ringPath(ring: readonly Position[], project: (at: Position) => [number, number]): string {
  let path = ''
  let last = ''
  let kept = 0
  for (const at of ring) {
    const [x, y] = project(at)
    const spot = `${short(x)} ${short(y)}`
    // Corners closer than a tenth of a pixel are one on a small map.
    if (spot === last) continue
    path += `${kept ? 'L' : 'M'}${spot}`
    last = spot
    kept++
  }
  return kept > 2 ? `${path}Z` : ''
}

/** An SVG path of polygons; of anything else, nothing. */
export function pathOf(geometry: Geometry | null | undefined, project: (at: Position) => [number, number]): string {
  if (!geometry) return ''
  if (geometry.type === 'Polygon') return geometry.coordinates.map((ring) => ringPath(ring, project)).join('')
  if (geometry.type === 'MultiPolygon')
    return geometry.coordinates.map((rings) => rings.map((ring) => ringPath(ring, project)).join('')).join('')
  if (geometry.type === 'GeometryCollection') return geometry.geometries.map((part) => pathOf(part, project)).join('')
  return ''
}

export interface OptionGrid {
  id: string
  load: number
  geometry: Geometry | null
  measures: Record<string, number>
}

/** The features of an option, read with care: what is not there is not drawn. */
export function optionGrids(option: Pick<ProposalOption, 'grids'>): OptionGrid[] {
  return (option.grids ?? []).flatMap((raw) => {
    const feature = raw as { id?: unknown; geometry?: Geometry; properties?: Record<string, unknown> }
    const properties = feature.properties ?? {}
    const id = properties.id ?? feature.id
    if (id === undefined || id === null) return []
    const measures = typeof properties.measures === 'object' && properties.measures ? properties.measures : {}
    return [
      {
        id: String(id),
        load: Number(properties.load ?? Number.NaN),
        geometry: feature.geometry ?? null,
        measures: measures as Record<string, number>,
      },
    ]
  })
}

/** What of an option a choice of its grids would move: a piece is taken where its new grid is chosen. */
export function movesOf(moves: readonly ProposalMove[], taken: ReadonlySet<string>): ProposalMove[] {
  return taken.size === 0 ? [...moves] : moves.filter(({ to, grid }) => taken.has(to) || (grid && taken.has(grid)))
}

/** Households and buildings of some moves. */
export function moveTotals(moves: readonly ProposalMove[]): { buildings: number; households: number } {
  let [buildings, households] = [0, 0]
  for (const move of moves) {
    buildings += move.buildings
    households += move.households
  }
  return { buildings, households }
}

export type Axis = 'changed_share' | 'compactness' | 'crossings' | 'deviation' | 'max_over_mean'

/** More of it is better; of the others less is. */
const MORE_IS_BETTER: ReadonlySet<Axis> = new Set(['compactness'])

const better = (axis: Axis, a: number, b: number) => (MORE_IS_BETTER.has(axis) ? a > b : a < b)

/** Whether one is at least as good in all that counts, and better in something. */
export function beats(a: ProposalOption, b: ProposalOption, axes: readonly Axis[]): boolean {
  let some = false
  for (const axis of axes) {
    if (better(axis, b[axis], a[axis])) return false
    if (better(axis, a[axis], b[axis])) some = true
  }
  return some
}

/** The front of a chart of two axes: no other is better in both. From left to right. */
export function frontOf(options: readonly ProposalOption[], x: Axis, y: Axis): ProposalOption[] {
  return options
    .filter((one) => !options.some((other) => other !== one && beats(other, one, [x, y])))
    .sort((a, b) => a[x] - b[x] || a[y] - b[y])
}

/**
 * Marks of a chart moved aside, as little as it takes, until none covers another: those at one height or nearly so stand
 * beside each other around where they belong, in their order.
 */
export function apart(
  spots: readonly (readonly [x: number, y: number])[],
  width: number,
  [from, to]: readonly [number, number],
): [x: number, y: number][] {
  const found = spots.map(([x, y]): [number, number] => [x, y])
  const order = found.map((_, i) => i).sort((a, b) => (found[a]?.[0] ?? 0) - (found[b]?.[0] ?? 0) || a - b)
  const rounds = 60
  for (let round = 0; round < rounds; round++) {
    let moved = false
    for (const [n, i] of order.entries())
      for (const j of order.slice(n + 1)) {
        const [a, b] = [found[i], found[j]]
        if (!a || !b || Math.abs(a[1] - b[1]) >= width) continue
        const need = Math.sqrt(width ** 2 - (a[1] - b[1]) ** 2) - (b[0] - a[0])
        if (need <= 0.01) continue
        a[0] -= need / 2
        b[0] += need / 2
        moved = true
      }
    for (const spot of found) spot[0] = Math.min(to, Math.max(from, spot[0]))
    if (!moved) break
  }
  return found
}

/** Round figures that cover the data, with a little air: three to six ticks. */
export function ticks(low: number, high: number, about = 4): number[] {
  const span = high - low
  if (!(span > 0) || !Number.isFinite(span)) return [low]
  const rough = span / about
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((size) => size >= rough) ?? rough
  const found: number[] = []
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step)
    found.push(Number(at.toPrecision(12)))
  return found
}

/**
 * Limits of an axis: the data, widened by a twelfth on both sides; never below nothing where nothing is the least.
 * Figures that lie closer than `least` are not drawn as if they were far apart.
 */
export function limitsOf(values: readonly number[], floor: number | null, least = 0): [number, number] {
  const known = values.filter(Number.isFinite)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  if (known.length === 0) return [0, 1]
  const pad = Math.max((high - low || Math.abs(high) * 0.2 || 1) / 12, (least - (high - low)) / 2)
  return [floor === null ? low - pad : Math.max(floor, low - pad), high + pad]
}
