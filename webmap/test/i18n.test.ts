import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fill } from '../src/i18n'
import { messages as page } from '../src/i18n/catalogue'
import { plan } from '../src/i18n/plan'
import { studio } from '../src/i18n/studio'

const messages = { ...page, ...studio, ...plan }
const SOURCE = join(import.meta.dirname, '../src')

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.tsx?$/.test(entry.name) && !/i18n\/(catalogue|studio|plan\w*)\.ts$/.test(path)
      ? [readFileSync(path, 'utf8')]
      : []
  })
}

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

describe('the catalogue of words', () => {
  it('has both languages, with the same places to fill', () => {
    for (const [key, [zh, en]] of Object.entries(messages)) {
      expect(zh, key).not.toBe('')
      expect(en, key).not.toBe('')
      expect(places(zh), key).toEqual(places(en))
      // Words that follow a count follow one that is said.
      const counted = [...en.matchAll(/\{(\w+)\|/g)].map((match) => match[1])
      expect(places(en), key).toEqual(expect.arrayContaining(counted))
      expect(zh, key).not.toContain('|')
      expect(en, `${key} in English`).not.toMatch(/\w\(e?s\)/)
      expect(en, `${key} in English`).not.toMatch(/[\u4e00-\u9fff]/)
    }
  })
  it('holds no message that nothing says', () => {
    const code = sources(SOURCE).join('\n')
    // Families whose keys are put together at run time.
    const built =
      /^(code|group|alert|check|outbox|rail|step|part|heat\.(window|tab|kind)|hot\.kind|effect\.on|trend\.(up|flat|down))(\.|$)/
    const studioBuilt =
      /^(studio\.day|rule\.(scope|origin|join|input|agg)|roster\.(rung|source|kind)|fence\.(state|kind|source|event|create|pair)|drill\.state)\./
    const planBuilt =
      /^(plan\.(tool|hint|cling|paint|painted|snap|refused)|plans\.(state|log|described|rule|tab|special|severity|proposal|axis|change|kind|relation|column|format|repair|group|unit|undo|redo))(\.|$)/
    const unused = Object.keys(messages).filter(
      (key) => !built.test(key) && !studioBuilt.test(key) && !planBuilt.test(key) && !code.includes(`'${key}'`),
    )
    expect(unused).toEqual([])
  })
  it('is the only place of Chinese words', () => {
    // The two language names, the local words of levels and clocks, and the words for rain that feeds use.
    const allowed = /中文|domain/
    const strays = sources(join(SOURCE, 'panels'))
      .concat(sources(join(SOURCE, 'map')), sources(join(SOURCE, 'state')))
      .flatMap((code) => code.split('\n'))
      .filter((line) => /[\u4e00-\u9fff]/.test(line))
      .filter((line) => !/^\s*(\/\*\*|\*|\/\/)/.test(line) && !allowed.test(line) && !/雨\/i/.test(line))
    expect(strays).toEqual([])
  })
  it('says one grid and two grids', () => {
    const said = (n: string | number) => fill('{n} {n|grid|grids}', { n })
    expect([0, 1, 2, '−1', -1, '+1', '1,001', '<5', '—'].map(said)).toEqual([
      '0 grids',
      '1 grid',
      '2 grids',
      '−1 grid',
      '-1 grid',
      '+1 grid',
      '1,001 grids',
      '<5 grids',
      '— grids',
    ])
    expect(fill('{n} {n|team was|teams were} told, {m} {m|has|have} read it', { n: 1, m: 0 })).toBe(
      '1 team was told, 0 have read it',
    )
  })
  it('fills named places and leaves unknown ones to be seen', () => {
    expect(fill('{n} 条在{place}', { n: 2, place: '石桥街道' })).toBe('2 条在石桥街道')
    expect(fill('{n} {m}', { n: 1 })).toBe('1 {m}')
    expect(fill('{n|grid|grids}', {})).toBe('{n|grid|grids}')
  })
})
