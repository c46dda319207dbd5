/** The doors of the studio pages: rules, rosters, fences, drills. */
import { get, part, post, query, send } from './client'
import type { components } from './schema.gen'

type Schema = components['schemas']

export type RuleSpec = Schema['RuleSpec']
export type Rule = Schema['server__rule_models__Rule']
export type RuleInput = Schema['RuleInput']
export type RuleLevel = Schema['RuleLevel']
export type RuleProblem = Schema['RuleProblem']
export type RuleCheck = Schema['RuleCheck']
export type DryRun = Schema['DryRun']
export type DryRunWarning = Schema['DryRunWarning']
export type DryRunSeries = Schema['DryRunSeries']
export type InputKind = RuleInput['kind']

export type Organisation = Schema['Organisation']
export type Roster = Schema['Roster']
export type RosterOf = Schema['RosterOf']
export type Duty = Schema['Duty']
export type Rung = Organisation['rung']

export type FenceSpec = Schema['FenceSpec']
export type Fence = Schema['Fence']
export type FenceSource = Schema['FenceSource']
export type FencePreview = Schema['FencePreview']
export type FenceEvent = Schema['FenceEvent']
export type Inside = Schema['Inside']
export type FenceKind = FenceSpec['kind']
export type FenceState = Fence['state']

export type Scenario = Schema['Scenario']
export type Drill = Schema['Drill']
export type DrillScore = Schema['DrillScore']

const put = <T>(path: string, body: unknown) => post<T>(path, body, 'PUT') as Promise<T>
const made = <T>(path: string, body: unknown) => post<T>(path, body) as Promise<T>
const gone = (path: string) => send(path, { method: 'DELETE' })
/** A fence's key may have strokes in it, which its door takes as they are. */
const way = (key: string) => key.split('/').map(part).join('/')

export const studio = {
  rules: () => get<Rule[]>('/rules'),
  checkRule: (spec: RuleSpec) => made<RuleCheck>('/rules/check', spec),
  dryRun: (ask: { spec?: RuleSpec; key?: string; days: number; subject?: string }) =>
    made<DryRun>('/rules/dry-run', ask),
  putRule: (spec: RuleSpec) => put<Rule>(`/rules/${part(spec.key)}`, spec),
  switchRule: (key: string, enabled: boolean) => made<Rule>(`/rules/${part(key)}/switch`, { enabled }),
  deleteRule: (key: string) => gone(`/rules/${part(key)}`),

  rosters: (at: string | null) => get<Roster>(`/rosters${query({ at })}`),
  roster: (code: string) => get<RosterOf>(`/rosters/${part(code)}`),
  putRoster: (code: string, duties: Duty[]) => put<RosterOf>(`/rosters/${part(code)}`, duties),
  handOver: (code: string, from_team: string, to_team: string, note: string) =>
    made<RosterOf>(`/rosters/${part(code)}/hand-over`, { from_team, to_team, note }),

  fences: () => get<Fence[]>('/fences'),
  fence: (key: string) => get<Fence>(`/fences/${way(key)}`),
  makeFence: (spec: FenceSpec) => made<Fence>('/fences', spec),
  changeFence: (key: string, spec: FenceSpec) => put<Fence>(`/fences/${way(key)}`, spec),
  deleteFence: (key: string) => gone(`/fences/${way(key)}`),
  previewFence: (spec: FenceSpec) => made<FencePreview>('/fences/preview', spec),
  fenceEvents: (fence: string | null, limit = 60) => get<FenceEvent[]>(`/fences/events${query({ fence, limit })}`),
  inside: (key: string) => get<Inside[]>(`/fences/${way(key)}/inside`),

  scenarios: () => get<Scenario[]>('/drills/scenarios'),
  drills: () => get<Drill[]>('/drills'),
  startDrill: (scenario: string, speed: number, note: string) => made<Drill>('/drills', { scenario, speed, note }),
  stopDrill: (key: string) => made<Drill>(`/drills/${part(key)}/stop`, undefined),
}
