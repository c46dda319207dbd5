import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Catalogue, MapFeature } from '../src/api/types'
import { catalogue } from '../src/state/catalogue'
import { stores } from '../src/state/features'
import { askHits, byLayer, type Hit, heldHits, hitBeside } from '../src/state/search'

const layer = (name: string) => ({ name, title: { zh: name, en: name }, attributes: [], style: {} })
const team = (key: string, name: string): MapFeature =>
  ({
    type: 'Feature',
    id: key,
    geometry: { type: 'Point', coordinates: [1, 2] },
    properties: { key, name },
  }) as MapFeature
const hit = (name: string, more: Partial<Hit> = {}): Hit => ({
  layer: 'team',
  key: name,
  name,
  name_en: null,
  kind: null,
  by: 'name',
  text: name,
  place: null,
  point: [0, 0],
  bbox: null,
  ...more,
})

beforeEach(() => {
  catalogue.value = { layers: ['team', 'building', 'part', 'grid'].map(layer) } as unknown as Catalogue
  for (const [key, name] of [
    ['t1', '东门消防'],
    ['t2', '新东门'],
  ] as const)
    stores.team.features.set(key, team(key, name))
})
afterEach(() => {
  stores.team.features.clear()
  catalogue.value = null
  vi.unstubAllGlobals()
})

describe('what this page holds', () => {
  it('is found at once, beginnings first, full-width signs as narrow ones', () => {
    expect(heldHits('东门').map((one) => one.key)).toEqual(['t1', 't2'])
    expect(heldHits(' Ｔ２ ').map((one) => one.key)).toEqual(['t2'])
    expect(heldHits(' ')).toEqual([])
    expect(heldHits('东门')[0]?.point).toEqual([1, 2])
  })
})

describe('what the server tells', () => {
  it('stands by layer in the order of the best of each', () => {
    const hits = [hit('a'), hit('b', { layer: 'grid' }), hit('c')]
    expect(byLayer(hits).map(([name, group]) => [name, group.map((one) => one.name)])).toEqual([
      ['team', ['a', 'c']],
      ['grid', ['b']],
    ])
  })
  it('says where, and the code that answered, but nothing twice', () => {
    expect(hitBeside(hit('甲楼', { layer: 'building', place: '一格', by: 'address_code', text: '5001' }))).toBe(
      '5001 · 一格',
    )
    expect(hitBeside(hit('东门社区001格', { layer: 'grid', place: '东门社区' }))).toBe('')
    expect(hitBeside(hit('路灯', { layer: 'part', key: '99', place: '一格' }))).toBe('99 · 一格')
  })
  it('is asked with what is near, leaves out layers that have no place here, and can be stopped', async () => {
    const asked: string[] = []
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      asked.push(path)
      if (path.includes('slow')) {
        return new Promise((_, fail) => {
          init.signal?.addEventListener('abort', () => fail(new DOMException('', 'AbortError')))
        })
      }
      const items = [hit('a'), hit('b', { layer: 'nowhere' })]
      return Promise.resolve(new Response(JSON.stringify({ q: 'x', items, more: true })))
    })
    const found = await askHits('x', [1.234567, 2], new AbortController().signal)
    expect(asked[0]).toBe('/search?q=x&limit=30&near=1.23457%2C2.00000')
    expect(found.hits.map((one) => one.name)).toEqual(['a'])
    expect(found.more).toBe(true)
    const stop = new AbortController()
    const slow = askHits('slow', null, stop.signal)
    stop.abort()
    await expect(slow).rejects.toThrow()
  })
})
