import { describe, expect, it } from 'vitest'
import { type Address, readAddress, tabOf, writeAddress } from '../src/state/address'
import { EFFECT_DEFAULT, HEAT_DEFAULT } from '../src/state/view'

const PLAIN: Address = {
  camera: null,
  selection: null,
  panel: 'now',
  pick: '',
  layers: {},
  heat: HEAT_DEFAULT,
  compare: null,
  tab: 'surface',
  category: '',
  grid: null,
  effect: EFFECT_DEFAULT,
}

describe('the address', () => {
  const view: Address = {
    ...PLAIN,
    camera: { zoom: 14.25, lat: 29.13, lon: 110.48, bearing: 20, pitch: 50 },
    selection: { layer: 'grid', key: '2026/999101001002003' },
    panel: 'heat',
    layers: { camera: false, track: true },
    heat: { ...HEAT_DEFAULT, surface: 'risk', smooth: 2, opacity: 0.6 },
  }
  it('brings back the view it was written from', () => {
    expect(readAddress(writeAddress(view))).toEqual(view)
  })
  it('keeps all that was asked of the heat', () => {
    const full: Address = {
      ...view,
      heat: {
        surface: 'incidents',
        categories: ['matter-06', 'a,b:c'],
        window: '2026-11-01T00:00Z/2026-11-08T00:00Z@fri18-24',
        sources: ['12345', 'patrol'],
        severities: [1, 0],
        weight: 'severity',
        decay: 6,
        smooth: 4,
        opacity: 0.35,
        hot: 'emerging',
      },
      compare: { window: '7d@sat,sun~1y', at: 0.37 },
    }
    expect(readAddress(writeAddress(full))).toEqual(full)
    expect(writeAddress(full)).not.toMatch(/\s/)
  })
  it('keeps what is open in a studio page', () => {
    const rule: Address = { ...PLAIN, panel: 'rules', pick: 'crack-rate' }
    expect(readAddress(writeAddress(rule))).toEqual(rule)
    const fence: Address = { ...PLAIN, panel: 'fences', pick: 'team/3,a:b' }
    expect(readAddress(writeAddress(fence))).toEqual(fence)
  })
  it('opens the sheet of the hand at what it names', () => {
    expect(tabOf(readAddress('#p=plan&k=plan-1'), 'map')).toBe('studio')
    expect(tabOf(readAddress('#s=grid:1'), 'studio')).toBe('map')
    expect(tabOf(readAddress('#m=12/29/110'), 'studio')).toBe('map')
    expect(tabOf(readAddress('#m=12/29/110'), 'heat')).toBe('heat')
  })
  it('keeps what stands under the heat, and the question of an effect', () => {
    const trend: Address = { ...PLAIN, panel: 'heat', tab: 'trends', category: 'matter-06', grid: '999101001002003' }
    expect(readAddress(writeAddress(trend))).toEqual(trend)
    const byGrid: Address = {
      ...PLAIN,
      tab: 'effect',
      effect: { grid: '999101001002003', ring: [], start: '2026-10-01', days: 14, before: 56 },
    }
    expect(readAddress(writeAddress(byGrid))).toEqual(byGrid)
    const drawn: Address = {
      ...byGrid,
      effect: {
        ...byGrid.effect,
        grid: '',
        ring: [
          [110.48, 29.13],
          [110.49, 29.13],
          [110.49, -29.14],
        ],
      },
    }
    expect(readAddress(writeAddress(drawn))).toEqual(drawn)
    expect(writeAddress(drawn)).not.toContain(' ')
  })
  it('stays short while the heat is plain', () => {
    const plain: Address = { ...PLAIN, heat: { ...HEAT_DEFAULT, surface: 'incidents' } }
    expect(writeAddress(plain)).toBe('#h=incidents::24h:1:70')
    expect(readAddress('#h=incidents:matter-06:90d@fri18-24:1:75').heat).toMatchObject({
      categories: ['matter-06'],
      window: '90d@fri18-24',
      hot: 'off',
    })
  })
  it('is empty for the plain view', () => {
    expect(writeAddress(PLAIN)).toBe('')
    expect(readAddress('')).toEqual(PLAIN)
  })
  it('takes nothing from a broken one', () => {
    const read = readAddress('#m=abc/1&s=nothing&p=moon&l=x,+,-<script>&h=&c=moon:3&t=sun&e=1+x,2:soon:-3:1e9')
    expect(read).toEqual(PLAIN)
    expect(readAddress('#m=12/99/200').camera).toBeNull()
    expect(readAddress('#h=incidents:%E0%A4%A:7d@moon:9:1000').heat).toEqual({
      ...HEAT_DEFAULT,
      surface: 'incidents',
      opacity: 1,
    })
  })
})
