import { describe, expect, it } from 'vitest'
import type { MapFeature, Warning } from '../src/api/types'
import { boundsOf, contains, distanceM, offset, sector } from '../src/domain/geo'
import { Effort } from '../src/map/effort'
import { Motions } from '../src/map/motion'
import { hazardData, incidentData, sensorData, warningData } from '../src/map/sources'
import { HOT_CLASSES, hotColour, notSignificant, ramp } from '../src/theme/ramps'

const NOW = Date.parse('2026-07-01T13:40:00Z')
const point = (key: string, more: Record<string, unknown>, spot: [number, number] = [110.48, 29.13]): MapFeature => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: spot },
  properties: { key, ...more },
})
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()

describe('small-area geometry', () => {
  it('goes out and comes back', () => {
    const there = offset([110.48, 29.13], 45, 1000)
    expect(distanceM([110.48, 29.13], there)).toBeCloseTo(1000, 0)
  })
  it('draws what a camera sees where it looks', () => {
    const seen = sector([110.48, 29.13], 90, 60, 100)
    expect(contains(seen, offset([110.48, 29.13], 90, 50))).toBe(true)
    expect(contains(seen, offset([110.48, 29.13], 270, 50))).toBe(false)
    expect(contains(seen, offset([110.48, 29.13], 90, 120))).toBe(false)
    const [w, , e] = boundsOf(seen)
    expect(e - w).toBeGreaterThan(0)
  })
})

describe('what the map draws', () => {
  const warning = {
    key: 'W-1',
    hazard_key: 'H-1',
    level: 3,
    state: 'active',
    drill: false,
    lon: 110.4,
    lat: 29.1,
    title: 'x',
  }
  it('shows a hazard point under a warning at the level of the warning', () => {
    const drawn = hazardData(
      [point('H-1', { level: 4 }), point('H-2', { level: 2 })],
      new Map([['H-1', warning as Warning]]),
    )
    expect(drawn.features.map(({ properties }) => [properties.key, properties.shown, properties.mode])).toEqual([
      ['H-1', '3', 'active'],
      ['H-2', '2', 'idle'],
    ])
  })
  it('shows a warning whose hazard point it was never given', () => {
    const drawn = hazardData([], new Map([['H-9', warning as Warning]]))
    expect(drawn.features[0]?.geometry).toEqual({ type: 'Point', coordinates: [110.4, 29.1] })
  })
  it('dims what is late, says since when what is stale, and gives no figure that was never read', () => {
    const drawn = sensorData(
      [
        point('a', { kind: 'rain_gauge', last_value: 18.4, last_unit: 'mm', last_at: ago(30) }),
        point('b', { kind: 'rain_gauge', last_value: 16.2, last_unit: 'mm', last_at: ago(1080) }),
        point('c', { kind: 'rain_gauge', last_value: 16.2, last_unit: 'mm', last_at: ago(7200) }),
        point('d', { kind: 'rain_gauge', last_value: null, last_at: null }),
      ],
      NOW,
      'zh',
    )
    expect(drawn.features.map(({ properties }) => [properties.age, properties.label])).toEqual([
      ['fresh', '18.4 mm'],
      ['late', '16.2 mm'],
      ['stale', '停 2 小时'],
      ['stale', ''],
    ])
  })
  it('colours a case by its clock', () => {
    const late = point('I-1', { status: 'reported', reported_at: ago(900), due_on_site_at: ago(300) })
    expect(incidentData([late], NOW).features[0]?.properties.tone).toBe('late')
  })
  it('draws no zone for a warning without one', () => {
    expect(warningData([point('W-1', { level: 2 })]).features).toHaveLength(0)
  })
})

describe('movers', () => {
  it('glide from fix to fix and arrive as the next one is due', () => {
    const motions = new Motions()
    const fix = (lon: number) => [
      point('D-1', { kind: 'drone', name: 'D', heading_deg: 90, seen_at: ago(1) }, [lon, 29.13]),
    ]
    motions.update(fix(110.48), 0, false)
    motions.update(fix(110.481), 1000, false)
    expect(motions.where('D-1', 1500)?.[0]).toBeCloseTo(110.4805, 6)
    expect(motions.moving(1999)).toBe(true)
    expect(motions.moving(2001)).toBe(false)
    const { points, tails } = motions.draw(2001, NOW, 'zh')
    expect(points.features[0]?.properties).toMatchObject({ aimed: '1', heading: 90, age: 'fresh' })
    expect(tails.features).toHaveLength(1)
  })
  it('jump when the way is too far to have been travelled, and stand when motion is not wanted', () => {
    const motions = new Motions()
    const fix = (lon: number) => [point('D-1', { kind: 'drone' }, [lon, 29.13])]
    motions.update(fix(110.4), 0, false)
    motions.update(fix(110.5), 1000, false)
    expect(motions.where('D-1', 1001)?.[0]).toBeCloseTo(110.5, 5)
    motions.update(fix(110.501), 2000, true)
    expect(motions.where('D-1', 2001)?.[0]).toBeCloseTo(110.501, 5)
  })
  it('vanish when they are gone', () => {
    const motions = new Motions()
    motions.update([point('D-1', { kind: 'drone' })], 0, false)
    motions.update([], 1000, false)
    expect(motions.where('D-1', 1001)).toBeNull()
  })
})

describe('effort', () => {
  it('draws evenly on a good screen, forgets a hiccup, and gives way on a slow one', () => {
    const effort = new Effort()
    const spend = (ms: number, frameMs: number) => {
      for (let spent = 0; spent < ms; spent += frameMs) effort.note(frameMs)
    }
    spend(1000, 17)
    expect([effort.heavy, effort.spacingMs]).toEqual([false, 40])
    effort.note(150)
    spend(3500, 17)
    expect(effort.heavy).toBe(false)
    effort.note(700)
    spend(2000, 17)
    expect(effort.heavy).toBe(true)
    expect(effort.spacingMs).toBeGreaterThan(2000)
    expect(effort.spacingMs).toBeLessThanOrEqual(3000)
  })
})

describe('ramps', () => {
  it('run from quiet to strong on either ground', () => {
    expect(ramp('risk', true)).toEqual([...ramp('risk', false)].reverse())
    expect(ramp('risk', false)).not.toEqual(ramp('density', false))
  })
  it('part hot from cold with grey between, stronger the surer', () => {
    expect(hotColour('ns', false)).toBe(notSignificant(false))
    expect(
      new Set(['hot99', 'hot95', 'hot90', 'ns', 'cold90', 'cold95', 'cold99'].map((c) => hotColour(c, true))).size,
    ).toBe(7)
    expect(HOT_CLASSES).toContain('hot-new')
    expect(HOT_CLASSES).toContain('cold99')
  })
})
