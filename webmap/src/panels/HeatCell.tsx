/** One heat cell: its value, why it has it, how sure that is, what changed, how it came, and whether it stands out. */
import { useState } from 'preact/hooks'
import { api, type HeatQuery } from '../api/client'
import type { HeatCell, HeatPart, HeatYesterday, HotCell } from '../api/types'
import { agoText, secondsSince, staleText } from '../domain/age'
import { count, distance, figure, operatorSign } from '../domain/format'
import { asLevel, levelName } from '../domain/levels'
import { counterpart, windowText } from '../domain/window'
import { code, lang, t, title } from '../i18n'
import { coded, layerTitle } from '../state/catalogue'
import { spoken } from '../state/classes'
import { now } from '../state/clock'
import { compareAsk, counted, currentSurface, heatAsk, heatVersion, kindOf, surfaces } from '../state/heat'
import { problemText } from '../state/toast'
import { compare, heat, select } from '../state/view'
import { Published } from './HeatLegend'
import { HotSign } from './HotList'
import { Icon } from './Icon'
import { Choice, Empty, Loading, Section, Time, useLoad } from './Parts'
import { Plot, seconds } from './Plot'

type Told = Record<string, unknown>

/** What an engine says of a part, in words: `4.2 mm/d ≥ 3 · 黄色 III 级 · 640 m · 71 人`. */
function detailText(layer: string, detail: HeatPart['detail']): string {
  if (!detail) return ''
  if (typeof detail === 'string') return detail
  const told: Told = detail
  const words: string[] = []
  const own = told.text ?? told.title
  if (typeof own === 'object' && own) words.push(title(own as { zh: string; en: string }))
  if (typeof told.value === 'number') {
    const value = figure(told.value, String(told.unit ?? ''))
    const enter = typeof told.enter === 'number' ? told.enter : null
    // Only what is past its limit is said to be.
    if (enter === null) words.push(value)
    else if (!(typeof told.ratio === 'number' && told.ratio < 1)) {
      words.push(`${value} ${operatorSign(told.op) || '≥'} ${figure(enter)}`)
    } else words.push(value, t('why.threshold', { value: figure(enter) }))
  }
  if (typeof told.rain_mm === 'number') {
    words.push(t('cell.rain', { days: figure(told.days), mm: figure(told.rain_mm) }))
  }
  const level = asLevel(told.level)
  if (level) words.push(levelName(level, lang.value))
  if (typeof told.distance_m === 'number') words.push(distance(told.distance_m))
  if (typeof told.residents === 'number') words.push(t('heat.residents', { n: count(Math.round(told.residents)) }))
  for (const name of ['status', 'source']) {
    const value = told[name]
    if (typeof value !== 'string') continue
    words.push(coded(layer, name, value))
  }
  return words.filter((item) => item && item !== '—').join(' · ')
}

/** What a part is called: its source's own name, or an engine's words in the language of the screen. */
function nameOf(part: HeatPart): string {
  const english = lang.value === 'en' && typeof part.detail === 'object' ? (part.detail as Told | null)?.en : null
  if (typeof english === 'string' && english) return english
  return (part.name && caseName(part, part.name)) || part.source_key || t('heat.hidden')
}

/** An incident's part is called by its class; of a counted one the kind tells the list, of a risk's the code. */
function caseName(part: HeatPart, name: string): string {
  if (part.source_layer !== 'incident') return name
  const told = typeof part.detail === 'object' ? (part.detail as Told | null)?.code : null
  return spoken(String(told ?? part.kind).startsWith('part') ? 'part' : 'matter', name)
}

/** The title of a part's kind: a category of the surface, or a kind of the layer itself; an engine's own mark is not shown. */
function kindText(kind: string | null): string {
  if (!kind) return ''
  const category = currentSurface()?.categories.find((item) => typeof item !== 'string' && item.name === kind)
  if (category && typeof category !== 'string') return title(category.title)
  const said = code('kind', kind)
  return said === kind ? '' : said
}

const three = (n: number) => figure(Number(n.toPrecision(3)))

/** `+12`, `−3.5`: a change always has its sign. */
export function signed(n: number): string {
  return n === 0 ? '±0' : `${n > 0 ? '+' : '−'}${three(Math.abs(n))}`
}

/** Who and what a factor was taken from: `在此 5 人`, `2 栋`, `最近队伍 692 m`. */
function factorText(detail: NonNullable<HeatCell['factors']>[number]['detail']): string {
  if (!detail) return ''
  if (typeof detail === 'string') return detail
  const told = detail as Told
  if (typeof told.zh === 'string') return title(told as { zh: string; en: string })
  const words: string[] = []
  if (typeof told.people === 'number') words.push(t('cell.people', { n: count(told.people) }))
  if (typeof told.buildings === 'number') words.push(t('cell.buildings', { n: count(told.buildings) }))
  if (typeof told.team_m === 'number') words.push(t('cell.team', { d: distance(told.team_m) }))
  if (typeof told.cameras === 'number') words.push(t('cell.cameras', { n: count(told.cameras) }))
  return words.join(' · ')
}

/** The product that gives the score: of a combined surface, that of the hazard that leads here. */
function Factors({ found }: { found: HeatCell }) {
  const factors = found.factors ?? []
  const told = (factors[0]?.detail ?? {}) as Told
  const lead = surfaces().find(({ name }) => name === told.surface)
  const hazards = found.parts.flatMap(({ detail }) => {
    const own = (detail ?? {}) as Told
    return typeof own.hazard === 'number' && (!lead || own.surface === lead.name) ? [own.hazard] : []
  })
  const hazard =
    factors.some(({ name }) => name === 'hazard') || !hazards.length ? null : hazards.reduce((a, b) => a + b)
  const product = factors.reduce((all, { value }) => all * value, hazard ?? 1)
  return (
    <Section title={t('cell.factors')}>
      <dl class="factors" data-testid="heat-factors">
        {hazard !== null && (
          <div>
            <dt>{t('cell.hazard')}</dt>
            <dd>{three(hazard)}</dd>
          </div>
        )}
        {factors.map(({ name, value, title: text, detail }, i) => (
          <div key={name} class={i > 0 || hazard !== null ? 'is-times' : ''}>
            <dt>
              {title(text)} <small>{factorText(detail)}</small>
            </dt>
            <dd>{three(value)}</dd>
          </div>
        ))}
        <div class="is-product">
          <dt>{title(lead?.title) || t('cell.value')}</dt>
          <dd>{three(product)}</dd>
        </div>
      </dl>
    </Section>
  )
}

/** Counted cases by category: each is one, and their kinds say more than fifty equal bars. */
function Kinds({ parts, total }: { parts: HeatPart[]; total: number }) {
  const sums = new Map<string, number>()
  for (const { kind, value } of parts) sums.set(kind ?? '', (sums.get(kind ?? '') ?? 0) + value)
  const rows = [...sums].sort((a, b) => b[1] - a[1])
  const most = rows[0]?.[1] ?? 0
  return (
    <ul class="contributions" data-testid="heat-kinds">
      {rows.map(([kind, value]) => (
        <li key={kind} class="contribution">
          <span class="contribution-name">{kindText(kind) || kind || '—'}</span>
          <span class="contribution-value">
            {three(value)}
            <small> {t('heat.share', { n: total > 0 ? Math.round((value / total) * 100) : 0 })}</small>
          </span>
          <i style={{ '--share': most > 0 ? value / most : 0 }} />
        </li>
      ))}
    </ul>
  )
}

function Contributions({ found }: { found: HeatCell }) {
  const parts = [...found.parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
  const most = Math.abs(parts[0]?.value ?? 0)
  const total = parts.reduce((sum, part) => sum + Math.abs(part.value), 0)
  const [all, setAll] = useState(false)
  const kinds = new Set(parts.map(({ kind }) => kind)).size
  const even = counted.value && parts.length > 3 && kinds < parts.length
  const few = even ? 4 : 8
  const shown = all ? parts.slice(0, 60) : parts.slice(0, few)
  if (!parts.length) return <Empty title={t('heat.parts.none')} />
  return (
    <>
      {even && <Kinds parts={parts} total={total} />}
      <ul class={even ? 'contributions is-plain' : 'contributions'}>
        {shown.map((part) => {
          const age = secondsSince(part.at, now.value)
          const line = [
            detailText(part.source_layer, part.detail),
            kindText(part.kind) || layerTitle(part.source_layer),
          ].filter((item) => item && item !== '—')
          return (
            <li key={`${part.source_layer}/${part.source_key}/${part.kind}/${JSON.stringify(part.detail)}`}>
              <button
                type="button"
                class="contribution"
                disabled={!part.source_key}
                onClick={() => part.source_key && select(part.source_layer, part.source_key)}
                data-testid="heat-part"
              >
                <span class="contribution-name">{nameOf(part)}</span>
                <span class="contribution-value">
                  {three(part.value)}
                  <small>
                    {' '}
                    {t('heat.share', { n: total > 0 ? Math.round((Math.abs(part.value) / total) * 100) : 0 })}
                  </small>
                </span>
                <i
                  class={part.value < 0 ? 'is-less' : ''}
                  style={{ '--share': most > 0 ? Math.abs(part.value) / most : 0 }}
                />
                <span class="contribution-line">{line.join(' · ')}</span>
                <span class="contribution-age">{age === null ? '' : agoText(age, lang.value)}</span>
              </button>
            </li>
          )
        })}
      </ul>
      {parts.length > few && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? t('cell.less') : t('now.more', { n: parts.length - few })}
        </button>
      )}
      <p class="sum">
        <span>{t('cell.sum')}</span>
        <b>{figure(Number(found.value.toPrecision(4)), title(found.unit))}</b>
      </p>
    </>
  )
}

function Confidence({ found }: { found: HeatCell }) {
  if (found.confidence === null || found.confidence === undefined) return null
  const share = Math.round(found.confidence * 100)
  return (
    <div class="confidence" data-testid="heat-confidence">
      <span>{t('cell.confidence')}</span>
      <meter min="0" max="100" value={share} aria-label={t('cell.confidence')} />
      <b>{share}%</b>
      {title(found.confidence_why) && <p>{title(found.confidence_why)}</p>}
    </div>
  )
}

function Yesterday({ yesterday }: { yesterday: HeatYesterday }) {
  const { value, delta, changed } = yesterday
  return (
    <Section title={t('cell.yesterday')} aside={t('cell.yesterday.was', { n: three(value) })}>
      <p class="delta" data-testid="heat-yesterday">
        <Icon name={delta > 0 ? 'up' : delta < 0 ? 'down' : 'minus'} size={1.1} /> <b>{signed(delta)}</b>
        {!changed.length && <span> {t('cell.yesterday.same')}</span>}
      </p>
      <ul class="changes">
        {changed.slice(0, 6).map((item) => (
          <li key={`${item.source_layer}/${item.source_key}/${item.name}`}>
            <span>{item.name || item.source_key || t('heat.hidden')}</span>
            <span>
              {three(item.before)} → <b>{three(item.after)}</b>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Sources({ sources }: { sources: NonNullable<HeatCell['sources']> }) {
  return (
    <Section title={t('cell.sources')}>
      <ul class="changes" data-testid="heat-sources">
        {sources.map(({ layer, name, newest_at, age_s, stale }) => (
          <li key={`${layer}/${title(name)}`}>
            <span>{title(name) || layerTitle(layer)}</span>
            <span class={stale ? 'age age-stale' : 'age'}>
              {newest_at ? <Time at={newest_at} seconds={false} /> : '—'}{' '}
              {age_s !== null && (stale ? staleText(age_s, lang.value) : agoText(age_s, lang.value))}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

/** Thirty days by day, or three by hour; a risk is kept for about a day. */
function History({ surface, cell, ask, version }: { surface: string; cell: string; ask: HeatQuery; version: number }) {
  const [step, setStep] = useState<'day' | 'hour'>('day')
  const brief = !counted.value
  const by = brief ? 'hour' : step
  const asked = JSON.stringify({ ...ask, window: undefined })
  const loaded = useLoad(
    () => api.heatHistory(surface, cell, JSON.parse(asked), brief ? 1 : by === 'day' ? 30 : 3, by),
    [surface, cell, asked, by, version],
  )
  if (loaded.state === 'failed') return null
  const points = loaded.value?.points ?? []
  return (
    <Section title={t('cell.history')}>
      {!brief && (
        <Choice
          label={t('cell.history')}
          value={step}
          options={[
            ['day', t('cell.history.day')],
            ['hour', t('cell.history.hour')],
          ]}
          onPick={setStep}
          testid="history-step"
        />
      )}
      {points.length === 0 ? (
        loaded.state === 'loading' ? (
          <Loading />
        ) : (
          <p class="calm">{t('cell.history.none')}</p>
        )
      ) : (
        <Plot
          x={points.map(([at]) => seconds(at))}
          time
          label={t('cell.history')}
          testid="heat-history"
          series={[
            {
              label: title(loaded.value?.unit) || t('cell.value'),
              values: points.map(([, value]) => value),
              colour: counted.value ? 'bar' : 'accent',
              kind: counted.value ? 'bars' : 'line',
            },
          ]}
        />
      )}
    </Section>
  )
}

function pText(p: number): string {
  return p < 0.0001 ? '<0.0001' : three(p)
}

function HotSection({ found }: { found: HotCell }) {
  const emerging = found.emerging
  const facts: [string, string][] = [
    ['z', three(found.z)],
    ['p', pText(found.p)],
    [t('hot.q'), pText(found.q)],
    [t('hot.sum'), `${three(found.local_sum)} / ${t('hot.around', { n: found.neighbours })}`],
    [t('hot.mean'), three(found.mean)],
  ]
  return (
    <Section title={t('cell.hot')}>
      <p class="with-mark" data-testid="hot-cell">
        <HotSign name={found.class} /> {title(found.title)}
        {emerging && <span class="muted"> · {title(emerging.title)}</span>}
      </p>
      <dl class="small-facts">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {emerging && emerging.z_series.length > 1 && (
        <>
          <Plot
            x={emerging.z_series.map(([at]) => seconds(at))}
            time
            height={96}
            label={t('hot.series')}
            testid="hot-series"
            rules={[{ y: 1.96, text: '1.96' }]}
            series={[{ label: t('hot.series'), values: emerging.z_series.map(([, z]) => z), colour: 'accent' }]}
          />
          <p class="hint">{t('hot.mk', { tau: three(emerging.mk_tau), p: pText(emerging.mk_p) })}</p>
        </>
      )}
    </Section>
  )
}

/** The same cell in the second window, and how far apart they are. */
function Beside({ surface, cell, value, ask }: { surface: string; cell: string; value: number; ask: HeatQuery }) {
  const asked = JSON.stringify(ask)
  const loaded = useLoad(() => api.heatCell(surface, cell, JSON.parse(asked)), [surface, cell, asked])
  if (loaded.state === 'failed' || !loaded.value) return null
  const other = loaded.value.value
  const share = other ? Math.round(((value - other) / other) * 100) : null
  return (
    <p class="beside" data-testid="heat-beside">
      <span>{windowText(ask.window ?? '', lang.value)}</span>
      <b>{three(other)}</b>
      <span>
        {signed(value - other)}
        {share !== null && ` (${share > 0 ? '+' : ''}${share}%)`}
      </span>
    </p>
  )
}

export function HeatCellDetail({ cell }: { cell: string }) {
  const { surface } = heat.value
  const ask = heatAsk.value
  const asked = JSON.stringify(ask)
  const version = heatVersion(surface).value
  const spec = currentSurface()
  const loaded = useLoad(
    () => (surface ? api.heatCell(surface, cell, ask) : Promise.reject(new Error(t('heat.off')))),
    [surface, cell, asked, version],
  )
  const hot = useLoad(
    () => (surface && counted.value ? api.hotCell(surface, cell, ask).catch(() => null) : Promise.resolve(null)),
    [surface, cell, asked, version, counted.value],
  )
  if (loaded.state === 'failed') return <p class="calm">{problemText(loaded.error)}</p>
  const found = loaded.value
  if (!surface || !spec || !found) return <Loading />
  const beside = compareAsk.value
  const spot = hot.state === 'failed' ? null : hot.value
  return (
    <article data-testid="heat-cell">
      <header class="detail-head">
        <Icon name="heat" size={1.8} />
        <div>
          <h2>{title(spec.title)}</h2>
          <p class="big-figure" data-testid="heat-value">
            {figure(Number(found.value.toPrecision(4)), title(found.unit))}
          </p>
          <p class="detail-sub">
            {ask.window && kindOf(spec) === 'density' ? `${windowText(ask.window, lang.value)} · ` : ''}
            {t('heat.res', { res: found.res })} · <span class="mono">{found.cell}</span>
          </p>
        </div>
      </header>
      {found.published && <Published />}
      {beside && <Beside surface={surface} cell={cell} value={found.value} ask={beside} />}
      <Confidence found={found} />
      {(found.factors?.length ?? 0) > 0 && <Factors found={found} />}
      <Section title={t('heat.parts')} aside={found.parts.length || undefined}>
        <Contributions found={found} />
      </Section>
      {found.yesterday && <Yesterday yesterday={found.yesterday} />}
      {spot && <HotSection found={spot} />}
      <History surface={surface} cell={cell} ask={ask} version={version} />
      {(found.sources?.length ?? 0) > 0 && <Sources sources={found.sources ?? []} />}
      {counted.value && !beside && (
        <button
          type="button"
          class="button"
          onClick={() => (compare.value = { window: counterpart(heat.value.window), at: 0.5 })}
          data-testid="cell-compare"
        >
          {t('cell.compare')}
        </button>
      )}
    </article>
  )
}
