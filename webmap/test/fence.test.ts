import { describe, expect, it } from 'vitest'
import type { FenceKind } from '../src/api/studio'
import { EMPTY_FENCE, groundSaid, PRESETS, tidyFence, tidySource, withFenceKind } from '../src/domain/fence'

describe("a fence's settings to begin with", () => {
  it('raise nothing that is not written, and nothing without a level', () => {
    for (const kind of Object.keys(PRESETS) as FenceKind[]) {
      const preset = PRESETS[kind]
      expect(preset.events, kind).toEqual(expect.arrayContaining(preset.warn_on))
      expect(preset.level !== null, kind).toBe(preset.warn_on.length > 0)
      expect(preset.exit_p, kind).toBeLessThan(preset.enter_p)
      expect(preset.events.includes('approach'), kind).toBe(preset.approach_m > 0)
      expect(preset.events.includes('dwell'), kind).toBe(preset.dwell_s > 0)
      expect(preset.on_create === 'warn', kind).toBe(preset.level !== null && kind !== 'keep_in')
    }
  })
  it('change with the kind, while name and ground stay', () => {
    const mine = { ...EMPTY_FENCE, name: '一号', source: { type: 'grids' as const, codes: ['a'] } }
    const nofly = withFenceKind(mine, 'nofly')
    expect([nofly.name, nofly.source.codes, nofly.mover_kinds]).toEqual(['一号', ['a'], ['drone']])
  })
})

describe('what is sent', () => {
  it('holds of the ground only what its type reads', () => {
    const source = { type: 'mover' as const, key: 'UAV-1', radius_m: 200, codes: ['a'], layer: 'hazard' }
    expect(tidySource(source)).toEqual({ type: 'mover', key: 'UAV-1', radius_m: 200 })
    expect(groundSaid({ type: 'buffer', key: 'HZ-1', layer: 'hazard' })).toBe(false)
    expect(groundSaid({ type: 'buffer', key: 'HZ-1', layer: 'hazard', radius_m: 50 })).toBe(true)
    expect(groundSaid({ type: 'grids', codes: [] })).toBe(false)
  })
  it('raises only on what is written', () => {
    const spec = tidyFence({ ...EMPTY_FENCE, events: ['exit'], warn_on: ['enter', 'exit'] })
    expect(spec.warn_on).toEqual(['exit'])
    const calm = tidyFence({ ...EMPTY_FENCE, level: null })
    expect([calm.warn_on, calm.on_create]).toEqual([[], 'event'])
  })
})
