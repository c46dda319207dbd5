import type { Map as MapLibre } from 'maplibre-gl'
import { describe, expect, it, vi } from 'vitest'
import { putData } from '../src/map/put'

const empty = (): GeoJSON.FeatureCollection => ({ type: 'FeatureCollection', features: [] })

describe('data of a small source', () => {
  it('is put once, and again when it is other or the source is a new one', () => {
    let source = { setData: vi.fn() }
    const map = { getSource: (name: string) => (name === 'fov' ? source : undefined) } as unknown as MapLibre
    putData(map, 'nowhere', empty())
    putData(map, 'fov', empty())
    putData(map, 'fov', empty())
    expect(source.setData).toHaveBeenCalledTimes(1)
    const point: GeoJSON.Feature = { type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] }, properties: {} }
    putData(map, 'fov', { type: 'FeatureCollection', features: [point] })
    expect(source.setData).toHaveBeenCalledTimes(2)
    source = { setData: vi.fn() }
    putData(map, 'fov', { type: 'FeatureCollection', features: [point] })
    expect(source.setData).toHaveBeenCalledTimes(1)
  })
})
