import type { Feature } from 'geojson'
import { afterEach, describe, expect, it } from 'vitest'
import { loopOf, ringOfStroke, thinned } from '../src/domain/lasso'
import { gridUnder } from '../src/domain/near'
import {
  beginStroke,
  givenOf,
  lasso,
  paint,
  painted,
  paintKind,
  paintWith,
  takeStrokeBack,
  wipe,
} from '../src/state/planPaint'

const circle = (n: number, r: number, turns = 1) =>
  Array.from({ length: n + 1 }, (_, i) => ({
    x: 100 + r * Math.cos((turns * 2 * Math.PI * i) / n),
    y: 100 + r * Math.sin((turns * 2 * Math.PI * i) / n),
  }))
const ground = ({ x, y }: { x: number; y: number }) => [110 + x / 1e5, 30 - y / 1e5]

describe('the lasso', () => {
  it('keeps the corners of a line and drops its trembling', () => {
    const line = [0, 1, 2, 3, 4, 5, 6].map((x) => ({ x: x * 10, y: x % 2 }))
    expect(thinned(line, 1.5)).toEqual([line[0], line[6]])
    expect(thinned([...line, { x: 60, y: 40 }], 1.5)).toHaveLength(3)
  })
  it('takes the loop, not the tails beyond where it crosses itself', () => {
    const loop = loopOf([
      { x: 0, y: -20 },
      { x: 0, y: 100 },
      { x: 100, y: 100 },
      { x: 100, y: 0 },
      { x: -20, y: 0 },
    ])
    expect(loop).toEqual([
      { x: 0, y: 0 },
      { x: 0, y: 100 },
      { x: 100, y: 100 },
      { x: 100, y: 0 },
    ])
  })
  it('closes what was left open', () => {
    const ring = ringOfStroke(circle(40, 50, 0.9), ground)
    expect(ring?.length).toBeGreaterThan(8)
    expect(ring?.at(-1)).toEqual(ring?.[0])
  })
  it('takes a click and a straight stroke for none', () => {
    expect(ringOfStroke([{ x: 5, y: 5 }], ground)).toBeNull()
    expect(ringOfStroke(circle(12, 2), ground)).toBeNull()
    expect(
      ringOfStroke(
        [0, 1, 2, 3].map((x) => ({ x: x * 50, y: 0 })),
        ground,
      ),
    ).toBeNull()
  })
})

describe('paint', () => {
  afterEach(wipe)
  const piece = (properties: object = {}): Feature => ({
    type: 'Feature',
    geometry: { type: 'Polygon', coordinates: [[[110, 30]]] },
    properties,
  })
  it('is taken back stroke by stroke, over strokes that did nothing', () => {
    beginStroke()
    paint([['a', piece()]], false)
    paint([['b', piece()]], false)
    beginStroke()
    paint([['c', piece()]], false)
    beginStroke()
    paint([['c', piece()]], false)
    expect(takeStrokeBack()).toBe(true)
    expect([...painted.value.keys()]).toEqual(['a', 'b'])
    expect(takeStrokeBack()).toBe(true)
    expect(painted.value.size).toBe(0)
    expect(takeStrokeBack()).toBe(false)
  })
  it('goes with the kind that it was made with', () => {
    beginStroke()
    paint([['a', piece()]], false)
    lasso.value = [[110, 30]]
    paintWith('cells')
    expect([paintKind.value, painted.value.size, lasso.value]).toEqual(['cells', 0, null])
    expect(takeStrokeBack()).toBe(false)
  })
  it('is given as what it is made of', () => {
    const at: [number, number] = [110, 30]
    const pieces = new Map([['x', piece({ at })]])
    expect(givenOf('1', new Map(), 'buildings')).toBeNull()
    expect(givenOf(null, pieces, 'buildings')).toBeNull()
    expect(givenOf('1', pieces, 'buildings')).toEqual({ op: 'reassign', to: '1', buildings: ['x'] })
    expect(givenOf('1', pieces, 'cells')).toEqual({ op: 'reassign', to: '1', cells: ['x'] })
    expect(givenOf('1', pieces, 'blocks')).toEqual({ op: 'reassign', to: '1', blocks: [at] })
    expect(givenOf('1', pieces, 'lasso')).toEqual({
      op: 'reassign',
      to: '1',
      area: { type: 'MultiPolygon', coordinates: [[[[110, 30]]]] },
    })
  })
})

describe('the grid that a line is meant for', () => {
  const gridAt = ([lon = 0]: number[]) => (lon < 110.001 ? '1' : '2')
  const line = [
    [110, 30],
    [110.0015, 30],
  ]
  it('is the picked one where a fair part of the line lies in it, else the one under the line', () => {
    expect(gridUnder(line, gridAt)).toBe('1')
    expect(gridUnder(line, gridAt, '2')).toBe('2')
    expect(gridUnder([line[0] ?? [], [110.0011, 30]], gridAt, '2')).toBe('1')
    expect(gridUnder(line, gridAt, '9')).toBe('1')
  })
})
