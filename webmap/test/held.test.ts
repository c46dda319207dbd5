import { describe, expect, it } from 'vitest'
import { Held } from '../src/state/studio'

/** A door that answers when the test says so. */
function door() {
  const open: ((value: string) => void)[] = []
  const held = new Held(() => new Promise<string>((resolve) => open.push(resolve)))
  const answer = async (turn: number, value: string) => {
    open[turn]?.(value)
    await Promise.resolve()
    await Promise.resolve()
    return held.value.peek()
  }
  return { held, answer }
}

describe('an answer that is followed', () => {
  it('is shown though the next is already asked, and never replaced by an older one', async () => {
    const { held, answer } = door()
    const done = [held.load(), held.load(), held.load()]
    expect(await answer(0, 'first')).toBe('first')
    expect(await answer(2, 'third')).toBe('third')
    expect(await answer(1, 'second')).toBe('third')
    await Promise.all(done)
    expect(held.asking).toBe(false)
  })
  it('is none of the next question', async () => {
    const { held, answer } = door()
    const old = held.load()
    held.forget()
    expect(held.value.peek()).toBeNull()
    void held.load()
    expect(await answer(0, 'old')).toBeNull()
    await old
    expect(await answer(1, 'new')).toBe('new')
  })
})
