/** The doors of plans beyond their map: lists, proposals, impact, review, editions, files. */
import { get, part, post, query, send } from './client'
import type { components } from './schema.gen'

type Schema = components['schemas']

export type Plan = Schema['Plan']
export type PlanState = Plan['state']
export type PlanMake = Schema['PlanMake']
export type PlanGrid = Schema['PlanGrid']
export type PlanArc = Schema['PlanArc']
export type PlanMap = Schema['PlanMap']
export type PlanDelta = Schema['PlanDelta']
export type PlanEdit = Schema['PlanEdit']
export type PlanProblem = Schema['PlanProblem']
export type Balance = Schema['Balance']
export type LoadModel = Schema['LoadModel']
export type Replayed = Schema['Replayed']
export type Conflict = Schema['Conflict']
export type Proposal = Schema['Proposal']
export type ProposalAsk = Schema['ProposalAsk']
export type ProposalOption = Schema['ProposalOption']
export type ProposalMove = Schema['ProposalMove']
export type Impact = Schema['Impact']
export type Indicator = Schema['Indicator']
export type Comment = Schema['Comment']
export type CommentMake = Schema['CommentMake']
export type Publication = Schema['Publication']
export type PublishAsk = Schema['PublishAsk']
export type Edition = Schema['Edition']
export type Lineage = Schema['Lineage']
export type Ancestor = Schema['Ancestor']
export type ImportPreview = Schema['ImportPreview']
export type ImportRepair = Schema['ImportRepair']

/** What a file may be. Shapefiles are zipped; their words may be in the encoding of older programs. */
export type FileKind = 'geojson' | 'gpkg' | 'shp'
export type FileWords = 'utf-8' | 'gbk'

const made = <T>(path: string, body?: unknown) => post<T>(path, body) as Promise<T>
const way = (key: string, rest = '') => `/plans/${part(key)}${rest}`

export const planDoors = {
  list: () => get<Plan[]>('/plans'),
  one: (key: string) => get<Plan>(way(key)),
  make: (ask: PlanMake) => made<Plan>('/plans', ask),
  change: (key: string, change: Schema['PlanChange']) => post<Plan>(way(key), change, 'PATCH') as Promise<Plan>,
  discard: (key: string) => send(way(key), { method: 'DELETE' }),

  edits: (key: string) => get<PlanEdit[]>(way(key, '/edits')),
  rebase: (key: string, ask: Schema['RebaseAsk']) => made<Replayed>(way(key, '/rebase'), ask),
  merge: (key: string, ask: Schema['RebaseAsk']) => made<Replayed>(way(key, '/merge'), ask),

  proposals: (key: string) => get<Proposal[]>(way(key, '/proposals')),
  proposal: (key: string, id: number) => get<Proposal>(way(key, `/proposals/${id}`)),
  propose: (key: string, ask: ProposalAsk) => made<Proposal>(way(key, '/proposals'), ask),
  cancelProposal: (key: string, id: number) => send(way(key, `/proposals/${id}`), { method: 'DELETE' }),
  adopt: (key: string, id: number, ask: Schema['AdoptAsk']) => made<PlanDelta>(way(key, `/proposals/${id}/adopt`), ask),

  impact: (key: string) => get<Impact>(way(key, '/impact')),
  comments: (key: string) => get<Comment[]>(way(key, '/comments')),
  comment: (key: string, remark: CommentMake) => made<Comment>(way(key, '/comments'), remark),
  settle: (key: string, id: number) => made<Comment>(way(key, `/comments/${id}/resolve`)),

  submit: (key: string, version: number, note: string) => made<Plan>(way(key, '/submit'), { version, note }),
  withdraw: (key: string) => made<Plan>(way(key, '/withdraw')),
  approve: (key: string, note: string) => made<Plan>(way(key, '/approve'), { note }),
  reject: (key: string, note: string) => made<Plan>(way(key, '/reject'), { note }),
  publish: (key: string, ask: PublishAsk) => made<Publication>(way(key, '/publish'), ask),
  rollBack: (key: string, note: string) => made<Publication>(way(key, '/rollback'), { note }),

  editions: () => get<Edition[]>('/editions'),
  lineage: (edition: string, code: string) => get<Lineage>(`/editions/${part(edition)}/grids/${part(code)}/lineage`),

  /** Nothing is kept by looking at a file. */
  lookAtFile(file: File, columns: Record<string, string> = {}): Promise<ImportPreview> {
    const form = new FormData()
    form.append('file', file)
    for (const [name, column] of Object.entries(columns)) form.append(name, column)
    return post<ImportPreview>('/plan-imports', form) as Promise<ImportPreview>
  },
  takeFile: (token: string, name: string, accept_repairs: boolean) =>
    made<Plan>('/plan-imports/confirm', { token, name, accept_repairs }),
}

/** Pages and files of their own, to open or keep. */
export const reportPath = (key: string, lang: string) => way(key, `/report${query({ lang })}`)

export const planFile = (key: string, format: FileKind, encoding: FileWords) =>
  way(key, `/export${query({ format, encoding: format === 'shp' ? encoding : null })}`)

export const editionFile = (name: string, format: FileKind, encoding: FileWords) =>
  `/editions/${part(name)}/export${query({ format, encoding: format === 'shp' ? encoding : null })}`
