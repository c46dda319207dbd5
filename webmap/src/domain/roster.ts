/** Rosters as they are drawn: organisations as a tree, duties as the pieces of a week, pieces as lanes of days. */
import type { Duty, Organisation } from '../api/studio'

export interface Node {
  organisation: Organisation
  children: Node[]
  /** Organisations without a duty below it, itself not counted. */
  gapsBelow: number
}

/** Whoever's parent is not among them stands at the top; order of the door is kept. */
export function treeOf(list: readonly Organisation[]): Node[] {
  const nodes = new Map<string, Node>()
  for (const organisation of list) nodes.set(organisation.code, { organisation, children: [], gapsBelow: 0 })
  const top: Node[] = []
  for (const node of nodes.values()) {
    const parent = node.organisation.parent_code
    const above = parent && parent !== node.organisation.code ? nodes.get(parent) : undefined
    if (above) above.children.push(node)
    else top.push(node)
  }
  const sum = (node: Node, depth: number): number => {
    // A ring of parents would have no end; four rungs are all there are.
    if (depth > 8) return 0
    node.gapsBelow = node.children.reduce((n, child) => n + sum(child, depth + 1) + (child.organisation.gap ? 1 : 0), 0)
    return node.gapsBelow
  }
  for (const node of top) sum(node, 0)
  return top
}

/** Codes from the top down to that organisation, so that the tree can open on it. */
export function pathTo(list: readonly Organisation[], code: string): string[] {
  const parents = new Map(list.map((item) => [item.code, item.parent_code]))
  const path: string[] = []
  for (let at: string | null | undefined = code; at && parents.has(at) && path.length < 9; at = parents.get(at)) {
    path.unshift(at)
  }
  return path
}

/** A team's time on duty, in milliseconds. */
export interface Piece {
  team: string
  name: string
  rank: number
  from: number
  to: number
}

/** A piece of the door; what it does not say properly is left out. */
export function pieceOf(row: Record<string, unknown>): Piece | null {
  const [from, to] = [Date.parse(String(row.from ?? '')), Date.parse(String(row.to ?? ''))]
  const rank = Number(row.rank)
  if (!(to > from) || !Number.isFinite(rank)) return null
  const team = String(row.team_key ?? '')
  return { team, name: String(row.team_name ?? '') || team, rank, from, to }
}

export interface Block extends Piece {
  /** Shares of the day. */
  left: number
  width: number
  /** Whether it begins and ends on this day: a shift over midnight has an open side. */
  begins: boolean
  ends: boolean
}

export interface Gap {
  left: number
  width: number
  from: number
  to: number
}

export interface DayRow {
  midnight: number
  lanes: { rank: number; blocks: Block[] }[]
  gaps: Gap[]
}

const midnight = (ms: number, days: number) => {
  const at = new Date(ms)
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime()
}

/**
 * Seven days from the one that `start` lies in, every rank a lane of every day. What lies before `start` is past:
 * nothing is said of it, and nobody's absence in it is a gap.
 */
export function weekGrid(pieces: readonly Piece[], start: number, days = 7): DayRow[] {
  const ranks = [...new Set(pieces.map(({ rank }) => rank))].sort((a, b) => a - b)
  return Array.from({ length: days }, (_, day) => {
    const [from, to] = [midnight(start, day), midnight(start, day + 1)]
    const share = (ms: number) => (ms - from) / (to - from)
    const cut = pieces
      .filter((piece) => piece.from < to && piece.to > from)
      .map((piece): Block => {
        const [left, right] = [share(Math.max(from, piece.from)), share(Math.min(to, piece.to))]
        return { ...piece, left, width: right - left, begins: piece.from >= from, ends: piece.to <= to }
      })
      .sort((a, b) => a.from - b.from)
    const lanes = ranks.map((rank) => ({ rank, blocks: cut.filter((block) => block.rank === rank) }))
    const gaps: Gap[] = []
    let reached = Math.max(from, start)
    const gap = (until: number) => {
      if (until > reached)
        gaps.push({ left: share(reached), width: share(until) - share(reached), from: reached, to: until })
    }
    for (const block of cut) {
      gap(Math.min(block.from, to))
      reached = Math.max(reached, Math.min(block.to, to))
    }
    gap(to)
    return { midnight: from, lanes, gaps }
  })
}

export interface Hours {
  from: number
  to: number
}

/** `20-8` over midnight, `8:30-17`, `0-24`; minutes of the day, the end past 24 h where it is of the next day. */
export function readHours(text: string): Hours | null {
  const found = /^\s*(\d{1,2})(?::(\d\d))?\s*-\s*(\d{1,2})(?::(\d\d))?\s*$/.exec(text)
  if (!found) return null
  const [, h1, m1 = '0', h2, m2 = '0'] = found
  const from = Number(h1) * 60 + Number(m1)
  const to = Number(h2) * 60 + Number(m2)
  if (from >= 1440 || to > 1440 || Number(m1) > 59 || Number(m2) > 59 || from === to) return null
  return { from, to: to > from ? to : to + 1440 }
}

/** Monday is 0. */
const weekday = (ms: number) => (new Date(ms).getDay() + 6) % 7

function without(piece: Piece, shifts: readonly Piece[]): Piece[] {
  let rest = [piece]
  for (const { from, to } of shifts) {
    rest = rest.flatMap((item) => {
      if (to <= item.from || from >= item.to) return [item]
      return [
        { ...item, to: from },
        { ...item, from: to },
      ].filter((part) => part.to > part.from)
    })
  }
  return rest
}

/** How declared duties come out, for a draft that no door has seen: within a rank a shift stands before the week. */
export function expandDuties(
  duties: readonly Duty[],
  start: number,
  names: (team: string) => string,
  days = 7,
): Piece[] {
  const shifts: Piece[] = []
  const weekly: Piece[] = []
  const end = midnight(start, days)
  for (const duty of duties) {
    if (!duty.team_key) continue
    const common = { team: duty.team_key, name: names(duty.team_key), rank: duty.rank }
    if (duty.kind === 'shift') {
      const [from, to] = [Date.parse(duty.starts_at ?? ''), Date.parse(duty.ends_at ?? '')]
      if (to > from) shifts.push({ ...common, from: Math.max(from, start), to: Math.min(to, end) })
      continue
    }
    const hours = readHours(duty.hours)
    if (!hours) continue
    for (let day = -1; day < days; day++) {
      const zero = midnight(start, day)
      if (duty.weekdays.length && !duty.weekdays.includes(weekday(zero))) continue
      const at = (minutes: number) => {
        const date = new Date(zero)
        return new Date(date.getFullYear(), date.getMonth(), date.getDate(), 0, minutes).getTime()
      }
      weekly.push({ ...common, from: Math.max(at(hours.from), start), to: Math.min(at(hours.to), end) })
    }
  }
  return [
    ...shifts,
    ...weekly.flatMap((piece) =>
      without(
        piece,
        shifts.filter(({ rank }) => rank === piece.rank),
      ),
    ),
  ].filter((piece) => piece.to > piece.from)
}
