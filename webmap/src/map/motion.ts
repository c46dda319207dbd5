/** Where movers are drawn between two fixes: an even glide, a heading, a short tail. Plain data, no map. */
import type { Feature, FeatureCollection } from 'geojson'
import type { MapFeature } from '../api/types'
import { AGE_LIMITS_S, ageState, secondsSince, staleText } from '../domain/age'
import { distanceM } from '../domain/geo'
import type { Lang } from '../i18n'

type Spot = [number, number]

interface Motion {
  feature: MapFeature
  from: Spot
  to: Spot
  startMs: number
  spanMs: number
  lastFixMs: number
  tail: Spot[]
}

/** Fixes kept for the tail, and how far a jump may be before it is a jump and not a move. */
const TAIL_FIXES = 14
const JUMP_M = 3000
const SPAN_MIN_MS = 200
const SPAN_MAX_MS = 3000

function pointOf(feature: MapFeature): Spot | null {
  if (feature.geometry.type !== 'Point') return null
  const [lon, lat] = feature.geometry.coordinates
  return lon === undefined || lat === undefined ? null : [lon, lat]
}

export class Motions {
  private held = new Map<string, Motion>()

  /** Takes the newest features; `frameMs` is the frame clock. */
  update(features: Iterable<MapFeature>, frameMs: number, still: boolean): void {
    const keep = new Set<string>()
    for (const feature of features) {
      const key = feature.properties.key
      const spot = pointOf(feature)
      if (!spot) continue
      keep.add(key)
      const known = this.held.get(key)
      if (!known) {
        this.held.set(key, {
          feature,
          from: spot,
          to: spot,
          startMs: frameMs,
          spanMs: 1,
          lastFixMs: frameMs,
          tail: [spot],
        })
        continue
      }
      known.feature = feature
      if (known.to[0] === spot[0] && known.to[1] === spot[1]) continue
      const shown = this.at(known, frameMs)
      const far = distanceM(shown, spot) > JUMP_M
      known.from = far || still ? spot : shown
      known.to = spot
      // Glide for as long as fixes are apart, so that it arrives as the next one comes.
      known.spanMs = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, frameMs - known.lastFixMs))
      known.startMs = frameMs
      known.lastFixMs = frameMs
      known.tail = far ? [spot] : [...known.tail, spot].slice(-TAIL_FIXES)
    }
    for (const key of this.held.keys()) if (!keep.has(key)) this.held.delete(key)
  }

  /** Whether anything still glides. */
  moving(frameMs: number): boolean {
    for (const motion of this.held.values()) if (frameMs < motion.startMs + motion.spanMs) return true
    return false
  }

  where(key: string, frameMs: number): Spot | null {
    const motion = this.held.get(key)
    return motion ? this.at(motion, frameMs) : null
  }

  private at({ from, to, startMs, spanMs }: Motion, frameMs: number): Spot {
    const share = Math.min(1, Math.max(0, (frameMs - startMs) / spanMs))
    return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
  }

  draw(frameMs: number, nowMs: number, lang: Lang): { points: FeatureCollection; tails: FeatureCollection } {
    const limits = AGE_LIMITS_S.mover as readonly [number, number]
    const points: Feature[] = []
    const tails: Feature[] = []
    for (const [key, motion] of this.held) {
      const p = motion.feature.properties
      const spot = this.at(motion, frameMs)
      const ageS = secondsSince(typeof p.seen_at === 'string' ? p.seen_at : null, nowMs)
      const state = ageState(ageS, limits)
      const age = state === 'unknown' ? 'stale' : state
      const heading = typeof p.heading_deg === 'number' ? p.heading_deg : null
      const altitude = p.kind === 'drone' && typeof p.altitude_m === 'number' ? ` · ${Math.round(p.altitude_m)} m` : ''
      const silent = age === 'stale' ? ` · ${staleText(ageS, lang)}` : ''
      points.push({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: spot },
        properties: {
          key,
          kind: p.kind,
          age,
          aimed: heading === null ? '0' : '1',
          heading: heading ?? 0,
          label: `${p.name ?? key}${altitude}${silent}`,
        },
      })
      // The glide has not reached the last fix yet: the tail ends where the mover is drawn.
      const line = [...motion.tail.slice(0, -1), spot]
      if (line.length > 1 && age !== 'stale') {
        tails.push({
          type: 'Feature',
          geometry: { type: 'LineString', coordinates: line },
          properties: { key, kind: p.kind },
        })
      }
    }
    return {
      points: { type: 'FeatureCollection', features: points },
      tails: { type: 'FeatureCollection', features: tails },
    }
  }
}
