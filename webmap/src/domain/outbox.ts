/**
 * What is to be sent once, whatever the network does: kept first, then sent in order, one alert's steps behind one
 * another. Nothing here knows a browser: where things are kept and how they are sent is given.
 */

export type Step = 'acknowledge' | 'decline' | 'arrive' | 'confirm-again' | 'resolve'

export interface Entry {
  /** Ordered by time; also the idempotency key. */
  id: string
  /** Who made it: another account on the same device does not send it. */
  owner: string
  alert: string
  step: Step | 'report'
  at: string
  note?: string
  photo?: Blob
  /** Why the server will not have it; it stays until a person has seen that. */
  refused?: string
}

export interface Keeping {
  all(): Promise<Entry[]>
  put(entry: Entry): Promise<void>
  drop(id: string): Promise<void>
}

/** What came of one attempt: taken, not reached (try again later), or refused for good. */
export type Outcome = { kind: 'sent' } | { kind: 'later' } | { kind: 'refused'; reason: string }

export interface Flushed {
  sent: Entry[]
  refused: Entry[]
  /** How many wait for the network. */
  waiting: number
}

export class Outbox {
  private running: Promise<Flushed> | null = null

  constructor(
    private readonly keeping: Keeping,
    private readonly send: (entry: Entry) => Promise<Outcome>,
  ) {}

  async entries(owner: string): Promise<Entry[]> {
    const own = (await this.keeping.all()).filter((entry) => entry.owner === owner)
    return own.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Keeps it, then tries to send everything that waits: behind what was kept before it. */
  async add(entry: Entry): Promise<Flushed> {
    await this.keeping.put(entry)
    // One that runs may have read its list before this entry was in it.
    if (this.running) await this.running.catch(() => undefined)
    return this.flush(entry.owner)
  }

  /** Sends what waits, in order. Two at a time are one. */
  flush(owner: string): Promise<Flushed> {
    this.running ??= this.work(owner).finally(() => {
      this.running = null
    })
    return this.running
  }

  private async work(owner: string): Promise<Flushed> {
    const out: Flushed = { sent: [], refused: [], waiting: 0 }
    const list = (await this.entries(owner)).filter((entry) => entry.refused === undefined)
    for (const [i, entry] of list.entries()) {
      const outcome = await this.send(entry)
      if (outcome.kind === 'later') {
        out.waiting = list.length - i
        break
      }
      if (outcome.kind === 'sent') {
        out.sent.push(entry)
        await this.keeping.drop(entry.id)
      } else {
        const refused = { ...entry, refused: outcome.reason }
        out.refused.push(refused)
        await this.keeping.put(refused)
      }
    }
    return out
  }
}

/** What an alert comes to once everything that waits has been sent. */
export const PRESUMED = { acknowledge: 'acknowledged', arrive: 'arrived', resolve: 'resolved' } as const

/** The furthest state that waiting steps bring each alert to. */
export function presumedStates(entries: readonly Entry[]): Map<string, 'acknowledged' | 'arrived' | 'resolved'> {
  const out = new Map<string, 'acknowledged' | 'arrived' | 'resolved'>()
  const rank = { acknowledged: 0, arrived: 1, resolved: 2 }
  for (const { alert, step, refused } of entries) {
    if (refused !== undefined || !(step in PRESUMED)) continue
    const state = PRESUMED[step as keyof typeof PRESUMED]
    const known = out.get(alert)
    if (!known || rank[known] < rank[state]) out.set(alert, state)
  }
  return out
}
