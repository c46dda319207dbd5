import { describe, expect, it } from 'vitest'
import { byUrgency, caseClock, clockText, countdown } from '../src/domain/clocks'

const reported = '2026-07-01T21:30:00+08:00'
const at = (clock: string) => Date.parse(`2026-07-01T${clock}+08:00`)
const item = {
  status: 'reported',
  reported_at: reported,
  due_on_site_at: '2026-07-01T21:40:00+08:00',
  due_resolved_at: '2026-07-01T22:30:00+08:00',
  due_followup_at: '2026-07-02T21:30:00+08:00',
}

describe('the 1011 clock', () => {
  it('runs to ten minutes until someone is on site', () => {
    const clock = caseClock(item, at('21:33:48'))
    expect(clock).toMatchObject({ phase: 'on_site', tone: 'ok' })
    expect(clock?.left).toBeCloseTo(0.62)
    expect(clock && clockText(clock, 'zh')).toBe('到场 6:12')
  })
  it('turns amber in its last third and red past its deadline', () => {
    expect(caseClock(item, at('21:36:39'))?.tone).toBe('ok')
    expect(caseClock(item, at('21:36:40'))?.tone).toBe('soon')
    expect(caseClock(item, at('21:40:00'))?.tone).toBe('soon')
    const late = caseClock(item, at('21:42:05'))
    expect(late?.tone).toBe('late')
    expect(late && clockText(late, 'zh')).toBe('到场超时 2 分')
    expect(late && clockText(late, 'en')).toBe('on site late 2 min')
  })
  it('goes on to one hour, one day, and then stops', () => {
    expect(caseClock({ ...item, status: 'dispatched' }, at('21:31:00'))?.phase).toBe('on_site')
    expect(caseClock({ ...item, status: 'on_site' }, at('21:45:00'))?.phase).toBe('resolve')
    expect(caseClock({ ...item, status: 'resolved' }, at('22:00:00'))?.phase).toBe('follow_up')
    expect(caseClock({ ...item, status: 'closed' }, at('22:00:00'))).toBeNull()
  })
  it('does not invent a deadline', () => {
    expect(caseClock({ status: 'reported' }, at('21:31:00'))).toBeNull()
    expect(caseClock({ ...item, due_on_site_at: 'soon' }, at('21:31:00'))).toBeNull()
  })
  it('puts the longest late first', () => {
    const late = caseClock(item, at('21:50:00'))
    const soon = caseClock(item, at('21:39:00'))
    expect(late && soon && byUrgency(late, soon)).toBeLessThan(0)
  })
  it('counts down in minutes, then hours', () => {
    expect(countdown(372)).toBe('6:12')
    expect(countdown(48 * 60 + 20)).toBe('48:20')
    expect(countdown(11_172)).toBe('3:06:12')
    expect(countdown(-5)).toBe('0:00')
  })
})
