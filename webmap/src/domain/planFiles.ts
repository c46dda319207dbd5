/** Small reckonings of the planning panels: names of editions, threads of remarks, how deep undo goes, what a file brings. */
import type { Comment, Edition, ImportRepair, PlanEdit } from '../api/plans'

const two = (n: number) => String(n).padStart(2, '0')

/** A name for the next edition by its month, `2027-01`; a second of the same month is `2027-01b`. */
export function nextEdition(known: readonly Pick<Edition, 'name'>[], nowMs: number): string {
  const at = new Date(nowMs)
  const month = `${at.getFullYear()}-${two(at.getMonth() + 1)}`
  const taken = new Set(known.map(({ name }) => name))
  if (!taken.has(month)) return month
  for (const letter of 'bcdefghijklmnopqrstuvwxyz') if (!taken.has(month + letter)) return month + letter
  return `${month}-${taken.size + 1}`
}

export interface Thread {
  one: Comment
  replies: Comment[]
}

/** Remarks newest first, answers under what they answer in the order they were written; an answer to nothing stands alone. */
export function threadsOf(comments: readonly Comment[]): Thread[] {
  const threads = new Map<number, Thread>()
  const root = new Map<number, number>()
  const ordered = [...comments].sort((a, b) => a.id - b.id)
  for (const one of ordered) {
    const to = one.reply_to === null ? undefined : (root.get(one.reply_to) ?? one.reply_to)
    const thread = to === undefined ? undefined : threads.get(to)
    if (thread) {
      thread.replies.push(one)
      root.set(one.id, thread.one.id)
    } else {
      threads.set(one.id, { one, replies: [] })
      root.set(one.id, one.id)
    }
  }
  return [...threads.values()].reverse()
}

/** How many of somebody's own edits could be undone and redone, from a history with the newest first. */
export function depthOf(edits: readonly PlanEdit[], by: string): { undo: number; redo: number } {
  const own = edits.filter((one) => one.by === by && one.kind !== 'undo' && one.kind !== 'redo')
  let redo = 0
  // A new edit ends what could be done again: only the newest row of undone ones counts.
  for (const one of own) {
    if (one.counts) break
    redo++
  }
  return { undo: own.filter(({ counts }) => counts).length, redo }
}

/** Repairs by kind, with their ground in m². */
export function repairsByKind(
  repairs: readonly ImportRepair[],
): { kind: ImportRepair['kind']; n: number; m2: number }[] {
  const found = new Map<ImportRepair['kind'], { kind: ImportRepair['kind']; n: number; m2: number }>()
  for (const { kind, area_m2 } of repairs) {
    const row = found.get(kind) ?? { kind, n: 0, m2: 0 }
    row.n++
    row.m2 += area_m2
    found.set(kind, row)
  }
  return [...found.values()].sort((a, b) => b.m2 - a.m2)
}

/** Ground as it is said: slivers in hundredths, fields in whole m², districts in km². */
export function areaText(m2: number): string {
  if (m2 >= 100_000) return `${(m2 / 1e6).toFixed(2)} km²`
  if (m2 >= 10) return `${Math.round(m2).toLocaleString('en-US')} m²`
  return m2 > 0 && m2 < 0.01 ? '<0.01 m²' : `${m2.toFixed(2)} m²`
}

/** A file's size, as a person reads it. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 ** 2 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`
}
