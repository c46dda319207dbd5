/** Small-area geometry in degrees: good to metres over a city, which is what a screen needs. */
import type { Geometry, Polygon, Position } from 'geojson'

const EARTH_M = 6_371_008.8
const RAD = Math.PI / 180

/** Great-circle distance in metres between [lon, lat] pairs. */
export function distanceM(a: Position, b: Position): number {
  const [lon1 = 0, lat1 = 0] = a
  const [lon2 = 0, lat2 = 0] = b
  const dLat = (lat2 - lat1) * RAD
  const dLon = (lon2 - lon1) * RAD
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(lat1 * RAD) * Math.cos(lat2 * RAD) * Math.sin(dLon / 2) ** 2
  return 2 * EARTH_M * Math.asin(Math.sqrt(h))
}

/** The point `metres` away in direction `bearingDeg` (0 = north, clockwise). */
export function offset(from: Position, bearingDeg: number, metres: number): Position {
  const [lon = 0, lat = 0] = from
  const dLat = (metres * Math.cos(bearingDeg * RAD)) / EARTH_M / RAD
  const dLon = (metres * Math.sin(bearingDeg * RAD)) / (EARTH_M * Math.cos(lat * RAD)) / RAD
  return [lon + dLon, lat + dLat]
}

/** What a camera sees on flat ground: a sector of `fovDeg` around `headingDeg`, `rangeM` deep. */
export function sector(from: Position, headingDeg: number, fovDeg: number, rangeM: number): Polygon {
  if (fovDeg >= 360) return disc(from, rangeM)
  const ring: Position[] = [from]
  const steps = Math.max(6, Math.ceil(fovDeg / 5))
  for (let i = 0; i <= steps; i++) ring.push(offset(from, headingDeg - fovDeg / 2 + (fovDeg * i) / steps, rangeM))
  ring.push(from)
  return { type: 'Polygon', coordinates: [ring] }
}

export function disc(center: Position, radiusM: number): Polygon {
  const ring: Position[] = []
  for (let i = 0; i <= 48; i++) ring.push(offset(center, (i % 48) * 7.5, radiusM))
  return { type: 'Polygon', coordinates: [ring] }
}

function* positions(geometry: Geometry): Generator<Position> {
  switch (geometry.type) {
    case 'Point':
      yield geometry.coordinates
      return
    case 'MultiPoint':
    case 'LineString':
      yield* geometry.coordinates
      return
    case 'MultiLineString':
    case 'Polygon':
      yield* geometry.coordinates.flat()
      return
    case 'MultiPolygon':
      yield* geometry.coordinates.flat(2)
      return
    case 'GeometryCollection':
      for (const part of geometry.geometries) yield* positions(part)
  }
}

/** West, south, east, north. */
export function boundsOf(geometry: Geometry): [number, number, number, number] {
  let [w, s, e, n] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [lon = 0, lat = 0] of positions(geometry)) {
    w = Math.min(w, lon)
    e = Math.max(e, lon)
    s = Math.min(s, lat)
    n = Math.max(n, lat)
  }
  return [w, s, e, n]
}

/** The middle of the bounds: a place to point at, not a centroid. */
export function middleOf(geometry: Geometry): [number, number] {
  const [w, s, e, n] = boundsOf(geometry)
  return [(w + e) / 2, (s + n) / 2]
}

/** Ground of a polygon in km²: plane rings about their own latitude, holes taken off. */
export function areaKm2(rings: Position[][]): number {
  const [, lat0 = 0] = rings[0]?.[0] ?? []
  const scale = (EARTH_M * RAD) ** 2 * Math.cos(lat0 * RAD)
  const ring = (points: Position[]) => {
    let twice = 0
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [xi = 0, yi = 0] = points[i] ?? []
      const [xj = 0, yj = 0] = points[j] ?? []
      twice += xj * yi - xi * yj
    }
    return Math.abs(twice) / 2
  }
  const [outer = 0, ...holes] = rings.map(ring)
  return ((outer - holes.reduce((sum, hole) => sum + hole, 0)) * scale) / 1e6
}

/** Whether a [lon, lat] lies inside a polygon or multipolygon. */
export function contains(geometry: Geometry, point: Position): boolean {
  const polygons =
    geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : []
  const [x = 0, y = 0] = point
  return polygons.some((rings) => {
    let inside = false
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [xi = 0, yi = 0] = ring[i] ?? []
        const [xj = 0, yj = 0] = ring[j] ?? []
        if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
      }
    }
    return inside
  })
}
