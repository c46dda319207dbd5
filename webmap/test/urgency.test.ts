import { describe, expect, it } from 'vitest'
import type { Episode, Warning } from '../src/api/types'
import { byCalling, byUrgency, dueIn, groupByEpisode, nextStep } from '../src/domain/urgency'

let n = 0
const warning = (over: Partial<Warning>): Warning => ({
  key: `w${++n}`,
  hazard_key: null,
  subject: 'hazard:h1',
  kind: 'geohazard',
  source: 'threshold',
  rule_key: null,
  level: 3,
  state: 'active',
  title: 't',
  raised_at: '2026-07-01T21:00:00+08:00',
  changed_at: '2026-07-01T21:00:00+08:00',
  ended_at: null,
  end_reason: null,
  onset_at: null,
  valid_until: null,
  actions: null,
  episode: null,
  identifier: null,
  calling: 'none',
  residents_waiting: null,
  drill: false,
  drill_key: null,
  households: null,
  residents: null,
  lon: 106,
  lat: 30,
  alerts: null,
  ...over,
})

describe('what leads', () => {
  it('is nobody answering before every level, and the real thing before a drill', () => {
    const red = warning({ key: 'red', level: 1 })
    const nobody = warning({ key: 'nobody', level: 4, calling: 'unanswered', state: 'confirmed' })
    const drill = warning({ key: 'drill', level: 1, calling: 'unanswered', drill: true })
    const done = warning({ key: 'done', level: 1, state: 'confirmed' })
    const order = [drill, done, red, nobody].sort(byUrgency).map(({ key }) => key)
    expect(order).toEqual(['nobody', 'red', 'done', 'drill'])
  })
  it('is no longer loud once it has ended', () => {
    const ended = warning({ key: 'ended', calling: 'unanswered', state: 'ended' })
    expect([ended, warning({ key: 'red', level: 1 })].sort(byUrgency)[0]?.key).toBe('red')
  })
})

describe('a storm', () => {
  const told = (over: Partial<Episode>): Episode => ({
    key: 'e1',
    kind: 'geohazard',
    title: '北坡强降雨',
    level: 2,
    drill: false,
    began_at: '',
    changed_at: '',
    warnings: [],
    unconfirmed: 0,
    unanswered: 0,
    households: 10,
    residents: 30,
    bbox: [],
    ...over,
  })
  it('of 200 warnings is one group at its worst level', () => {
    const list = Array.from({ length: 200 }, (_, i) =>
      warning({ episode: 'e1', level: i === 77 ? 1 : 4, residents: 2 }),
    )
    const groups = groupByEpisode(list, new Map())
    expect(groups).toHaveLength(1)
    expect(groups[0]).toMatchObject({ level: 1, unconfirmed: 200, unanswered: 0, residents: 400 })
    expect(groups[0]?.warnings[0]?.level).toBe(1)
  })
  it('never takes a drill in', () => {
    const groups = groupByEpisode(
      [warning({ episode: 'e1' }), warning({ episode: 'e1', drill: true, level: 1 })],
      new Map(),
    )
    expect(groups.map(({ drill }) => drill)).toEqual([false, true])
  })
  it('takes its title and its people from the door, where that speaks of the same warnings', () => {
    const list = [warning({ episode: 'e1', residents: 30 }), warning({ episode: 'e1', residents: 30 })]
    const known = new Map([['e1', told({ warnings: list.map(({ key }) => key) })]])
    expect(groupByEpisode(list, known)[0]).toMatchObject({ title: '北坡强降雨', residents: 30 })
    const more = groupByEpisode([...list, warning({ episode: 'e1', residents: 5 })], known)
    expect(more[0]).toMatchObject({ title: '北坡强降雨', residents: 65 })
  })
  it('leads when somebody in it does not answer, though another is worse', () => {
    const groups = groupByEpisode(
      [warning({ key: 'red', level: 1 }), warning({ episode: 'e1', calling: 'unanswered', residents_waiting: 12 })],
      new Map(),
    )
    expect(groups.map(({ key }) => key)).toEqual(['e1', 'red'])
    expect(groups[0]).toMatchObject({ unanswered: 1, waiting: 12 })
  })
  it('does not make a zero of what nobody knows', () => {
    expect(groupByEpisode([warning({})], new Map())[0]).toMatchObject({ residents: null, waiting: null })
  })
})

describe('grids on a ladder', () => {
  const grid = (
    state: 'unanswered' | 'calling' | 'waiting' | 'answered',
    deadline_at: string | null,
    code: string,
  ) => ({
    state,
    deadline_at,
    residents: 1,
    grid_code: code,
  })
  it('stand loudest first, then by deadline', () => {
    const list = [
      grid('answered', null, 'a'),
      grid('calling', '2026-07-01T13:45:00Z', 'late'),
      grid('waiting', null, 'w'),
      grid('calling', '2026-07-01T21:41:00+08:00', 'soon'),
      grid('unanswered', null, 'u'),
    ]
    expect(list.sort(byCalling).map((item) => item.grid_code)).toEqual(['u', 'soon', 'late', 'w', 'a'])
  })
})

describe('deadlines', () => {
  const now = Date.parse('2026-07-01T13:40:00Z')
  it('are amber in their last third and late after', () => {
    const from = '2026-07-01T13:37:00Z'
    expect(dueIn('2026-07-01T13:46:00Z', now, from)).toEqual({ remainingS: 360, tone: 'ok' })
    expect(dueIn('2026-07-01T13:41:00Z', now, from)?.tone).toBe('soon')
    expect(dueIn('2026-07-01T13:39:59Z', now, from)).toEqual({ remainingS: -1, tone: 'late' })
    expect(dueIn('2026-07-01T13:41:01Z', now)?.tone).toBe('ok')
    expect(dueIn('2026-07-01T13:41:00Z', now)?.tone).toBe('soon')
  })
  it('that are none or no time are no deadline', () => {
    expect(dueIn(null, now)).toBeNull()
    expect(dueIn('soon', now)).toBeNull()
  })
})

describe('the thumb', () => {
  const now = Date.parse('2026-07-01T13:40:00Z')
  const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString()
  const alert = { state: 'delivered' as const, second_due_at: null, second_at: null, report_due_at: null }
  it('goes from acknowledge over arrive and report to resolved', () => {
    expect(nextStep(alert, false, now)).toBe('acknowledge')
    expect(nextStep({ ...alert, state: 'acknowledged' }, false, now)).toBe('arrive')
    expect(nextStep({ ...alert, state: 'arrived' }, false, now)).toBe('report')
    expect(nextStep({ ...alert, state: 'arrived' }, true, now)).toBe('resolve')
    expect(nextStep({ ...alert, state: 'resolved' }, true, now)).toBeNull()
  })
  it('asks again when a second confirmation falls due, and for a report when one is late', () => {
    const there = { ...alert, state: 'arrived' as const }
    expect(nextStep({ ...there, second_due_at: at(20) }, true, now)).toBe('resolve')
    expect(nextStep({ ...there, second_due_at: at(4) }, true, now)).toBe('again')
    expect(nextStep({ ...there, second_due_at: at(-4), second_at: at(-5) }, true, now)).toBe('resolve')
    expect(nextStep({ ...there, report_due_at: at(-1) }, true, now)).toBe('report')
    expect(nextStep({ ...alert, second_due_at: at(1) }, true, now)).toBe('acknowledge')
  })
})
