/** The one language of levels: number, colour word, shape and local word, the same in list, map, banner and phone. */
import type { Level } from '../api/types'
import type { Lang } from '../i18n'

export type LevelShape = 'circle' | 'triangle' | 'diamond' | 'octagon'

interface LevelWords {
  shape: LevelShape
  roman: string
  colour: readonly [string, string]
  word: readonly [string, string]
}

const LEVELS: Record<Level, LevelWords> = {
  1: { shape: 'octagon', roman: 'I', colour: ['红色', 'Red'], word: ['警报', 'Alarm'] },
  2: { shape: 'diamond', roman: 'II', colour: ['橙色', 'Orange'], word: ['预警', 'Warning'] },
  3: { shape: 'triangle', roman: 'III', colour: ['黄色', 'Yellow'], word: ['注意', 'Caution'] },
  4: { shape: 'circle', roman: 'IV', colour: ['蓝色', 'Blue'], word: ['提醒', 'Notice'] },
}

/** A level from whatever a door said, or null: an unknown level is never drawn as one. */
export function asLevel(value: unknown): Level | null {
  const n = Number(value)
  return n === 1 || n === 2 || n === 3 || n === 4 ? n : null
}

export function levelShape(level: Level): LevelShape {
  return LEVELS[level].shape
}

/** `黄色 III 级`. */
export function levelName(level: Level, lang: Lang): string {
  const { colour, roman } = LEVELS[level]
  return lang === 'zh' ? `${colour[0]} ${roman} 级` : `${colour[1]} ${roman}`
}

export function levelWord(level: Level, lang: Lang): string {
  return LEVELS[level].word[lang === 'zh' ? 0 : 1]
}

/** Corner points of a level's shape inside a circle of radius 1, for SVG and canvas alike; empty for the circle. */
export function shapePoints(shape: LevelShape): [number, number][] {
  switch (shape) {
    case 'circle':
      return []
    case 'triangle':
      return [
        [0, -0.95],
        [1, 0.8],
        [-1, 0.8],
      ]
    case 'diamond':
      return [
        [0, -1],
        [1, 0],
        [0, 1],
        [-1, 0],
      ]
    case 'octagon': {
      const points: [number, number][] = []
      for (let i = 0; i < 8; i++) {
        const angle = Math.PI / 8 + (i * Math.PI) / 4
        points.push([Math.cos(angle), Math.sin(angle)])
      }
      return points
    }
  }
}
