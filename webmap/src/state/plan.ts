/**
 * The plan that is open: its borders and grids, what is picked, which tool is in the hand, and the way edits go.
 *
 * Edits are made one after the other, each on the version that the one before it brought. What others do meanwhile
 * comes as a difference and is laid over what stands. The address keeps which plan is open (`p=plan&k=<key>`).
 */
import { batch, computed, effect, signal } from '@preact/signals'
import { ApiError } from '../api/client'
import { type Operation, type Plan, type PlanDelta, plans } from '../api/plans'
import type { Text2 } from '../api/types'
import { paced } from '../domain/pace'
import { applied, modelOf, type PlanModel } from '../domain/topology'
import { liveState, onLiveEvent } from './live'
import { account, mayEditPlans } from './session'
import { IN_THE_MAKING, isPhone, panel, planOpen, studioPick } from './view'

export const PLAN_TOOLS = [
  'select',
  'split',
  'merge',
  'edge',
  'reshape',
  'paint',
  'lasso',
  'building',
  'snap',
  'lock',
] as const
export type PlanTool = (typeof PLAN_TOOLS)[number]

/** Stands in the address for a plan in the making. */
export const NEW_PLAN = IN_THE_MAKING

/** A refusal: what the server said, where, and what was asked for. */
export interface Refusal {
  /** The operation's own reason (no-cut, torn, border …), `conflict`, or empty. */
  reason: string
  text: string
  where: GeoJSON.Geometry | null
  /** Where the pointer was when it was asked for. */
  at: readonly [number, number] | null
  operation: Operation | null
}

/** Another planner changed the same grids first. */
export interface Clash {
  text: string
  operation: Operation | null
  kind: 'edit' | 'undo' | 'redo'
}

export const planKey = computed<string | null>(() => (planOpen.value ? studioPick.value : null))
/** The plan as it stands on the screen; a new object for every change. */
export const plan = signal<PlanModel | null>(null)
export const planError = signal<unknown>(null)
/** Ids of the picked grids, in the order they were picked. */
export const planPick = signal<ReadonlySet<string>>(new Set())
export const planTool = signal<PlanTool>('select')
/** An edit is on its way. */
export const planBusy = signal(false)
/** It is so long on its way that one should know: most are back before anything said of them could be read. */
export const planSlow = signal(false)
const SLOW_MS = 200
/** The edit that is on its way or waits its turn; its ghost is on the map. */
export const planPending = signal<Operation | null>(null)
export const planRefused = signal<Refusal | null>(null)
export const planClash = signal<Clash | null>(null)
/** When the last change was kept by the server. */
export const planSavedAt = signal<number | null>(null)
/** One's own edit was answered and laid over the plan: when it was asked for, and when that was. */
export interface Answered {
  op: string
  asked: number
  came: number
}
export const planAnswered = signal<Answered | null>(null)
/** Where the map is parted between the plan and its edition; null: not compared. */
export const planCompare = signal<number | null>(null)
/** What the plan is compared with: the edition in force, or the one that it was drawn from. */
export const planBeside = signal<'inforce' | 'base'>('inforce')

/** What happened last to the open plan, by anybody; `n` counts. */
export interface PlanNews {
  n: number
  what: 'edit' | 'state' | 'comment' | 'proposal'
  by: string
  version: number
}
export const planNews = signal<PlanNews | null>(null)

/** What others did while one looked on: their borders stand out for a moment, and the line under the map says it. */
export interface Others {
  by: string
  text: Text2
  arcs: readonly number[]
}
export const planOthers = signal<Others | null>(null)
const OTHERS_MS = 6000
let othersGo: ReturnType<typeof setTimeout> | null = null

function noteOthers(delta: PlanDelta): void {
  const news = planNews.peek()
  const mine = news?.by === account.peek()?.login
  if (othersGo) clearTimeout(othersGo)
  planOthers.value = mine ? null : { by: news?.by ?? '', text: delta.text, arcs: delta.arcs.map(({ id }) => id) }
  othersGo = setTimeout(() => (planOthers.value = null), OTHERS_MS)
}

/** Drawn over the plan for whoever asks: ground that changes hands (`grid`, `to`), or a proposal's grids (`id`, `load`). */
export const planOverlay = signal<GeoJSON.FeatureCollection | null>(null)
/** A place that a problem, a conflict or a remark speaks of. */
export const planMark = signal<GeoJSON.Geometry | null>(null)
/** Remarks of the review, as pins. */
export interface PlanPin {
  id: number
  at: readonly [number, number]
  text: string
  resolved: boolean
}
export const planPins = signal<readonly PlanPin[]>([])
export const planPinOpen = signal<number | null>(null)
/** Somebody waits for a place on the map; the next click is given to them. */
export const planAsking = signal<((at: readonly [number, number], grid: string | null) => void) | null>(null)

/** Whether the plan that is open can be changed here and by this person. */
export const planEditable = computed(() => !isPhone.value && mayEditPlans.value && plan.value?.plan.state === 'draft')

/** Worst problem of each grid. */
export const planTrouble = computed(() => {
  const worst = new Map<string, 'error' | 'warning'>()
  for (const { grid, severity } of plan.value?.problems ?? []) {
    if (grid && worst.get(grid) !== 'error') worst.set(grid, severity)
  }
  return worst
})

// -- opening ------------------------------------------------------------------------------------------------------------

let turn = 0

function forget(): void {
  batch(() => {
    plan.value = null
    planError.value = null
    planPick.value = new Set()
    planTool.value = 'select'
    planRefused.value = null
    planClash.value = null
    planCompare.value = null
    planBeside.value = 'inforce'
    planSavedAt.value = null
    planOverlay.value = null
    planMark.value = null
    planPins.value = []
    planPinOpen.value = null
    planAsking.value = null
    planPending.value = null
    planAnswered.value = null
    planOthers.value = null
  })
}

/** Asks the whole of the open plan anew. */
export async function loadPlan(): Promise<void> {
  const key = planKey.peek()
  if (!key) return
  const mine = ++turn
  try {
    const map = await plans.map(key)
    if (mine !== turn) return
    batch(() => {
      plan.value = modelOf(map)
      planError.value = null
      keepPicks()
    })
  } catch (error) {
    if (mine === turn) planError.value = error
  }
}

export function openPlan(key: string): void {
  batch(() => {
    panel.value = 'plan'
    studioPick.value = key
  })
}

export function closePlan(): void {
  studioPick.value = ''
}

/** The plan's own row changed: its name, its state, its remarks. */
export function notePlan(row: Plan): void {
  const now = plan.peek()
  if (now && now.plan.key === row.key) plan.value = { ...now, plan: { ...row, version: now.plan.version } }
}

// -- picking ------------------------------------------------------------------------------------------------------------

function keepPicks(): void {
  const grids = plan.peek()?.grids
  const picks = planPick.peek()
  const left = [...picks].filter((id) => grids?.has(id))
  if (left.length !== picks.size) planPick.value = new Set(left)
}

export function pickGrids(ids: Iterable<string>): void {
  planPick.value = new Set(ids)
}

/** Alone, or one more, or one less. */
export function pickGrid(id: string | null, more = false): void {
  const picks = planPick.peek()
  if (!id) {
    if (!more && picks.size > 0) planPick.value = new Set()
    return
  }
  if (!more) planPick.value = new Set([id])
  else planPick.value = new Set(picks.has(id) ? [...picks].filter((one) => one !== id) : [...picks, id])
}

export function useTool(tool: PlanTool): void {
  batch(() => {
    planTool.value = tool
    planRefused.value = null
  })
}

// -- editing ------------------------------------------------------------------------------------------------------------

let queue: Promise<unknown> = Promise.resolve()
let waiting = 0
let slow: ReturnType<typeof setTimeout> | undefined

/** One after the other; `work` sees the version that the one before it brought. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (waiting++ === 0) {
    planBusy.value = true
    slow = setTimeout(() => (planSlow.value = true), SLOW_MS)
  }
  const done = queue.then(work, work).finally(() => {
    if (--waiting > 0) return
    clearTimeout(slow)
    batch(() => {
      planBusy.value = false
      planSlow.value = false
    })
  })
  queue = done.catch(() => {})
  return done
}

/** Lays a difference over what stands; one that does not follow on it is answered by loading all anew. */
export function noteDelta(delta: PlanDelta): void {
  const now = plan.peek()
  if (!now || delta.version <= now.plan.version) return
  batch(() => {
    plan.value = applied(now, delta)
    planSavedAt.value = Date.now()
    keepPicks()
  })
}

/** What the others did since the version on the screen. */
async function catchUp(): Promise<void> {
  const now = plan.peek()
  if (!now) return
  try {
    const delta = await plans.since(now.plan.key, now.plan.version)
    if (plan.peek()?.plan.key === now.plan.key && plan.peek()?.plan.version === now.plan.version) {
      noteDelta(delta)
      if (delta.version > now.plan.version) noteOthers(delta)
    }
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) await loadPlan()
  }
}

type More = { where?: GeoJSON.Geometry | null }

export function refusalOf(error: unknown, operation: Operation | null, at: Refusal['at'] = null): Refusal {
  const problem = error instanceof ApiError ? error.problem : null
  return {
    reason: problem?.reason ?? '',
    text: error instanceof Error ? error.message : String(error),
    where: (problem as More | null)?.where ?? null,
    at,
    operation,
  }
}

const isClash = (error: unknown): error is ApiError => error instanceof ApiError && error.status === 409

async function change(
  kind: Clash['kind'],
  operation: Operation | null,
  at: Refusal['at'],
  ask: (key: string, version: number) => Promise<PlanDelta>,
): Promise<PlanDelta | null> {
  planRefused.value = null
  planPending.value = operation
  const asked = performance.now()
  return inTurn(async () => {
    const now = plan.peek()
    if (!now) return null
    try {
      const delta = await ask(now.plan.key, now.plan.version)
      // What others did meanwhile is in it: it leads from the version that was asked on to the one that stands.
      const came = performance.now()
      if (plan.peek()?.plan.key === now.plan.key) noteDelta(delta)
      planAnswered.value = { op: operation?.op ?? kind, asked, came }
      return delta
    } catch (error) {
      if (isClash(error) && error.problem?.reason !== 'reload') {
        await catchUp()
        planClash.value = { text: error.message, operation, kind }
      } else if (isClash(error)) await loadPlan()
      else planRefused.value = refusalOf(error, operation, at)
      return null
    } finally {
      planPending.value = null
    }
  })
}

/** Makes an edit; it is kept when this answers. Null: it was refused, and `planRefused` or `planClash` says why. */
export function edit(operation: Operation, at: Refusal['at'] = null): Promise<PlanDelta | null> {
  return change('edit', operation, at, (key, version) => plans.edit(key, version, operation))
}

export function undo(): Promise<PlanDelta | null> {
  return change('undo', null, null, plans.undo)
}

export function redo(): Promise<PlanDelta | null> {
  return change('redo', null, null, plans.redo)
}

/** What an edit would do, without doing it; a refusal is thrown. */
export function tryEdit(operation: Operation): Promise<PlanDelta | null> {
  const now = plan.peek()
  return now ? plans.attempt(now.plan.key, now.plan.version, operation) : Promise.resolve(null)
}

// -- following ----------------------------------------------------------------------------------------------------------

interface Note {
  key: string
  version: number
  what: PlanNews['what']
  by: string
}

/** The newest version that was heard of; one's own edits are heard of too, often before they are answered. */
let heard = 0

const soon = paced(150, () => {
  void inTurn(async () => {
    if (heard > (plan.peek()?.plan.version ?? heard)) await catchUp()
  })
})

function noteHeard(version: number): void {
  heard = Math.max(heard, version)
  soon.run()
}

function noteNews(data: unknown): void {
  const { key, what, by, version } = data as Partial<Note>
  const now = plan.peek()
  if (!now || (key ?? now.plan.key) !== now.plan.key) return
  const n = (planNews.peek()?.n ?? 0) + 1
  planNews.value = { n, what: what ?? 'edit', by: by ?? '', version: version ?? now.plan.version }
  // Who sees a part of the city is told only that something moved.
  if (what === undefined) noteHeard(now.plan.version + 1)
  else if (what === 'edit' && (version ?? 0) > now.plan.version) noteHeard(version ?? 0)
  if (what !== 'edit') {
    plans.one(now.plan.key).then(notePlan, () => {
      // The next word of it asks again.
    })
  }
}

/** Long enough that a row of quick edits asks once. */
const ROW_MS = 1500

/** An answer says nothing of the plan's own row: how many edits count, whether a newer edition is in force. */
function followRow(): () => void {
  const soon = paced(ROW_MS, () => {
    const now = plan.peek()
    if (!now) return
    plans.one(now.plan.key).then(notePlan, () => {
      // The next edit asks again.
    })
  })
  let seen: string | null = null
  const end = plan.subscribe((now) => {
    const name = now ? `${now.plan.key} ${now.plan.version}` : null
    // At opening the row came with the map.
    if (name && seen?.split(' ')[0] === now?.plan.key && name !== seen) soon.later()
    seen = name
  })
  return () => {
    end()
    soon.stop()
  }
}

/** Follows which plan is open; called once, by the page of plans. */
export function followPlan(): () => void {
  const endNews = onLiveEvent('plan', noteNews)
  const endRow = followRow()
  let lost = false
  const endLive = effect(() => {
    const state = liveState.value
    const now = plan.peek()
    // What was said while the line was dead was not heard.
    if (state === 'open' && lost && now) noteHeard(now.plan.version + 1)
    lost = state === 'lost' || (lost && state !== 'open')
  })
  let open: string | null = null
  const endOpen = effect(() => {
    const key = planKey.value
    if (key === open) return
    open = key
    turn++
    heard = 0
    forget()
    if (key) void loadPlan()
  })
  return () => {
    endNews()
    endRow()
    endLive()
    endOpen()
    soon.stop()
    turn++
    forget()
  }
}
