import { describe, expect, it } from 'vitest'
import { readAddress, writeAddress } from '../src/state/address'
import { HEAT_DEFAULT } from '../src/state/view'

describe('the address', () => {
  const view = {
    camera: { zoom: 14.25, lat: 29.13, lon: 110.48, bearing: 20, pitch: 50 },
    selection: { layer: 'grid', key: '2026/999101001002003' },
    panel: 'heat' as const,
    layers: { camera: false, track: true },
    heat: { surface: 'risk', category: '', window: '24h', smooth: 2, opacity: 0.6 },
  }
  it('brings back the view it was written from', () => {
    expect(readAddress(writeAddress(view))).toEqual(view)
  })
  it('is empty for the plain view', () => {
    const plain = { camera: null, selection: null, panel: 'now' as const, layers: {}, heat: HEAT_DEFAULT }
    expect(writeAddress(plain)).toBe('')
    expect(readAddress('')).toEqual(plain)
  })
  it('takes nothing from a broken one', () => {
    const read = readAddress('#m=abc/1&s=nothing&p=moon&l=x,+,-<script>&h=')
    expect(read).toEqual({ camera: null, selection: null, panel: 'now', layers: {}, heat: HEAT_DEFAULT })
    expect(readAddress('#m=12/99/200').camera).toBeNull()
  })
})
