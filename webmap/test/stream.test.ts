import { describe, expect, it } from 'vitest'
import { backoffS, EventParser } from '../src/api/sse'

describe('the live stream', () => {
  it('reads events however the bytes are cut', () => {
    const wire = ': hello\n\nid: 7-1\nevent: change\ndata: {"a":1}\n\nid: 7-2\r\ndata: x\r\ndata: y\r\n\r\n'
    for (let cut = 1; cut < wire.length; cut++) {
      const parser = new EventParser()
      const events = [...parser.push(wire.slice(0, cut)), ...parser.push(wire.slice(cut))]
      expect(events).toEqual([
        { id: null, event: ':', data: 'hello' },
        { id: '7-1', event: 'change', data: '{"a":1}' },
        { id: '7-2', event: 'message', data: 'x\ny' },
      ])
    }
  })
  it('resumes after the last whole block, also one that was only an id', () => {
    const parser = new EventParser()
    parser.push(': alive\nid: 9-4\n\n')
    expect(parser.lastId).toBe('9-4')
    parser.push('id: 9-5\nevent: change\nda')
    expect(parser.lastId).toBe('9-4')
    parser.push('ta: {}\n\n')
    expect(parser.lastId).toBe('9-5')
  })
  it('waits longer each time, never longer than twenty seconds', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 20].map((attempt) => backoffS(attempt, () => 0.5))
    expect(waits).toEqual([0.5, 1, 2, 4, 8, 15, 15, 15])
    expect(backoffS(20, () => 1)).toBeLessThan(20)
  })
})
