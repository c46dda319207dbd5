import { beforeEach, describe, expect, it } from 'vitest'
import { openPage, panel, planOpen, studioPick } from '../src/state/view'

describe('pages of the rail', () => {
  beforeEach(() => {
    panel.value = 'plan'
    studioPick.value = ''
    panel.value = 'now'
  })
  it('come back to the plan that was open, by whatever way it was left', () => {
    openPage('plan')
    expect(planOpen.value).toBe(false)
    studioPick.value = 'P-7'
    openPage('heat')
    expect([panel.value, studioPick.value]).toEqual(['heat', ''])
    openPage('plan')
    expect([studioPick.value, planOpen.value]).toEqual(['P-7', true])
    // An address that was typed.
    panel.value = 'now'
    studioPick.value = ''
    openPage('plan')
    expect(studioPick.value).toBe('P-7')
  })
  it('come back to the list where the list was, or a plan in the making', () => {
    for (const left of ['', '+']) {
      openPage('plan')
      studioPick.value = left
      openPage('now')
      openPage('plan')
      expect(studioPick.value).toBe('')
      panel.value = 'now'
    }
  })
  it('begin with the list where what was open is no plan', () => {
    openPage('rules')
    studioPick.value = 'R-1'
    openPage('fences')
    openPage('rules')
    expect(studioPick.value).toBe('')
  })
})
