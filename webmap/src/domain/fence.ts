/** What a fence of each kind is for, as settings to begin with; and whether its ground is said. */
import type { FenceKind, FenceSource, FenceSpec } from '../api/studio'

type Preset = Omit<FenceSpec, 'name' | 'source' | 'note' | 'team_key' | 'valid_from' | 'valid_until' | 'kind'>

const CALM: Preset = {
  level: null,
  events: ['enter', 'exit'],
  warn_on: [],
  on_create: 'event',
  enter_p: 0.8,
  exit_p: 0.2,
  approach_m: 0,
  dwell_s: 0,
  max_speed_mps: 70,
  floor_m: null,
  ceiling_m: null,
  hours: '0-24',
  weekdays: [],
  mover_kinds: [],
  due: null,
}

export const PRESETS: Record<FenceKind, Preset> = {
  // Who is on duty has to be there: to go is written down, to be missing too, once it is said who is due.
  duty: { ...CALM, events: ['enter', 'exit'], on_create: 'nothing', mover_kinds: ['team_device'] },
  // Ground to keep out of: whoever comes in is told of, surely rather than early.
  alert: {
    ...CALM,
    level: 3,
    events: ['approach', 'enter', 'exit', 'appeared_inside'],
    warn_on: ['enter', 'appeared_inside'],
    approach_m: 100,
    on_create: 'warn',
  },
  // An aircraft is fast: it is told of while it comes, and half a chance of being inside is enough.
  nofly: {
    ...CALM,
    level: 2,
    events: ['approach', 'enter', 'exit', 'appeared_inside', 'cross'],
    warn_on: ['enter', 'appeared_inside', 'cross'],
    enter_p: 0.5,
    approach_m: 300,
    mover_kinds: ['drone'],
    on_create: 'warn',
  },
  // The alarm is to leave: the way out is sure before it is told.
  keep_in: { ...CALM, level: 3, events: ['enter', 'exit'], warn_on: ['exit'], exit_p: 0.1 },
  watch: { ...CALM, events: ['approach', 'enter', 'exit', 'dwell'], approach_m: 200, dwell_s: 600 },
}

export const EMPTY_FENCE: FenceSpec = {
  name: '',
  kind: 'alert',
  source: { type: 'polygon' },
  team_key: null,
  note: '',
  valid_from: null,
  valid_until: null,
  ...PRESETS.alert,
}

/** Another kind begins with its own settings; what it is called, where and until when stays. */
export function withFenceKind(spec: FenceSpec, kind: FenceKind): FenceSpec {
  return { ...spec, ...PRESETS[kind], kind }
}

export function groundSaid(source: FenceSource): boolean {
  switch (source.type) {
    case 'polygon':
      return Boolean(source.geometry)
    case 'grids':
      return Boolean(source.codes?.length)
    case 'cells':
      return Boolean(source.cells?.length)
    case 'hazard_zone':
      return Boolean(source.key)
    case 'buffer':
      return Boolean(source.layer && source.key && source.radius_m)
    case 'mover':
      return Boolean(source.key && source.radius_m)
  }
}

/** Only what that type of ground reads; the rest would be refused, or worse, believed. */
export function tidySource({ type, geometry, codes, cells, layer, key, radius_m }: FenceSource): FenceSource {
  switch (type) {
    case 'polygon':
      return { type, ...(geometry ? { geometry } : {}) }
    case 'grids':
      return { type, codes: codes ?? [] }
    case 'cells':
      return { type, cells: cells ?? [] }
    case 'hazard_zone':
      return { type, key: key ?? null }
    case 'buffer':
      return { type, layer: layer ?? null, key: key ?? null, radius_m: radius_m ?? null }
    case 'mover':
      return { type, key: key ?? null, radius_m: radius_m ?? null }
  }
}

/** Events that raise are events that are written: the one does not go without the other. */
export function tidyFence(spec: FenceSpec): FenceSpec {
  const warn_on = spec.level ? spec.warn_on.filter((kind) => spec.events.includes(kind)) : []
  const { name, kind, events, on_create, enter_p, exit_p, approach_m, dwell_s, max_speed_mps } = spec
  const { team_key, level, floor_m, ceiling_m, hours, weekdays, valid_from, valid_until, mover_kinds, due, note } = spec
  return {
    name,
    kind,
    source: tidySource(spec.source),
    team_key: team_key ?? null,
    level: level ?? null,
    events,
    warn_on,
    on_create: on_create === 'warn' && !level ? 'event' : on_create,
    enter_p,
    exit_p,
    approach_m,
    dwell_s,
    max_speed_mps,
    floor_m: floor_m ?? null,
    ceiling_m: ceiling_m ?? null,
    hours,
    weekdays,
    valid_from: valid_from ?? null,
    valid_until: valid_until ?? null,
    mover_kinds,
    due: due ?? null,
    note,
  }
}
