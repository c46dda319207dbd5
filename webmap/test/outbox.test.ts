import { describe, expect, it } from 'vitest'
import { type Entry, type Keeping, Outbox, type Outcome, presumedStates } from '../src/domain/outbox'

function memory(): Keeping & { kept: Map<string, Entry> } {
  const kept = new Map<string, Entry>()
  return {
    kept,
    all: async () => [...kept.values()],
    put: async (entry) => void kept.set(entry.id, entry),
    drop: async (id) => void kept.delete(id),
  }
}

const entry = (id: string, over: Partial<Entry> = {}): Entry => ({
  id,
  owner: 'team01',
  alert: '7',
  step: 'acknowledge',
  at: '2026-07-01T13:40:00Z',
  ...over,
})

/** A server that keeps a log of effects by key, and a network that can be cut before or after the effect. */
function server() {
  const taken: string[] = []
  const effects = new Set<string>()
  let cut: 'no' | 'before' | 'after' = 'no'
  return {
    taken,
    effects,
    cut: (how: typeof cut) => {
      cut = how
    },
    send: async (item: Entry): Promise<Outcome> => {
      if (cut === 'before') return { kind: 'later' }
      taken.push(item.id)
      effects.add(item.id)
      return cut === 'after' ? { kind: 'later' } : { kind: 'sent' }
    },
  }
}

describe('the outbox', () => {
  it('keeps before it sends, and drops once the server has it', async () => {
    const box = memory()
    const seen: number[] = []
    const outbox = new Outbox(box, async () => {
      seen.push(box.kept.size)
      return { kind: 'sent' }
    })
    await outbox.add(entry('1'))
    expect(seen).toEqual([1])
    expect(box.kept.size).toBe(0)
  })
  it('holds everything while the network is gone, then sends it once and in order', async () => {
    const [box, far] = [memory(), server()]
    const outbox = new Outbox(box, far.send)
    far.cut('before')
    expect((await outbox.add(entry('1'))).waiting).toBe(1)
    expect((await outbox.add(entry('2', { step: 'arrive' }))).waiting).toBe(2)
    expect((await outbox.add(entry('3', { step: 'report', note: 'x' }))).waiting).toBe(3)
    far.cut('no')
    expect((await outbox.flush('team01')).sent.map(({ id }) => id)).toEqual(['1', '2', '3'])
    expect(far.taken).toEqual(['1', '2', '3'])
    expect((await outbox.flush('team01')).sent).toEqual([])
    expect(far.taken).toHaveLength(3)
  })
  it('survives a reload: another page finds what the first one kept', async () => {
    const [box, far] = [memory(), server()]
    far.cut('before')
    await new Outbox(box, far.send).add(entry('1'))
    far.cut('no')
    await new Outbox(box, far.send).flush('team01')
    expect(far.taken).toEqual(['1'])
  })
  it('sends again under the same key what was taken but not confirmed', async () => {
    const [box, far] = [memory(), server()]
    const outbox = new Outbox(box, far.send)
    far.cut('after')
    await outbox.add(entry('1'))
    far.cut('no')
    await outbox.flush('team01')
    expect(far.taken).toEqual(['1', '1'])
    expect(far.effects.size).toBe(1)
  })
  it('sends one at a time, however often it is asked', async () => {
    const box = memory()
    let inside = 0
    let worst = 0
    const outbox = new Outbox(box, async () => {
      worst = Math.max(worst, ++inside)
      await Promise.resolve()
      inside--
      return { kind: 'sent' }
    })
    await Promise.all([outbox.add(entry('1')), outbox.add(entry('2')), outbox.flush('team01'), outbox.flush('team01')])
    expect(worst).toBe(1)
    expect(box.kept.size).toBe(0)
  })
  it('keeps what was refused, with its reason, and goes on with the rest', async () => {
    const box = memory()
    const outbox = new Outbox(box, async ({ id }) =>
      id === '1' ? { kind: 'refused', reason: 'the warning is over' } : { kind: 'sent' },
    )
    await box.put(entry('1'))
    const { refused, sent } = await outbox.add(entry('2'))
    expect(refused.map(({ refused }) => refused)).toEqual(['the warning is over'])
    expect(sent.map(({ id }) => id)).toEqual(['2'])
    expect([...box.kept.values()]).toHaveLength(1)
    expect((await outbox.flush('team01')).refused).toEqual([])
  })
  it('never sends what another account made on the same device', async () => {
    const [box, far] = [memory(), server()]
    await box.put(entry('1', { owner: 'team02' }))
    const outbox = new Outbox(box, far.send)
    await outbox.flush('team01')
    expect(far.taken).toEqual([])
    expect(await outbox.entries('team01')).toEqual([])
    await outbox.flush('team02')
    expect(far.taken).toEqual(['1'])
  })
})

describe('what waiting steps come to', () => {
  it('is the furthest of them, and nothing of what was refused', () => {
    const states = presumedStates([
      entry('1'),
      entry('2', { step: 'arrive' }),
      entry('3', { alert: '8', refused: 'no' }),
      entry('4', { alert: '9', step: 'report' }),
      entry('5', { alert: '10', step: 'decline' }),
    ])
    expect([...states]).toEqual([['7', 'arrived']])
  })
})
