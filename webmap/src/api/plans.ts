/** The doors of editions, plans, their edits, proposals, impact and review. */
import { get, part, post, query, send } from './client'
import type { components } from './schema.gen'

type Schema = components['schemas']

export type Edition = Schema['Edition']
export type Lineage = Schema['Lineage']
export type Plan = Schema['Plan']
export type PlanMake = Schema['PlanMake']
export type PlanChange = Schema['PlanChange']
export type PlanState = Plan['state']
export type PlanArc = Schema['PlanArc']
export type PlanGrid = Schema['PlanGrid']
export type PlanMap = Schema['PlanMap']
export type PlanDelta = Schema['PlanDelta']
export type PlanEdit = Schema['PlanEdit']
export type PlanProblem = Schema['PlanProblem']
export type LoadModel = Schema['LoadModel']
export type Balance = Schema['Balance']
export type PlanHistory = Schema['History']
export type Replayed = Schema['Replayed']
export type RebaseAsk = Schema['RebaseAsk']
export type Conflict = Schema['Conflict']
export type ProposalAsk = Schema['ProposalAsk']
export type Proposal = Schema['Proposal']
export type ProposalOption = Schema['ProposalOption']
export type ProposalMove = Schema['ProposalMove']
export type Impact = Schema['Impact']
export type PlanReview = Schema['PlanReview']
export type ReviewStep = Schema['ReviewStep']
export type GridStatistics = Schema['GridStatistics']
export type Comment = Schema['Comment']
export type CommentMake = Schema['CommentMake']
export type PublishAsk = Schema['PublishAsk']
export type Publication = Schema['Publication']
export type ImportPreview = Schema['ImportPreview']
export type ImportRepair = Schema['ImportRepair']
export type ImportConfirm = Schema['ImportConfirm']
export type EditionRepairs = Schema['EditionRepairs']
export type Measure = Schema['Measure']
export type Ancestor = Schema['Ancestor']
export type Handed = Schema['Handed']
export type Indicator = Schema['Indicator']

/** An operation as a person asks for it; what has a default at the door may be left out. */
type Loose<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>
export type Operation =
  | Schema['Split']
  | Schema['Merge']
  | Schema['MoveVertex']
  | Schema['InsertVertex']
  | Schema['RemoveVertex']
  | Schema['Reshape']
  | Loose<Schema['Reassign'], 'buildings' | 'blocks' | 'cells' | 'area'>
  | Loose<Schema['Snap'], 'tolerance_m'>
  | Loose<Schema['Simplify'], 'tolerance_m'>
  | Loose<Schema['PerBuilding'], 'least_households'>
  | (Pick<Schema['Describe'], 'op' | 'grid'> & Partial<Schema['Describe']>)

/** What is counted: from and to are instants; no edition: by the one in force at each time. */
export type FiguresAsk = { from: string; to: string; edition?: string; scope?: string }

/** What a brush lays over the ground. */
export type PaintKind = 'buildings' | 'blocks' | 'cells'

const made = <T>(path: string, body?: unknown, method = 'POST') => post<T>(path, body, method) as Promise<T>
const at = (key: string, more = '') => `/plans/${part(key)}${more}`

export const plans = {
  editions: () => get<Edition[]>('/editions'),
  lineage: (edition: string, code: string) => get<Lineage>(`/editions/${part(edition)}/grids/${part(code)}/lineage`),

  list: () => get<Plan[]>('/plans'),
  make: (ask: Partial<PlanMake> & { name: string }) => made<Plan>('/plans', ask),
  one: (key: string) => get<Plan>(at(key)),
  change: (key: string, change: Partial<PlanChange>) => made<Plan>(at(key), change, 'PATCH'),
  discard: (key: string) => send(at(key), { method: 'DELETE' }),

  map: (key: string, signal?: AbortSignal) => get<PlanMap>(at(key, '/map'), signal),
  edit: (key: string, version: number, operation: Operation) =>
    made<PlanDelta>(at(key, '/edits'), { version, operation }),
  attempt: (key: string, version: number, operation: Operation) =>
    made<PlanDelta>(at(key, '/try'), { version, operation }),
  undo: (key: string, version: number) => made<PlanDelta>(at(key, '/undo'), { version }),
  redo: (key: string, version: number) => made<PlanDelta>(at(key, '/redo'), { version }),
  edits: (key: string) => get<PlanEdit[]>(at(key, '/edits')),
  since: (key: string, version: number) => get<PlanDelta>(at(key, `/since/${version}`)),
  rebase: (key: string, ask: Partial<RebaseAsk> & { version: number }) => made<Replayed>(at(key, '/rebase'), ask),
  merge: (key: string, ask: Partial<RebaseAsk> & { version: number }) => made<Replayed>(at(key, '/merge'), ask),
  blocks: (key: string, grid: string, kind: PaintKind, signal?: AbortSignal) =>
    get<GeoJSON.FeatureCollection>(at(key, `/blocks${query({ grid, kind })}`), signal),

  proposals: (key: string) => get<Proposal[]>(at(key, '/proposals')),
  ask: (key: string, ask: Partial<ProposalAsk> & { version: number }) => made<Proposal>(at(key, '/proposals'), ask),
  proposal: (key: string, id: number) => get<Proposal>(at(key, `/proposals/${id}`)),
  cancel: (key: string, id: number) => send(at(key, `/proposals/${id}`), { method: 'DELETE' }),
  adopt: (key: string, id: number, version: number, option: number, grids: string[] = []) =>
    made<PlanDelta>(at(key, `/proposals/${id}/adopt`), { version, option, grids }),

  impact: (key: string) => get<Impact>(at(key, '/impact')),
  reportPath: (key: string) => at(key, '/report'),
  review: (key: string) => get<PlanReview>(at(key, '/review')),
  comments: (key: string) => get<Comment[]>(at(key, '/comments')),
  comment: (key: string, ask: Partial<CommentMake> & { text: string }) => made<Comment>(at(key, '/comments'), ask),
  resolve: (key: string, id: number) => made<Comment>(at(key, `/comments/${id}/resolve`)),
  submit: (key: string, version: number, note = '') => made<Plan>(at(key, '/submit'), { version, note }),
  withdraw: (key: string) => made<Plan>(at(key, '/withdraw')),
  approve: (key: string, note = '') => made<Plan>(at(key, '/approve'), { note }),
  reject: (key: string, note = '') => made<Plan>(at(key, '/reject'), { note }),
  publish: (key: string, ask: Partial<PublishAsk> & { edition: string }) => made<Publication>(at(key, '/publish'), ask),
  rollback: (key: string, note = '') => made<Publication>(at(key, '/rollback'), { note }),

  figures: (asked: FiguresAsk, limit: number) =>
    get<GridStatistics>(`/editions/statistics${query({ ...asked, limit })}`),
  figuresPath: (asked: FiguresAsk) => `/editions/statistics${query({ ...asked, format: 'csv' })}`,

  exportPath: (key: string, format: string, encoding = '') => at(key, `/export${query({ format, encoding })}`),
  editionPath: (name: string, format: string, encoding = '') =>
    `/editions/${part(name)}/export${query({ format, encoding })}`,
  preview: (form: FormData) => made<ImportPreview>('/plan-imports', form),
  confirm: (ask: ImportConfirm) => made<Plan>('/plan-imports/confirm', ask),
}
