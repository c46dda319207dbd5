/** A rule's inputs: each a card with the fields that its kind knows, and no others. */
import type { InputKind, RuleInput, RuleSpec } from '../../api/studio'
import { code, t, title } from '../../i18n'
import { stores } from '../../state/features'
import { feeds } from '../../state/feeds'
import { surfaces } from '../../state/heat'
import { edit } from '../../state/rules'
import { Chips, IconButton } from '../Parts'
import { Problems } from './Problems'
import { Check, Field, Figure, Pick } from './Shell'

export const INPUT_KINDS: readonly InputKind[] = [
  'reading',
  'hazard_level',
  'incidents',
  'heat',
  'feed',
  'movers',
  'fence_events',
  'bulletin',
]

type Part =
  | 'property'
  | 'aggregate'
  | 'window'
  | 'combine'
  | 'own'
  | 'within_m'
  | 'upslope'
  | 'categories'
  | 'surface'
  | 'feed'
  | 'mover_kinds'
  | 'event_kinds'

/** Which fields a kind has; a field of another kind would be one that nobody reads. */
export const PARTS: Record<InputKind, readonly Part[]> = {
  reading: ['property', 'aggregate', 'window', 'combine', 'within_m', 'own', 'upslope'],
  hazard_level: ['combine', 'within_m'],
  incidents: ['categories', 'window', 'within_m'],
  heat: ['surface', 'combine', 'within_m'],
  feed: ['feed', 'aggregate'],
  movers: ['mover_kinds', 'window', 'within_m'],
  fence_events: ['event_kinds', 'window'],
  bulletin: ['categories', 'window'],
}

const AGGREGATES = ['last', 'min', 'max', 'mean', 'sum', 'count', 'delta', 'rate_per_h', 'rate_per_d', 'age_s'] as const
const COMBINES = ['max', 'min', 'mean', 'sum'] as const
const MOVERS = ['drone', 'vehicle', 'team_device'] as const
export const FENCE_EVENTS = [
  'approach',
  'enter',
  'exit',
  'dwell',
  'cross',
  'appeared_inside',
  'absent_when_due',
  'fence_created',
  'fence_expired',
] as const

export const BLANK: RuleInput = {
  name: '',
  kind: 'reading',
  title: { zh: '', en: '' },
  unit: '',
  aggregate: 'last',
  window: '',
  combine: 'max',
  own: false,
  upslope: false,
  categories: [],
  mover_kinds: [],
  event_kinds: [],
}

/** Another kind: what the old one's own fields said is taken back, so that nothing unseen is sent. */
export function withKind(input: RuleInput, kind: InputKind): RuleInput {
  const { name, title: text, unit } = input
  const aggregate = kind === 'feed' ? 'age_s' : kind === 'reading' ? 'last' : 'count'
  return { ...BLANK, name, title: text, unit, kind, aggregate }
}

/** Properties that the city's sensors are known to measure. */
function properties(): string[] {
  const found = new Set<string>()
  for (const { properties: p } of stores.sensor.all()) {
    if (typeof p.last_property === 'string') found.add(p.last_property)
  }
  for (const name of [
    'rain_intensity',
    'crack_rate',
    'crack_width',
    'displacement_rate',
    'water_depth',
    'water_level',
  ]) {
    found.add(name)
  }
  return [...found].sort()
}

function categoryOptions(input: RuleInput): (readonly [string, string])[] {
  const known = surfaces().find(({ name }) => name === 'incidents')?.categories ?? []
  const options = known.map((item) =>
    typeof item === 'string' ? ([item, item] as const) : ([item.name, title(item.title)] as const),
  )
  for (const category of input.categories) {
    if (!options.some(([name]) => name === category)) options.push([category, category])
  }
  return options
}

function PartField({ part, input, set }: { part: Part; input: RuleInput; set: (change: Partial<RuleInput>) => void }) {
  switch (part) {
    case 'property':
      return (
        <Field label={t('rule.property')}>
          <input
            list="rule-properties"
            value={input.property ?? ''}
            onInput={(event) => set({ property: event.currentTarget.value || null })}
          />
        </Field>
      )
    case 'aggregate':
      return (
        <Pick
          label={t('rule.aggregate')}
          value={input.aggregate}
          options={AGGREGATES.map((name) => [name, t(`rule.agg.${name}`)] as const)}
          onPick={(aggregate) => set({ aggregate })}
        />
      )
    case 'window':
      return (
        <Field label={t('rule.window')}>
          <input
            value={input.window}
            placeholder="3h"
            onInput={(event) => set({ window: event.currentTarget.value.trim() })}
          />
        </Field>
      )
    case 'combine':
      return (
        <Pick
          label={t('rule.combine')}
          value={input.combine}
          options={COMBINES.map((name) => [name, t(`rule.agg.${name}`)] as const)}
          onPick={(combine) => set({ combine })}
        />
      )
    case 'within_m':
      return (
        <Figure
          label={t('rule.within')}
          unit="m"
          min={1}
          max={100_000}
          value={input.within_m}
          onInput={(within_m) => set({ within_m })}
        />
      )
    case 'own':
      return <Check label={t('rule.own')} value={input.own} onPick={(own) => set({ own })} />
    case 'upslope':
      return <Check label={t('rule.upslope')} value={input.upslope} onPick={(upslope) => set({ upslope })} />
    case 'categories':
      return input.kind === 'bulletin' ? (
        <Field label={t('rule.events')}>
          <input
            value={input.categories.join(', ')}
            onInput={(event) =>
              set({
                categories: event.currentTarget.value
                  .split(/[,，]\s*/)
                  .map((word) => word.trim())
                  .filter(Boolean),
              })
            }
          />
        </Field>
      ) : (
        <Chips
          label={t('rule.categories')}
          value={input.categories}
          options={categoryOptions(input)}
          onPick={(categories) => set({ categories })}
        />
      )
    case 'surface':
      return (
        <Pick
          label={t('rule.surface')}
          value={input.surface ?? ''}
          options={[['', '—'] as const, ...surfaces().map((item) => [item.name, title(item.title)] as const)]}
          onPick={(surface) => set({ surface: surface || null })}
        />
      )
    case 'feed':
      return (
        <Pick
          label={t('rule.feed')}
          value={input.feed ?? ''}
          options={[
            ['', '—'] as const,
            ...(feeds.value ?? []).map((item) => [item.name, title(item.title) || item.name] as const),
          ]}
          onPick={(feed) => set({ feed: feed || null })}
        />
      )
    case 'mover_kinds':
      return (
        <Chips
          label={t('rule.movers')}
          value={input.mover_kinds}
          options={MOVERS.map((name) => [name as string, code('kind', name)] as const)}
          onPick={(mover_kinds) => set({ mover_kinds })}
        />
      )
    case 'event_kinds':
      return (
        <Chips
          label={t('rule.fenceevents')}
          value={input.event_kinds}
          options={FENCE_EVENTS.map((name) => [name as string, t(`fence.event.${name}`)] as const)}
          onPick={(event_kinds) => set({ event_kinds })}
        />
      )
  }
}

export function RuleInputs({ spec, locked }: { spec: RuleSpec; locked: boolean }) {
  const put = (i: number, change: Partial<RuleInput>) =>
    edit({ inputs: spec.inputs.map((input, k) => (k === i ? { ...input, ...change } : input)) })
  return (
    <fieldset class="studio-group" disabled={locked}>
      <legend>{t('rule.inputs')}</legend>
      <p class="hint">{t('rule.inputs.lead')}</p>
      <datalist id="rule-properties">
        {properties().map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Problems at="inputs" />
      {spec.inputs.map((input, i) => (
        <div class="input-card" key={i} data-testid={`input-${i}`}>
          <div class="field-grid">
            <Field label={t('rule.name')}>
              <input
                class="mono"
                value={input.name}
                placeholder="rain_3h"
                spellcheck={false}
                onInput={(event) => put(i, { name: event.currentTarget.value.trim() })}
                data-testid={`input-${i}-name`}
              />
            </Field>
            <Pick
              label={t('rule.kind')}
              value={input.kind}
              options={INPUT_KINDS.map((name) => [name, t(`rule.input.${name}`)] as const)}
              onPick={(kind) => put(i, withKind(input, kind))}
              testid={`input-${i}-kind`}
            />
            <Field label={t('rule.title.zh')}>
              <input
                value={input.title.zh}
                onInput={(event) => put(i, { title: { ...input.title, zh: event.currentTarget.value } })}
              />
            </Field>
            <Field label={t('rule.title.en')}>
              <input
                value={input.title.en}
                onInput={(event) => put(i, { title: { ...input.title, en: event.currentTarget.value } })}
              />
            </Field>
            <Field label={t('rule.unit')}>
              <input value={input.unit} onInput={(event) => put(i, { unit: event.currentTarget.value })} />
            </Field>
            {PARTS[input.kind].map((part) => (
              <PartField key={part} part={part} input={input} set={(change) => put(i, change)} />
            ))}
          </div>
          <Problems at={`inputs[${i}]`} />
          {[...PARTS[input.kind], 'name', 'kind', 'unit', 'title'].map((part) => (
            <Problems key={part} at={`inputs[${i}].${part}`} />
          ))}
          {!locked && (
            <div class="input-drop">
              <IconButton
                icon="close"
                label={t('rule.input.drop')}
                onClick={() => edit({ inputs: spec.inputs.filter((_input, k) => k !== i) })}
              />
            </div>
          )}
        </div>
      ))}
      {!locked && spec.inputs.length < 20 && (
        <button
          type="button"
          class="button small"
          onClick={() => edit({ inputs: [...spec.inputs, BLANK] })}
          data-testid="input-add"
        >
          {t('rule.input.add')}
        </button>
      )}
    </fieldset>
  )
}
