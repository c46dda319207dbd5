/** What the map draws of the live features: their properties joined with warnings, clocks and ages. */
import type { Feature, FeatureCollection, Geometry } from 'geojson'
import type { MapFeature, Warning } from '../api/types'
import { AGE_LIMITS_S, ageState, secondsSince, staleText } from '../domain/age'
import { caseClock } from '../domain/clocks'
import { figure } from '../domain/format'
import { asLevel } from '../domain/levels'
import type { Lang } from '../i18n'
import { calledAs } from '../state/classes'

type Drawn = FeatureCollection<Geometry, Record<string, unknown>>

const collection = (features: Feature<Geometry, Record<string, unknown>>[]): Drawn => ({
  type: 'FeatureCollection',
  features,
})

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** Hazard points: their own level at rest, the level of the worst warning on them otherwise. */
export function hazardData(features: MapFeature[], warned: Map<string, Warning>): Drawn {
  const known = new Set<string>()
  const drawn: Feature<Geometry, Record<string, unknown>>[] = features.map(({ geometry, properties: p }) => {
    known.add(p.key)
    const warning = warned.get(p.key)
    const mode = warning ? (warning.drill ? 'drill' : warning.state) : 'idle'
    return {
      type: 'Feature',
      geometry,
      properties: { key: p.key, name: p.name, mode, shown: String(warning?.level ?? asLevel(p.level) ?? '') },
    }
  })
  // A warning whose hazard point is not held is still a warning.
  for (const [key, warning] of warned) {
    if (known.has(key)) continue
    drawn.push({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [warning.lon, warning.lat] },
      properties: {
        key,
        name: warning.title,
        mode: warning.drill ? 'drill' : warning.state,
        shown: String(warning.level),
      },
    })
  }
  return collection(drawn)
}

export function sensorData(features: MapFeature[], nowMs: number, lang: Lang): Drawn {
  const limits = AGE_LIMITS_S.sensor as readonly [number, number]
  return collection(
    features.map(({ geometry, properties: p }) => {
      const ageS = secondsSince(text(p.last_at), nowMs)
      const state = p.status === 'offline' ? 'offline' : ageState(ageS, limits)
      const value = p.last_value === null || p.last_value === undefined ? '' : figure(p.last_value, text(p.last_unit))
      const label = state === 'stale' ? staleText(ageS, lang) : state === 'offline' ? '' : value
      // A sensor that never spoke is drawn like a silent one, without a figure.
      const age = state === 'unknown' ? 'stale' : state
      return {
        type: 'Feature',
        geometry,
        properties: { key: p.key, kind: p.kind, age, label, attached: Boolean(p.hazard_key) },
      }
    }),
  )
}

export function incidentData(features: MapFeature[], nowMs: number): Drawn {
  return collection(
    features.map(({ geometry, properties: p }) => {
      const clock = caseClock(p, nowMs)
      return {
        type: 'Feature',
        geometry,
        properties: {
          key: p.key,
          title: calledAs('incident', p),
          status: p.status,
          tone: clock?.tone ?? 'none',
          urgency: clock ? -clock.remainingS : -1e9,
        },
      }
    }),
  )
}

/** Solved cases only wait for a follow-up: they are no longer what the map is watched for, and stand apart. */
export function isSolved(feature: MapFeature): boolean {
  return feature.properties.status === 'resolved'
}

export function teamData(features: MapFeature[]): Drawn {
  return collection(
    features.map(({ geometry, properties: p }) => ({
      type: 'Feature',
      geometry,
      properties: { key: p.key, name: p.name, kind: p.kind, status: p.status },
    })),
  )
}

export function warningData(features: MapFeature[]): Drawn {
  return collection(
    features
      .filter(({ geometry }) => geometry.type === 'Polygon' || geometry.type === 'MultiPolygon')
      .map(({ geometry, properties: p }) => ({
        type: 'Feature',
        geometry,
        properties: { key: p.key, level: asLevel(p.level) ?? 0, state: p.state, drill: p.drill === true },
      })),
  )
}
