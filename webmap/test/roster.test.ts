import { describe, expect, it } from 'vitest'
import type { Duty, Organisation } from '../src/api/studio'
import { expandDuties, pathTo, pieceOf, readHours, treeOf, weekGrid } from '../src/domain/roster'

const H = 3_600_000
/** A Monday, noon, in the zone of whoever runs this. */
const NOON = new Date(2026, 10, 23, 12).getTime()
const at = (day: number, hour: number) => new Date(2026, 10, 23 + day, hour).getTime()
const piece = (team: string, rank: number, from: number, to: number) => ({ team, name: team, rank, from, to })

const organisation = (code: string, parent: string | null, gap = false): Organisation => ({
  code,
  name: code,
  rung: 'grid',
  parent_code: parent,
  on_duty: [],
  next_change_at: null,
  gap,
  waiting_calls: 0,
})

describe('the tree of organisations', () => {
  const list = [
    organisation('d', null),
    organisation('s', 'd', true),
    organisation('c', 's', true),
    organisation('g', 'c', true),
    organisation('lost', 'elsewhere'),
  ]
  it('counts gaps below, not its own', () => {
    const [top, lost] = treeOf(list)
    expect(top?.gapsBelow).toBe(3)
    expect(top?.children[0]?.gapsBelow).toBe(2)
    expect(lost?.organisation.code).toBe('lost')
  })
  it('knows the way down', () => {
    expect(pathTo(list, 'c')).toEqual(['d', 's', 'c'])
    expect(pathTo(list, 'nobody')).toEqual([])
  })
})

describe('the week as it comes out', () => {
  it('cuts a night at midnight and leaves its sides open', () => {
    const days = weekGrid([piece('a', 1, at(0, 20), at(1, 8))], NOON)
    expect(days).toHaveLength(7)
    const [monday, tuesday] = days.map(({ lanes }) => lanes[0]?.blocks[0])
    expect(monday).toMatchObject({ left: 20 / 24, begins: true, ends: false })
    expect(monday?.width).toBeCloseTo(4 / 24)
    expect(tuesday).toMatchObject({ left: 0, width: 8 / 24, begins: false, ends: true })
  })
  it('calls a gap what no rank covers, and nothing that is past', () => {
    const days = weekGrid([piece('a', 1, at(0, 14), at(0, 20)), piece('b', 2, at(0, 18), at(1, 0))], NOON)
    expect(days[0]?.gaps.map(({ from, to }) => [from, to])).toEqual([[NOON, at(0, 14)]])
    expect(days[1]?.gaps).toEqual([{ left: 0, width: 1, from: at(1, 0), to: at(2, 0) }])
    expect(days[0]?.lanes.map(({ rank }) => rank)).toEqual([1, 2])
  })
  it('leaves out a piece that the door did not say properly', () => {
    expect(pieceOf({ team_key: 'a', rank: 1, from: 'x', to: 'y' })).toBeNull()
    const row = { team_key: 'a', team_name: null, rank: 1, from: '2026-11-23T00:00:00Z', to: '2026-11-23T01:00:00Z' }
    expect(pieceOf(row)).toMatchObject({ team: 'a', name: 'a', rank: 1 })
  })
})

describe('hours', () => {
  it('are read with minutes and over midnight', () => {
    expect(readHours('0-24')).toEqual({ from: 0, to: 1440 })
    expect(readHours('20-8')).toEqual({ from: 1200, to: 1920 })
    expect(readHours('8:30-17')).toEqual({ from: 510, to: 1020 })
    for (const wrong of ['', '8', '24-8', '8-25', '8-8', '8:70-9']) expect(readHours(wrong)).toBeNull()
  })
})

describe('a draft of duties', () => {
  const weekly = (team: string, hours: string, weekdays: number[] = []): Duty => ({
    team_key: team,
    rank: 1,
    kind: 'weekly',
    weekdays,
    hours,
  })
  const name = (key: string) => key
  it('repeats by weekday, with the night before still running', () => {
    const pieces = expandDuties([weekly('a', '20-8', [0])], at(1, 6), name)
    expect(pieces).toEqual([piece('a', 1, at(1, 6), at(1, 8)), piece('a', 1, at(7, 20), at(8, 0))])
  })
  it('puts a shift before the week, in its own rank only', () => {
    const shift: Duty = {
      ...weekly('b', ''),
      kind: 'shift',
      starts_at: new Date(at(1, 9)).toISOString(),
      ends_at: new Date(at(1, 12)).toISOString(),
    }
    const pieces = expandDuties([weekly('a', '8-18', [1]), { ...weekly('c', '8-18', [1]), rank: 2 }, shift], NOON, name)
    const of = (team: string) => pieces.filter((item) => item.team === team).map(({ from, to }) => (to - from) / H)
    expect(of('b')).toEqual([3])
    expect(of('a')).toEqual([1, 6])
    expect(of('c')).toEqual([10])
  })
})
