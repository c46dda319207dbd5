/** What stands beside the map of a plan: lists of plans and editions, and what is known of the one that is open. */
import { effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import {
  type Comment,
  type Edition,
  type Impact,
  type Plan,
  type PlanEdit,
  type PlanReview,
  type Proposal,
  type ProposalOption,
  plans,
} from '../api/plans'
import { paced } from '../domain/pace'
import { shortCode } from '../domain/planBalance'
import { shapeOf } from '../domain/topology'
import { fitTo } from '../map/map'
import { isOneOf, kept } from './keep'
import { notePlan, openPlan, type PlanNews, pickGrid, pickGrids, plan, planKey, planNews } from './plan'
import { Held } from './studio'

export type PlanTab = 'balance' | 'propose' | 'impact' | 'review' | 'history'
export const PLAN_TABS: readonly PlanTab[] = ['balance', 'propose', 'impact', 'review', 'history']
export const planTab = kept<PlanTab>('plan.tab', 'balance', isOneOf(...PLAN_TABS))

export const planList = new Held<Plan[]>(plans.list)
export const editions = new Held<Edition[]>(plans.editions)

const ofOpen = <T>(ask: (key: string) => Promise<T>) => new Held<T>(() => ask(planKey.peek() ?? ''))
export const planEdits = ofOpen<PlanEdit[]>(plans.edits)
export const planComments = ofOpen<Comment[]>(plans.comments)
export const planReview = ofOpen<PlanReview>(plans.review)
export const planImpact = ofOpen<Impact>(plans.impact)
export const planProposals = ofOpen<Proposal[]>(plans.proposals)

/** Which community's grids the table shows and a proposal is asked for; null: all of the scope. */
export const planCommunity = signal<string | null>(null)

/** What lies over everything: one at a time. */
export type PlanDialog = 'replay' | 'import' | 'export' | null
export const planDialog = signal<PlanDialog>(null)

/** The option of a proposal that is looked at, and of which grids it would be taken; none: whole. */
export const optionOpen = signal<{ proposal: number; option: ProposalOption } | null>(null)
export const optionPart = signal<ReadonlySet<string>>(new Set())

export function lookAtOption(proposal: number, option: ProposalOption | null): void {
  optionOpen.value = option ? { proposal, option } : null
  optionPart.value = new Set()
}

/** Long enough that a row of quick edits asks once. */
const SOON_MS = 500

/** Keeps an answer about the open plan true while somebody looks: asked at opening, and after news of these kinds. */
export function useOfPlan(held: Held<unknown>, ...kinds: PlanNews['what'][]): void {
  const key = planKey.value
  useEffect(() => {
    held.forget()
    if (!key) return
    void held.load()
    const soon = paced(SOON_MS, () => void held.load())
    let first = true
    const version = () => plan.value?.plan.version
    let seen = plan.peek()?.plan.version
    const endNews = planNews.subscribe((news) => {
      if (!first && news && kinds.includes(news.what)) soon.run()
      first = false
    })
    // One's own edits come back as answers, before any news of them.
    const endPlan = plan.subscribe(() => {
      const now = version()
      if (kinds.includes('edit') && seen !== undefined && now !== undefined && now !== seen) soon.run()
      seen = now
    })
    return () => {
      soon.stop()
      endNews()
      endPlan()
    }
  }, [held, key])
}

/** Keeps the plan's own row true, of which an edit's answer says only the version: how many edits count, what is open. */
export function useFreshRow(): void {
  const key = planKey.value
  const version = plan.value?.plan.version
  useEffect(() => {
    if (!key || version === undefined) return
    plans.one(key).then(notePlan, () => {
      // The next edit, or the next look, asks again.
    })
  }, [key, version])
}

/** Moves the map so that grids are all in sight. */
export function lookAtGrids(ids: Iterable<string>): void {
  const model = plan.peek()
  if (!model) return
  const parts = [...ids].flatMap((id) => {
    const grid = model.grids.get(id)
    return grid ? shapeOf(model.arcs, grid).coordinates : []
  })
  if (parts.length > 0) fitTo({ type: 'MultiPolygon', coordinates: parts }, 17)
}

let opening: string | null = null

/** Opens a plan that a person chose, and looks at its ground where it is about a part of the city. */
export function openAndLook(row: Pick<Plan, 'key' | 'scope'>): void {
  opening = row.scope ? row.key : null
  openPlan(row.key)
}

effect(() => {
  const now = plan.value
  if (!now || now.plan.key !== opening) return
  opening = null
  lookAtGrids(now.grids.keys())
})

/** Picks grids, as a click upon them would, and looks at them. */
export function showGrids(ids: readonly string[], more = false): void {
  const there = ids.filter((id) => plan.peek()?.grids.has(id))
  const [only] = there
  if (only === undefined) return
  if (there.length === 1) pickGrid(only, more)
  else pickGrids(there)
  lookAtGrids(there)
}

/** What a grid is called where there is little room: its label, or its place in the plan where it has gone. */
export function gridName(id: string | null | undefined): string {
  if (!id) return '—'
  return plan.value?.grids.get(id)?.label ?? (/^\d{15}$/.test(id) ? `…${id.slice(-6, -3)}-${id.slice(-3)}` : id)
}

/** The same with its community's place, where grids of several communities stand in one list. */
export function gridPlace(id: string | null | undefined): string {
  const grid = id ? plan.value?.grids.get(id) : undefined
  return grid ? shortCode(grid) : gridName(id)
}
