/** What the tools of the planning studio hold: choices, what is painted, and an edit that is looked at before it is made. */
import { batch, computed, effect, signal } from '@preact/signals'
import type { Position } from 'geojson'
import type { Operation, PlanDelta } from '../api/plans'
import { type Ghost, ghostOf, ghostOfDelta } from '../domain/ghost'
import { kept } from './keep'
import {
  edit,
  type PlanTool,
  pickGrid,
  plan,
  planAsking,
  planBusy,
  planEditable,
  planMark,
  planPending,
  planPick,
  planRefused,
  planTool,
  type Refusal,
  refusalOf,
  tryEdit,
  useTool,
} from './plan'
import { givenOf, painted, paintKind, paintTo, wipe } from './planPaint'

/** What a drawn line or a dragged corner clings to. */
export type Cling = 'borders' | 'roads' | 'rivers' | 'buildings'
export const CLINGS: readonly Cling[] = ['borders', 'roads', 'rivers', 'buildings']
const isClings = (value: unknown): value is Cling[] =>
  Array.isArray(value) && value.every((one) => (CLINGS as readonly unknown[]).includes(one))
export const clings = kept<Cling[]>('plan.cling', ['borders', 'roads', 'rivers'], isClings)

export function toggleCling(one: Cling): void {
  const now = clings.peek()
  clings.value = now.includes(one) ? now.filter((each) => each !== one) : [...now, one]
}

/** Corners of the line that is being drawn; zero while none is. */
export const sketched = signal(0)
/** The grid under the pointer. */
export const hovered = signal<string | null>(null)
/** A corner that was clicked on: Delete takes it out. */
export const corner = signal<Position | null>(null)
/** An edit that follows the pointer while a corner is dragged. */
export const dragging = signal<Operation | null>(null)

// -- snapping -----------------------------------------------------------------------------------------------------------

export type SnapTo = 'roads' | 'rivers' | 'parents'
export const snapTo = signal<readonly SnapTo[]>(['roads'])
export const snapHow = signal<'snap' | 'simplify'>('snap')
export const snapTolerance = signal(15)

// -- one building, one grid ---------------------------------------------------------------------------------------------

/** Buildings with fewer households go along with a neighbour. */
export const leastHouseholds = signal(0)

// -- an edit that is looked at before it is made --------------------------------------------------------------------------

/** The edit that the tool in the hand would make with what is picked and painted. */
export const proposed = computed<Operation | null>(() => {
  if (!planEditable.value || !plan.value) return null
  const picks = [...planPick.value]
  switch (planTool.value) {
    case 'merge':
      return picks.length >= 2 ? { op: 'merge', grids: picks } : null
    case 'snap':
      if (picks.length === 0) return null
      if (snapHow.value === 'simplify') return { op: 'simplify', grids: picks, tolerance_m: snapTolerance.value }
      return snapTo.value.length
        ? { op: 'snap', grids: picks, to: [...snapTo.value], tolerance_m: snapTolerance.value }
        : null
    case 'paint':
      return givenOf(paintTo.value, painted.value, paintKind.value)
    case 'lasso':
      return givenOf(paintTo.value, painted.value, 'lasso')
    case 'building': {
      const [grid, ...more] = picks
      if (!grid || more.length > 0) return null
      return { op: 'per_building', grid, least_households: leastHouseholds.value }
    }
    default:
      return null
  }
})

export interface Preview {
  operation: Operation
  delta: PlanDelta | null
  refusal: Refusal | null
}
export const preview = signal<Preview | null>(null)
/** The answer to what is proposed now, and no other. */
export const previewNow = computed(() => (preview.value?.operation === proposed.value ? preview.value : null))

const PREVIEW_MS = 220

function followPreview(): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null
  let turn = 0
  const end = effect(() => {
    const operation = proposed.value
    const mine = ++turn
    if (timer) clearTimeout(timer)
    if (!operation) {
      preview.value = null
      return
    }
    timer = setTimeout(() => {
      tryEdit(operation).then(
        (delta) => {
          if (mine === turn) preview.value = { operation, delta, refusal: null }
        },
        (error: unknown) => {
          if (mine === turn) preview.value = { operation, delta: null, refusal: refusalOf(error, operation) }
        },
      )
    }, PREVIEW_MS)
  })
  return () => {
    turn++
    if (timer) clearTimeout(timer)
    end()
  }
}

/** Makes what is proposed, unless its trial was refused: the reason stands beside the tool already. */
export async function take(): Promise<void> {
  const operation = proposed.peek()
  if (!operation || planBusy.peek() || previewNow.peek()?.refusal) return
  const done = await edit(operation, null)
  if (!done) return
  batch(() => {
    wipe()
    if (operation.op === 'merge' || operation.op === 'per_building') useTool('select')
  })
}

/** What is on its way, or dragged: the same while a drag that was let go waits for its answer, and drawn but once. */
const afoot = computed<Operation | null>(() => planPending.value ?? dragging.value)

/** What is drawn over the plan before it is so: what is on its way, what is dragged, or what was tried. */
export const ghost = computed<Ghost>(() => {
  const model = plan.value
  const now = afoot.value
  const tried = previewNow.value?.delta
  if (tried && (!now || now === previewNow.value?.operation)) return ghostOfDelta(model, tried)
  return ghostOf(model, now ?? proposed.value)
})

// -- picking up and laying down -------------------------------------------------------------------------------------------

export function takeUp(tool: PlanTool): void {
  if (tool !== 'select' && !planEditable.peek()) return
  batch(() => {
    layDown()
    const picks = [...planPick.peek()]
    const giving = tool === 'paint' || tool === 'lasso'
    // From brush to lasso and back the ground goes to the same grid.
    const kept = giving && (planTool.peek() === 'paint' || planTool.peek() === 'lasso')
    if (giving && !kept) paintTo.value = picks.length === 1 ? (picks[0] ?? null) : null
    useTool(tool)
  })
}

function layDown(): void {
  wipe()
  corner.value = null
  dragging.value = null
}

/** One step back; false when there is nothing left to leave. The sketch is left by its own. */
export function stepBack(): boolean {
  if (planAsking.peek()) planAsking.value = null
  else if (planRefused.peek()) planRefused.value = null
  else if (planMark.peek()) planMark.value = null
  else if (painted.peek().size > 0 || corner.peek()) layDown()
  else if (planTool.peek() !== 'select') takeUp('select')
  else if (planPick.peek().size > 0) pickGrid(null)
  else return false
  return true
}

/** Locks the grids, or where all of them are locked opens them again. */
export async function toggleLocks(ids: readonly string[]): Promise<void> {
  const grids = plan.peek()?.grids
  const known = ids.flatMap((id) => grids?.get(id) ?? [])
  const locked = !known.every((grid) => grid.locked)
  for (const grid of known) {
    if (grid.locked !== locked && !(await edit({ op: 'describe', grid: grid.id, locked }))) return
  }
}

/** Called once by what stands around the map. */
export function followTools(): () => void {
  const end = followPreview()
  // A painted thing is given to a grid that is still there.
  const alive = effect(() => {
    const to = paintTo.value
    if (to && plan.value && !plan.value.grids.has(to)) paintTo.value = null
  })
  return () => {
    end()
    alive()
    layDown()
    preview.value = null
    paintTo.value = null
    sketched.value = 0
    hovered.value = null
  }
}
