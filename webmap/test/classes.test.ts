import { beforeEach, describe, expect, it } from 'vitest'
import { lang } from '../src/i18n'
import { calledAs, classBeside, classes, className, classOf, partMajor, spoken } from '../src/state/classes'

const part = (code: string, zh: string, en: string) => ({ code, title: { zh, en } })

describe('classes of parts and matters', () => {
  beforeEach(() => {
    lang.value = 'en'
    const majors = [part('01', '市政公用设施', 'Municipal utilities')]
    const own = part('11001', '智能灯杆', '智能灯杆')
    classes.part.value = { version: 'v', kind: 'part', majors, classes: [part('01037', '路灯', 'Street lamp'), own] }
    const matters = [
      part('01037', '路灯异常', 'Street lamp problem'),
      part('06014', '道路遗撒（洒）', 'Spillage on the road'),
    ]
    classes.matter.value = { version: 'v', kind: 'matter', majors, classes: matters }
  })
  it('are those of the thing: the same digits are a part and a matter', () => {
    expect(classOf('part', { class_code: '01037' })).toEqual({ kind: 'part', code: '01037' })
    expect(classOf('incident', { kind: 'part', code: '01037' })).toEqual({ kind: 'part', code: '01037' })
    expect(classOf('incident', { kind: 'matter', code: '01037' })).toEqual({ kind: 'matter', code: '01037' })
    expect([classOf('grid', { code: '01037' }), classOf('part', {}), classOf('incident', { kind: 'matter' })]).toEqual([
      null,
      null,
      null,
    ])
    expect(className('incident', { kind: 'matter', code: '01037' })).toBe('Street lamp problem')
    expect(className('part', { class_code: '99999' })).toBe('')
    expect([partMajor('01037'), partMajor('11001')]).toEqual(['Municipal utilities', ''])
  })
  it('name what has no other name in the language of the page', () => {
    const lamp = { key: 'p', class_code: '01037', name: '路灯' }
    const waste = { key: 'c', kind: 'matter', code: '06014', title: '道路遗撒（洒）' }
    expect([calledAs('part', lamp), calledAs('incident', waste)]).toEqual(['Street lamp', 'Spillage on the road'])
    lang.value = 'zh'
    expect([calledAs('part', lamp), calledAs('incident', waste)]).toEqual(['路灯', '道路遗撒（洒）'])
    expect(className('part', lamp)).toBe('路灯')
  })
  it('leave a name of its own, and one that is not translated, as it is', () => {
    expect(calledAs('part', { key: 'p', class_code: '01037', name: '南门一号灯' })).toBe('南门一号灯')
    expect(calledAs('part', { key: 'p', class_code: '11001', name: '智能灯杆' })).toBe('智能灯杆')
    expect(calledAs('camera', { key: 'k', name: '路灯' })).toBe('路灯')
    expect(calledAs('road', { key: 'k', name: '南街', name_en: 'South Street' })).toBe('South Street')
    expect([calledAs('incident', {}, 'k'), spoken('matter', '路灯')]).toEqual(['k', '路灯'])
    expect([spoken('part', '路灯坏'), spoken('part', '（路灯）')]).toEqual(['路灯坏', '（路灯）'])
  })
  it('stand beside a name that does not say them', () => {
    const own = { key: 'c', kind: 'matter', code: '01037', title: '灯歪了（东侧）' }
    const plain = { ...own, title: '路灯异常' }
    expect([classBeside('incident', own), classBeside('incident', plain)]).toEqual(['Street lamp problem', ''])
    const more = { ...own, title: '路灯异常（倾斜）' }
    expect([calledAs('incident', more), classBeside('incident', more)]).toEqual(['Street lamp problem (倾斜)', ''])
    lang.value = 'zh'
    expect([classBeside('incident', own), classBeside('incident', more)]).toEqual(['路灯异常', ''])
  })
})
