/** Parts of the city: dots by major class from afar, a glyph by family near by; quiet, but for what is amiss. */
import type { ExpressionSpecification } from 'maplibre-gl'
import { partTone } from '../theme/palette'
import type { OwnedLayer, StyleContext } from './context'
import { symbolId } from './symbols'

export const MAJORS = ['01', '02', '03', '04', '05'] as const
export const FAMILIES = ['cover', 'pole', 'fire', 'sign', 'bin', 'green', 'other'] as const
export type Family = (typeof FAMILIES)[number]

/** Classes of the catalogue by what they look like, ends included. */
const LOOKS: readonly [Family, ...(string | readonly [from: string, to: string])[]][] = [
  ['cover', ['01001', '01012'], '01014', '01015', ['01017', '01023'], '01026'],
  ['pole', ['01030', '01035'], ['01037', '01039'], '01047', '01077'],
  ['fire', '01013'],
  ['sign', '01029', '01036', '01065', '02004', ['02010', '02015'], '02023', '02030', ['02035', '02041']],
  ['sign', '03002', ['03006', '03008'], '03013'],
  ['other', ['03009', '03012'], '04006', '04007', '04010', '04012'],
]
/** The rest of a major class. */
const BY_MAJOR: Readonly<Record<string, Family>> = { '03': 'bin', '04': 'green' }

const five = (n: number) => String(n).padStart(5, '0')

function codesOf(spans: readonly (string | readonly [string, string])[]): string[] {
  return spans.flatMap((span) => {
    const [from, to] = typeof span === 'string' ? [span, span] : span
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => five(Number(from) + i))
  })
}

const FAMILY_OF = new Map(LOOKS.flatMap(([family, ...spans]) => codesOf(spans).map((code) => [code, family] as const)))

/** How a part of that class is drawn; a part without one is drawn as any other thing. */
export function familyOf(code: unknown): Family {
  const text = typeof code === 'string' ? code : ''
  return FAMILY_OF.get(text) ?? BY_MAJOR[text.slice(0, 2)] ?? 'other'
}

export function majorOf(code: unknown): string {
  const major = typeof code === 'string' ? code.slice(0, 2) : ''
  return (MAJORS as readonly string[]).includes(major) ? major : ''
}

const CODE: ExpressionSpecification = ['to-string', ['coalesce', ['get', 'class_code'], '']]
const MAJOR: ExpressionSpecification = ['slice', CODE, 0, 2]
const STATUS: ExpressionSpecification = ['to-string', ['coalesce', ['get', 'status'], 'intact']]
/** Nought: as it should be. */
const AMISS: ExpressionSpecification = ['match', STATUS, ['damaged', 'lost'], 1, 0]
const GONE: ExpressionSpecification = ['in', STATUS, ['literal', ['disused', 'removed']]]

function family(): ExpressionSpecification {
  const byCode = FAMILIES.flatMap((name) => {
    const codes = [...FAMILY_OF].filter(([, one]) => one === name).map(([code]) => code)
    return codes.length > 0 ? [codes, name] : []
  })
  const byMajor = ['match', MAJOR, ...Object.entries(BY_MAJOR).flat(), 'other']
  return ['match', CODE, ...byCode, byMajor] as unknown as ExpressionSpecification
}

export function partLayers({ palette: p, theme, factor }: StyleContext): OwnedLayer[] {
  const tiles = { source: 'tiles-part', 'source-layer': 'part' }
  const tone = ['match', MAJOR, ...MAJORS.flatMap((major) => [major, partTone(p, major)]), p.off]
  return [
    {
      id: 'part-dot',
      owner: 'part',
      type: 'circle',
      minzoom: 14,
      maxzoom: 16,
      ...tiles,
      layout: { 'circle-sort-key': AMISS },
      paint: {
        'circle-radius': [
          'interpolate',
          ['linear'],
          ['zoom'],
          14,
          ['case', ['==', AMISS, 1], 2.2 * factor, 1.1 * factor],
          16,
          ['case', ['==', AMISS, 1], 3.6 * factor, 2.3 * factor],
        ],
        'circle-color': [
          'case',
          ['==', AMISS, 1],
          p['part-amiss'],
          GONE,
          p.off,
          tone as unknown as ExpressionSpecification,
        ],
        'circle-opacity': ['interpolate', ['linear'], ['zoom'], 14, 0.6, 15.5, 0.85],
        'circle-stroke-color': p.halo,
        'circle-stroke-width': 0.6,
      },
    },
    {
      id: 'part',
      owner: 'part',
      type: 'symbol',
      minzoom: 16,
      ...tiles,
      layout: {
        'icon-image': ['concat', symbolId(theme, 'part'), '|', family(), '|', MAJOR, '|', STATUS],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 16, 0.55 * factor, 18, 0.9 * factor],
        // All of them, and names keep their places: nothing is looked for that the map has left out.
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': AMISS,
      },
    },
  ]
}
