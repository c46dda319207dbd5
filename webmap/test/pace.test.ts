import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { paced } from '../src/domain/pace'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('works at once, then at its pace, and never forgets the last call', () => {
  const work = vi.fn()
  const { run, stop } = paced(500, work)
  run()
  expect(work).toHaveBeenCalledTimes(1)
  for (let i = 0; i < 20; i++) run()
  expect(work).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(500)
  expect(work).toHaveBeenCalledTimes(2)
  vi.advanceTimersByTime(5000)
  expect(work).toHaveBeenCalledTimes(2)
  run()
  expect(work).toHaveBeenCalledTimes(3)
  run()
  stop()
  vi.advanceTimersByTime(5000)
  expect(work).toHaveBeenCalledTimes(3)
})
