import { describe, expect, it } from 'vitest'
import type { DryRun } from '../src/api/studio'
import { chartsOf, firstSubject, spansOf, windowOf } from '../src/domain/dryrun'

const day = (n: number, hour = 0) => new Date(Date.UTC(2026, 9, n, hour)).toISOString()
const sec = (n: number, hour = 0) => Date.UTC(2026, 9, n, hour) / 1000

const run: DryRun = {
  from: day(1),
  to: day(31),
  subjects: 2,
  evaluated: 100,
  warnings: [
    {
      subject: 'HZ-1',
      name: '一号',
      level: 2,
      raised_at: day(10),
      ended_at: day(12),
      steps: [
        [day(10), 3],
        [day(11), 2],
        [day(12), 0],
      ],
      values: { rate: 4.2 },
    },
    { subject: 'HZ-1', name: '一号', level: 4, raised_at: day(30), ended_at: null, steps: [[day(30), 4]], values: {} },
    { subject: 'HZ-2', name: '二号', level: 4, raised_at: day(3), ended_at: day(4), steps: [[day(3), 4]], values: {} },
  ],
  by_level: { '2': 1, '4': 2 },
  series: [
    {
      subject: 'HZ-1',
      input: 'rate',
      title: { zh: '速率', en: 'Rate' },
      unit: 'mm/d',
      points: [
        [day(1, 0), 1],
        [day(1, 1), 1.5],
        [day(1, 2), 2],
        [day(2, 0), 5],
      ],
      limits: [
        [4, 10],
        [2, 10],
        [3, 3],
      ],
    },
  ],
  truncated: false,
  took_ms: 12,
}

describe('a dry run', () => {
  it('stands at each level until the next step, and to the end where it is not over', () => {
    expect(spansOf(run, 'HZ-1')).toEqual([
      { from: sec(10), to: sec(11), level: 3, warning: 0 },
      { from: sec(11), to: sec(12), level: 2, warning: 0 },
      { from: sec(30), to: sec(31), level: 4, warning: 1 },
    ])
    expect(spansOf(run, 'HZ-2')).toEqual([{ from: sec(3), to: sec(4), level: 4, warning: 2 }])
  })
  it('shows limits above the readings, and breaks the line over a hole', () => {
    const [chart] = chartsOf(run, 'HZ-1')
    expect(chart?.range[0]).toBe(0)
    expect(chart?.range[1]).toBeGreaterThan(10)
    expect(chart?.limits).toEqual([
      { levels: [2, 4], value: 10 },
      { levels: [3], value: 3 },
    ])
    expect(chart?.values).toEqual([1, 1.5, 2, null, 5])
    expect(chart?.x).toEqual([...(chart?.x ?? [])].sort((a, b) => a - b))
    expect(chartsOf(run, 'HZ-2')).toEqual([])
  })
  it('looks at a warning with air on both sides, within what was tried', () => {
    expect(firstSubject(run)).toBe('HZ-1')
    const [first, last] = [run.warnings[0], run.warnings[1]].map((warning) => warning && windowOf(run, warning))
    expect(first?.[0]).toBeLessThan(sec(10))
    expect(first?.[1]).toBeGreaterThan(sec(12))
    expect(last?.[1]).toBe(sec(31))
  })
})
