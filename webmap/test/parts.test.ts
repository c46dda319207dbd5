import { createExpression } from '@maplibre/maplibre-gl-style-spec'
import { describe, expect, it } from 'vitest'
import type { StyleContext } from '../src/map/context'
import { GLYPHS } from '../src/map/glyphs'
import { FAMILIES, familyOf, majorOf, partLayers } from '../src/map/parts'
import type { Palette } from '../src/theme/palette'

describe('parts of the city', () => {
  it('are drawn as what they are, by their class', () => {
    expect(['01001', '01012', '01023', '01026'].map(familyOf)).toEqual(['cover', 'cover', 'cover', 'cover'])
    expect(['01037', '01030', '01077'].map(familyOf)).toEqual(['pole', 'pole', 'pole'])
    expect(['01013', '02014', '03005', '04002', '01027', '05009'].map(familyOf)).toEqual([
      'fire',
      'sign',
      'bin',
      'green',
      'other',
      'other',
    ])
  })
  it('are drawn though the class is not known, of another list, or of a city of its own', () => {
    expect([undefined, null, '', '99999', 'x'].map(familyOf)).toEqual(['other', 'other', 'other', 'other', 'other'])
    expect([familyOf('03999'), familyOf('01999')]).toEqual(['bin', 'other'])
    expect([majorOf('04002'), majorOf('99001'), majorOf(null)]).toEqual(['04', '', ''])
  })
  it('have a glyph each', () => {
    for (const family of FAMILIES) expect(GLYPHS).toHaveProperty(`part-${family}`)
  })
  it('are told apart by the map as by the panels', () => {
    const palette = new Proxy({}, { get: (_, name) => String(name) }) as Palette
    const layers = partLayers({ palette, theme: 'dark', factor: 1 } as StyleContext)
    const layout = layers.find(({ id }) => id === 'part')?.layout as Record<string, unknown>
    const made = createExpression(layout['icon-image'], 'layers[0].layout.icon-image')
    if (made.result === 'error') throw new Error(made.value.map(({ message }) => message).join())
    const image = (properties: Record<string, unknown>) =>
      String(made.value.evaluate({ zoom: 16 }, { type: 'Point', properties } as never))
    for (const code of ['01001', '01013', '01050', '02004', '02042', '03003', '03006', '04006', '04014', '05002']) {
      expect(image({ class_code: code, status: 'lost' })).toBe(`dark|part|${familyOf(code)}|${code.slice(0, 2)}|lost`)
    }
    expect(image({})).toBe('dark|part|other||intact')
  })
})
