import { describe, expect, it } from 'vitest'
import { asLevel, levelName, levelShape, levelWord, shapePoints } from '../src/domain/levels'

describe('levels', () => {
  it('have four shapes, four colour words and four words, all different', () => {
    const levels = [1, 2, 3, 4] as const
    expect(levels.map(levelShape)).toEqual(['octagon', 'diamond', 'triangle', 'circle'])
    expect(levels.map((level) => levelName(level, 'zh'))).toEqual([
      '红色 I 级',
      '橙色 II 级',
      '黄色 III 级',
      '蓝色 IV 级',
    ])
    expect(levels.map((level) => levelWord(level, 'zh'))).toEqual(['警报', '预警', '注意', '提醒'])
    expect(new Set(levels.map((level) => levelWord(level, 'en'))).size).toBe(4)
  })
  it('are never guessed', () => {
    expect(asLevel('3')).toBe(3)
    for (const value of [0, 5, null, undefined, '', 'red', 2.5]) expect(asLevel(value)).toBeNull()
  })
  it('are drawn inside one circle', () => {
    expect(shapePoints('octagon')).toHaveLength(8)
    expect(shapePoints('circle')).toHaveLength(0)
    for (const shape of ['triangle', 'diamond', 'octagon'] as const) {
      for (const [x, y] of shapePoints(shape)) expect(Math.hypot(x, y)).toBeLessThan(1.3)
    }
  })
})
