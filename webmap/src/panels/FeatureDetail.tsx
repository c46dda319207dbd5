/** What is known of one thing: its attributes with their titles and units, its readings, its age; and a case's next step. */
import { useEffect } from 'preact/hooks'
import { api } from '../api/client'
import type { MapFeature } from '../api/types'
import { AGE_LIMITS_S, ageState, agoText, secondsSince, staleText } from '../domain/age'
import { caseClock, clockText } from '../domain/clocks'
import { bearing, count, figure, fullTime } from '../domain/format'
import { asLevel, levelName } from '../domain/levels'
import { code, lang, t, title } from '../i18n'
import { goTo } from '../map/map'
import { familyOf, majorOf } from '../map/parts'
import { attribute, coded, layerSpec, layerTitle } from '../state/catalogue'
import { calledAs, className, classOf, partMajor, wantClasses } from '../state/classes'
import { now } from '../state/clock'
import { isLive, stores } from '../state/features'
import { mayWorkCases } from '../state/session'
import { attempt, problemText } from '../state/toast'
import { select } from '../state/view'
import { byHazard } from '../state/warnings'
import { Chart } from './Chart'
import { KindMark, LevelMark, Ring } from './Marks'
import { Loading, lazily, Section, Time, useLoad } from './Parts'

const Lineage = lazily(async () => (await import('./plan/PlanLineage')).PlanLineage)

/** Shown elsewhere in the panel, or of no use to a reader. */
const UNSAID = new Set([
  'key',
  'name',
  'name_en',
  'title',
  'sys_from',
  'changed_by',
  'h3',
  'geom',
  'id',
  'datum',
  'last_unit',
])

/** A case's own steps are drawn with their times above its attributes. */
const STEP_TIMES = new Set(['reported_at', 'dispatched_at', 'on_site_at', 'resolved_at', 'closed_at'])

const ISO = /^\d{4}-\d\d-\d\dT/

function unitOf(layer: string, name: string, properties: Record<string, unknown>): string | null {
  if (name === 'last_value') return typeof properties.last_unit === 'string' ? properties.last_unit : null
  return attribute(layer, name)?.unit ?? null
}

export function Value({
  layer,
  name,
  properties,
}: {
  layer: string
  name: string
  properties: Record<string, unknown>
}) {
  const value = properties[name] ?? properties[`${name}_note`]
  if (value === null || value === undefined || value === '') return <span class="unknown">—</span>
  const level = asLevel(value)
  if (name === 'level' && level) {
    return (
      <span class="with-mark">
        <LevelMark level={level} size={0.95} /> {levelName(level, lang.value)}
      </span>
    )
  }
  if (typeof value === 'string' && ISO.test(value)) {
    // A register of parts knows the day; the midnight that it began with says nothing.
    return layer === 'part' ? <time title={fullTime(value)}>{fullTime(value).slice(0, 10)}</time> : <Time at={value} />
  }
  if (typeof value === 'boolean') return <>{code(name, value)}</>
  if (typeof value === 'number') {
    if (name === 'heading_deg') return <>{bearing(value, lang.value)}</>
    if (name === 'severity') return <>{figure(value)}</>
    const unit = unitOf(layer, name, properties)
    return <>{Number.isInteger(value) && !unit ? count(value) : figure(value, unit)}</>
  }
  if (typeof value === 'object') return <span class="mono">{JSON.stringify(value)}</span>
  if (name === 'team_key') return <>{String(stores.team.get(String(value))?.properties.name ?? value)}</>
  if (name === (layer === 'part' ? 'class_code' : 'code') && classOf(layer, properties)) {
    // The digits, with what the catalogue calls them.
    return <>{`${value} ${className(layer, properties)}`}</>
  }
  return <>{coded(layer, name, value)}</>
}

function Attributes({ layer, properties }: { layer: string; properties: Record<string, unknown> }) {
  const spec = layerSpec(layer)
  const named = spec?.attributes.map((item) => item.name) ?? []
  const names = [...named, ...Object.keys(properties).filter((name) => !named.includes(name))]
  const shown = names.filter(
    (name) =>
      !UNSAID.has(name) &&
      !name.endsWith('_note') &&
      name in properties &&
      !(layer === 'incident' && STEP_TIMES.has(name)),
  )
  return (
    <dl class="facts" data-testid="attributes">
      {shown.map((name) => {
        const heading = attribute(layer, name)?.title
        return (
          <div key={name}>
            <dt>{heading ? title(heading) : name}</dt>
            <dd>
              <Value layer={layer} name={name} properties={properties} />
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

function Readings({ sensor }: { sensor: MapFeature }) {
  const { key, last_at } = sensor.properties
  const loaded = useLoad(() => api.sensorSeries(key, 6), [key, last_at])
  if (loaded.state === 'failed') return <p class="calm">{problemText(loaded.error)}</p>
  if (!loaded.value) return <Loading />
  const drawn = loaded.value.filter(({ points }) => points.length > 0)
  if (drawn.length === 0) return <p class="calm">{t('detail.readings.none')}</p>
  return <Chart series={drawn} />
}

const NEXT: Record<
  string,
  readonly [status: string, word: 'case.dispatch' | 'case.arrive' | 'case.resolve' | 'case.close']
> = {
  reported: ['dispatched', 'case.dispatch'],
  dispatched: ['on_site', 'case.arrive'],
  on_site: ['resolved', 'case.resolve'],
  resolved: ['closed', 'case.close'],
}

function CaseSteps({ feature }: { feature: MapFeature }) {
  const p = feature.properties
  const next = NEXT[String(p.status)]
  const clock = caseClock(p, now.value)
  const order = ['reported', 'dispatched', 'on_site', 'resolved', 'closed']
  return (
    <>
      {clock && (
        <p class={`case-clock clock-${clock.tone}`} data-testid="case-clock">
          <Ring clock={clock} size={2.2} />
          <b>{clockText(clock, lang.value)}</b>
        </p>
      )}
      <ol class="steps">
        {order.map((status) => {
          const at = p[`${status}_at`]
          return (
            <li key={status} class={at ? 'is-done' : ''}>
              <span class="step-mark" aria-hidden="true">
                {at ? '✓' : ''}
              </span>
              <span>{coded('incident', 'status', status)}</span>
              <small>{typeof at === 'string' ? <Time at={at} seconds={false} /> : '—'}</small>
            </li>
          )
        })}
      </ol>
      {next && mayWorkCases.value && (
        <div class="actions">
          <button
            type="button"
            class="button primary grow"
            onClick={() => void attempt(() => api.incidentStatus(p.key, next[0]))}
            data-testid={`case-${next[0]}`}
          >
            {t(next[1])}
          </button>
        </div>
      )}
    </>
  )
}

function Mark({ layer, properties: p }: { layer: string; properties: Record<string, unknown> }) {
  const level = asLevel(p.level)
  if (layer === 'hazard' && level) return <LevelMark level={level} size={1.8} />
  if (layer === 'incident') return <Ring clock={caseClock(p, now.value)} size={1.8} />
  if (layer === 'part') {
    const state = `part-${majorOf(p.class_code)} part-is-${p.status}`
    return <KindMark kind={`part-${familyOf(p.class_code)}`} size={1.8} state={state} />
  }
  const kind = layer === 'camera' ? 'camera' : typeof p.kind === 'string' ? p.kind : 'other'
  return <KindMark kind={kind} size={1.8} state={layer} />
}

/** `数据时间 2 分前`, said as stopped once it is stale. */
function Age({ layer, properties: p }: { layer: string; properties: Record<string, unknown> }) {
  const at = p.last_at ?? p.seen_at ?? p.sys_from
  const ageS = secondsSince(typeof at === 'string' ? at : null, now.value)
  const limits = AGE_LIMITS_S[layer]
  // Only what is measured or moves can be silent; a building without a date has simply none.
  if (ageS === null && !limits) return null
  const state = limits ? ageState(ageS, limits) : 'fresh'
  return (
    <p class={`age age-${state}`} data-testid="feature-age">
      {t('detail.age')} {state === 'stale' ? staleText(ageS, lang.value) : agoText(ageS, lang.value)}
    </p>
  )
}

function Body({ layer, feature }: { layer: string; feature: MapFeature }) {
  const p = feature.properties
  const warning = layer === 'hazard' ? byHazard.value.get(p.key) : undefined
  const about = classOf(layer, p)
  useEffect(() => {
    if (about) wantClasses(about.kind, about.code)
  }, [about?.kind, about?.code])
  const kind =
    layer === 'part'
      ? partMajor(p.class_code)
      : p.kind !== undefined && p.kind !== null
        ? coded(layer, 'kind', p.kind)
        : ''
  return (
    <article data-testid="feature-detail">
      <header class="detail-head">
        <Mark layer={layer} properties={p} />
        <div>
          <h2>{calledAs(layer, p)}</h2>
          <p>{[layerTitle(layer), kind].filter(Boolean).join(' · ')}</p>
          <Age layer={layer} properties={p} />
        </div>
      </header>
      {warning && (
        <button
          type="button"
          class={`notice level-${warning.level}`}
          onClick={() => select('warning', warning.key)}
          data-testid="open-warning"
        >
          <LevelMark level={warning.level} /> {levelName(warning.level, lang.value)} · {t('warning.why')}
        </button>
      )}
      {layer === 'incident' && <CaseSteps feature={feature} />}
      {layer === 'sensor' && (
        <Section title={t('detail.readings')}>
          <Readings sensor={feature} />
        </Section>
      )}
      <Section title={t('detail.attributes')}>
        <Attributes layer={layer} properties={p} />
      </Section>
      {layer === 'grid' && typeof p.edition === 'string' && typeof p.code === 'string' && (
        <Lineage edition={p.edition} code={p.code} />
      )}
      <button type="button" class="button" onClick={() => goTo(feature)}>
        {t('detail.goto')}
      </button>
    </article>
  )
}

export function FeatureDetail({ layer, featureKey }: { layer: string; featureKey: string }) {
  const held = isLive(layer) ? stores[layer].get(featureKey) : undefined
  const missing = held === undefined
  const loaded = useLoad(
    () => (missing ? api.item(layer, featureKey) : Promise.resolve(null)),
    [layer, featureKey, missing],
  )
  const feature = held ?? (loaded.state === 'failed' ? null : loaded.value)
  // What was loaded for the last selection must not stand under this one's name.
  if (feature && feature.properties.key === featureKey) return <Body layer={layer} feature={feature} />
  if (loaded.state === 'failed') return <p class="calm">{t('detail.gone')}</p>
  return <Loading />
}
