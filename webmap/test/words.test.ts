import { describe, expect, it } from 'vitest'
import { ageState, agoText, secondsSince, spanText, staleText } from '../src/domain/age'
import { bearing, clockTime, count, distance, figure, minutes } from '../src/domain/format'

describe('age', () => {
  it('is fresh, then late, then stale, and unknown is none of these', () => {
    expect(ageState(10, [60, 600])).toBe('fresh')
    expect(ageState(60, [60, 600])).toBe('late')
    expect(ageState(600, [60, 600])).toBe('stale')
    expect(ageState(null, [60, 600])).toBe('unknown')
  })
  it('is said in one unit and a half', () => {
    expect(spanText(52, 'zh')).toBe('52 秒')
    expect(spanText(1080, 'zh')).toBe('18 分')
    expect(spanText(12_000, 'zh')).toBe('3 小时 20 分')
    expect(spanText(7200, 'en')).toBe('2 h')
    expect(spanText(400_000, 'zh')).toBe('4 天')
    expect(staleText(1080, 'zh')).toBe('停 18 分')
    expect(agoText(52, 'zh')).toBe('52 秒前')
    expect(agoText(null, 'zh')).toBe('—')
  })
  it('does not run backwards when clocks differ', () => {
    const now = Date.parse('2026-07-01T13:40:05Z')
    expect(secondsSince('2026-07-01T21:39:13+08:00', now)).toBe(52)
    expect(secondsSince('2026-07-01T21:45:00+08:00', now)).toBe(0)
    expect(secondsSince(null, now)).toBeNull()
    expect(secondsSince('yesterday', now)).toBeNull()
  })
})

describe('figures', () => {
  it('never say zero for what is not known', () => {
    for (const value of [null, undefined, '', Number.NaN]) expect(count(value)).toBe('—')
    expect(figure(null, 'mm')).toBe('—')
    expect(count(0)).toBe('0')
    expect(distance(undefined)).toBe('—')
    expect(minutes(null, 'zh')).toBe('—')
  })
  it('keep a suppressed count as it came', () => {
    expect(count('<5')).toBe('<5')
  })
  it('are grouped, with units', () => {
    expect(count(12_345)).toBe('12,345')
    expect(figure(4.2, 'mm/d')).toBe('4.2 mm/d')
    expect(figure(18.44, 'mm/h')).toBe('18.44 mm/h')
    expect(distance(640)).toBe('640 m')
    expect(distance(3120)).toBe('3.1 km')
    expect(distance(54_000)).toBe('54 km')
    expect(minutes(350, 'zh')).toBe('6 分')
    expect(bearing(45, 'zh')).toBe('东北 45°')
    expect(bearing(-1, 'en')).toBe('N 359°')
  })
  it('say the time of today with seconds and of other days with the date', () => {
    const local = (y: number, m: number, d: number, h: number, min: number, s: number) =>
      new Date(y, m - 1, d, h, min, s)
    const now = local(2026, 11, 21, 23, 0, 0).getTime()
    expect(clockTime(local(2026, 11, 21, 21, 40, 5).toISOString(), now)).toBe('21:40:05')
    expect(clockTime(local(2026, 11, 20, 21, 40, 5).toISOString(), now)).toBe('11-20 21:40')
    expect(clockTime(local(2025, 11, 20, 21, 40, 5).toISOString(), now)).toBe('2025-11-20 21:40')
    expect(clockTime(null, now)).toBe('—')
  })
})
