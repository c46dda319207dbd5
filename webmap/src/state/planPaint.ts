/** Ground that is about to be given to a grid: painted piece by piece, or drawn around. */
import { batch, signal } from '@preact/signals'
import type { Feature, Polygon, Position } from 'geojson'
import type { Operation, PaintKind } from '../api/plans'

export const paintKind = signal<PaintKind>('buildings')
/** The grid that ground is given to. */
export const paintTo = signal<string | null>(null)
/** By key: what is painted so far; a building, a block, a cell, or an area that was drawn around. */
export const painted = signal<ReadonlyMap<string, Feature>>(new Map())
/** The line of the lasso while the button is held. */
export const lasso = signal<readonly Position[] | null>(null)

/** What was painted before each stroke, the latest last. */
let strokes: ReadonlyMap<string, Feature>[] = []

export function paint(features: readonly (readonly [string, Feature])[], erase: boolean): void {
  const now = painted.peek()
  const fresh = features.filter(([key]) => now.has(key) === erase)
  if (fresh.length === 0) return
  const next = new Map(now)
  for (const [key, feature] of fresh) {
    if (erase) next.delete(key)
    else next.set(key, feature)
  }
  painted.value = next
}

/** A stroke begins: what stands now is what taking it back leads to. */
export function beginStroke(): void {
  strokes.push(painted.peek())
}

/** Takes the last stroke back that did anything; false when there is none. */
export function takeStrokeBack(): boolean {
  for (let before = strokes.pop(); before; before = strokes.pop()) {
    if (before === painted.peek()) continue
    painted.value = before
    return true
  }
  return false
}

/** Takes all paint off. */
export function wipe(): void {
  strokes = []
  batch(() => {
    if (painted.peek().size > 0) painted.value = new Map()
    lasso.value = null
  })
}

export function paintWith(kind: PaintKind): void {
  batch(() => {
    paintKind.value = kind
    wipe()
  })
}

/** The edit that gives what is painted to the grid that was chosen; null while either is missing. */
export function givenOf(
  to: string | null,
  pieces: ReadonlyMap<string, Feature>,
  how: PaintKind | 'lasso',
): Operation | null {
  if (!to || pieces.size === 0) return null
  const keys = [...pieces.keys()]
  switch (how) {
    case 'buildings':
      return { op: 'reassign', to, buildings: keys }
    case 'cells':
      return { op: 'reassign', to, cells: keys }
    case 'blocks':
      return { op: 'reassign', to, blocks: [...pieces.values()].map(({ properties }) => properties?.at) }
    case 'lasso': {
      const rings = [...pieces.values()].map(({ geometry }) => (geometry as Polygon).coordinates)
      return { op: 'reassign', to, area: { type: 'MultiPolygon', coordinates: rings } }
    }
  }
}
