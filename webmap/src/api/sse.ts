/** Server-sent events over fetch: unlike EventSource it sees a 401, and resumes by Last-Event-ID after its own back-off. */

export interface ServerEvent {
  id: string | null
  event: string
  data: string
}

/** Cuts a text stream into events; a comment (heartbeat) comes out as an event named `:`. */
export class EventParser {
  /** Where to resume: the last id whose block is complete, also of a block that was nothing but an id. */
  lastId: string | null = null
  private rest = ''
  private id: string | null = null
  private event = ''
  private data: string[] = []

  push(text: string): ServerEvent[] {
    const out: ServerEvent[] = []
    this.rest += text
    let end = this.rest.search(/\r\n|\n|\r/)
    while (end >= 0) {
      // A lone carriage return at the very end may be half of a pair that is still on its way.
      if (this.rest[end] === '\r' && end === this.rest.length - 1) break
      const line = this.rest.slice(0, end)
      this.rest = this.rest.slice(end + (this.rest.startsWith('\r\n', end) ? 2 : 1))
      const done = this.line(line)
      if (done) out.push(done)
      end = this.rest.search(/\r\n|\n|\r/)
    }
    return out
  }

  private line(line: string): ServerEvent | null {
    if (line === '') {
      this.lastId = this.id
      if (this.data.length === 0) {
        this.event = ''
        return null
      }
      const done = { id: this.id, event: this.event || 'message', data: this.data.join('\n') }
      this.event = ''
      this.data = []
      return done
    }
    if (line.startsWith(':')) return { id: this.id, event: ':', data: line.slice(1).trim() }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id') this.id = value
    else if (field === 'event') this.event = value
    else if (field === 'data') this.data.push(value)
    return null
  }
}

/** Seconds to wait before the n-th attempt: 0.5, 1, 2, 4, 8, then 15, with a little spread so that screens do not all knock at once. */
export function backoffS(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(15, 0.5 * 2 ** attempt)
  return base * (0.75 + 0.5 * random())
}
