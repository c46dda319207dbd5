import { describe, expect, it } from 'vitest'
import { kindOf, tileNear, tilesAround, tooMany, usable } from '../src/worker/policy'

const HERE = 'https://map.city'
const kind = (path: string, method = 'GET', navigates = false) => kindOf(method, new URL(path, HERE), HERE, navigates)

describe('what a phone keeps', () => {
  it('is the page, its files, the ground and the last word on its alerts', () => {
    expect(kind('/', 'GET', true)).toBe('page')
    expect(kind('/assets/index-abc.js')).toBe('asset')
    expect(kind('/tiles/road/14/13000/6700.mvt')).toBe('tile')
    expect(kind('/tiles/terrain/12/3250/1680.png')).toBe('tile')
    expect(kind('/alerts')).toBe('answer')
    expect(kind('/warnings?state=active')).toBe('answer')
    expect(kind('/auth/me')).toBe('answer')
    expect(kind('/ogc/collections/warning/items?limit=1000&state=active')).toBe('answer')
  })
  it('is nothing that changes, streams, counts or moves, and nothing of another host', () => {
    for (const path of ['/live', '/tiles/heat/incidents/14/1/1.mvt', '/tiles/track/14/1/1.mvt', '/health', '/rosters'])
      expect(kind(path), path).toBe('none')
    expect(kind('/warnings/w1')).toBe('none')
    expect(kind('/attachments/x.jpg', 'GET', true)).toBe('none')
    expect(kind('/alerts/7/acknowledge', 'POST')).toBe('none')
    expect(kindOf('GET', new URL('https://elsewhere/alerts'), HERE, false)).toBe('none')
  })
  it('is no answer from the day before', () => {
    const now = Date.parse('2026-07-02T13:00:00Z')
    expect(usable('2026-07-02T12:00:00Z', now)).toBe(true)
    expect(usable('2026-07-01T12:59:00Z', now)).toBe(false)
    expect(usable(null, now)).toBe(false)
    expect(usable('once', now)).toBe(false)
  })
  it('is bounded: the oldest go', () => {
    expect(tooMany([1, 2, 3, 4, 5], 3)).toEqual([1, 2])
    expect(tooMany([1], 3)).toEqual([])
  })
})

describe('the ground of an alert', () => {
  const spot = { lon: 106.5, lat: 29.6 }
  it('is fetched close around it, and every tile of it counts as near', () => {
    const paths = tilesAround(spot)
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths.length).toBeLessThan(250)
    expect(paths.some((path) => path.startsWith('/tiles/building/16/'))).toBe(true)
    for (const path of paths) expect(tileNear(path, [spot]), path).toBe(true)
  })
  it('ends where another part of the city begins', () => {
    const far = tilesAround({ lon: 106.9, lat: 29.6 }).filter((path) => path.includes('/15/'))
    for (const path of far) expect(tileNear(path, [spot]), path).toBe(false)
    expect(tileNear('/tiles/road/10/815/423.mvt', [])).toBe(true)
    expect(tileNear('/tiles/road/15/1/1.mvt', [])).toBe(false)
    expect(tileNear('/not/a/tile', [spot])).toBe(false)
  })
})
