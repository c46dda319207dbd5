import { describe, expect, it } from 'vitest'
import {
  changeWindow,
  counterpart,
  horizonText,
  nearestBack,
  readWindow,
  span,
  windowText,
  writeWindow,
} from '../src/domain/window'

describe('a window', () => {
  it('is read into its parts and written as it was', () => {
    const known: [string, ReturnType<typeof readWindow>][] = [
      ['24h', { base: '24h', days: '', hours: null, back: '' }],
      ['90d@fri18-24', { base: '90d', days: 'fri', hours: [18, 24], back: '' }],
      ['90d@mon-fri08-10', { base: '90d', days: 'mon-fri', hours: [8, 10], back: '' }],
      ['30d@18-24', { base: '30d', days: '', hours: [18, 24], back: '' }],
      ['12w@sat,sun', { base: '12w', days: 'sat,sun', hours: null, back: '' }],
      ['7d~1y', { base: '7d', days: '', hours: null, back: '1y' }],
      [
        '2026-11-01T00:00Z/2026-11-08T00:00Z@fri18-24~1w',
        { base: '2026-11-01T00:00Z/2026-11-08T00:00Z', days: 'fri', hours: [18, 24], back: '1w' },
      ],
    ]
    for (const [text, parts] of known) {
      expect(readWindow(text), text).toEqual(parts)
      expect(parts && writeWindow(parts), text).toBe(text)
    }
  })
  it('is nothing where the text says none', () => {
    for (const text of [
      '',
      'x',
      '0d',
      '7',
      '7d@',
      '7d@moon',
      '7d@24-18',
      '7d@18-25',
      '7d@18-18',
      '7d@18-00',
      '7d~',
      '7d~0y',
      '2026-11-08/2026-11-01',
      'a/b',
      '7d@fri@sat',
    ])
      expect(readWindow(text), text).toBeNull()
  })
  it('changes in one part and keeps the others', () => {
    expect(changeWindow('30d', { days: 'fri', hours: [18, 24] })).toBe('30d@fri18-24')
    expect(changeWindow('30d@fri18-24', { base: '90d' })).toBe('90d@fri18-24')
    expect(changeWindow('90d@fri18-24', { back: '1y' })).toBe('90d@fri18-24~1y')
    expect(changeWindow('90d@fri18-24', { days: '', hours: [0, 24] })).toBe('90d')
    expect(changeWindow('rubbish', { back: '1w' })).toBe('24h~1w')
  })
  it('takes its whole hours from fields of local time', () => {
    const made = span('2026-11-01T08:30', '2026-11-02T09:00')
    expect(made && readWindow(made)).not.toBeNull()
    const [from = '', to = ''] = (made ?? '').split('/')
    expect(new Date(to).getTime() - new Date(from).getTime()).toBe(25 * 3_600_000)
    expect(span('2026-11-02T09:00', '2026-11-01T08:00')).toBeNull()
    expect(span('', '2026-11-01T08:00')).toBeNull()
  })
  it('is said in words', () => {
    expect(windowText('24h', 'zh')).toBe('近 24 小时')
    expect(windowText('90d@fri18-24', 'zh')).toBe('近 90 天 · 周五 18–24 时')
    expect(windowText('90d@mon-fri08-10~1y', 'en')).toBe('last 90 d · weekdays 8–10 h · a year before')
    expect(windowText('7d@sat,sun~2w', 'zh')).toBe('近 7 天 · 周末 · 2 周前同期')
    expect(windowText('7d@tue,thu', 'zh')).toBe('近 7 天 · 周二、四')
    expect(windowText('30d@fri22-06', 'zh')).toBe('近 30 天 · 周五 22–次日 6 时')
    expect(windowText('soon', 'zh')).toBe('soon')
    expect(horizonText('7d', 'zh')).toBe('未来 7 天')
  })
  it('has one to be held against', () => {
    expect(counterpart('7d')).toBe('7d~1y')
    expect(counterpart('90d@fri18-24~1y')).toBe('90d@fri18-24')
    expect(['24h', '7d@18-24', '1w', '30d', '2026-11-01T00:00Z/2026-11-02T00:00Z'].map(nearestBack)).toEqual([
      '1w',
      '1w',
      '1w',
      '5w',
      '1y',
    ])
  })
})
