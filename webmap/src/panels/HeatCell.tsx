/** One heat cell: its value, why it has it, how sure that is, what changed, how it came, and whether it stands out. */
import { useState } from 'preact/hooks'
import { api, type HeatQuery } from '../api/client'
import type { HeatCell, HeatPart, HeatYesterday, HotCell } from '../api/types'
import { agoText, secondsSince, staleText } from '../domain/age'
import { count, distance, figure, operatorSign } from '../domain/format'
import { asLevel, levelName } from '../domain/levels'
import { counterpart, windowText } from '../domain/window'
import { code, has, lang, t, title } from '../i18n'
import { coded, layerTitle } from '../state/catalogue'
import { now } from '../state/clock'
import { compareAsk, counted, currentSurface, heatAsk, heatVersion, kindOf } from '../state/heat'
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
    const over = typeof told.enter === 'number' ? ` ${operatorSign(told.op) || '≥'} ${figure(told.enter)}` : ''
    words.push(`${figure(told.value, String(told.unit ?? ''))}${over}`)
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

function Factors({ factors }: { factors: NonNullable<HeatCell['factors']> }) {
  return (
    <Section title={t('cell.factors')}>
      <ol class="factors" data-testid="heat-factors">
        {factors.map(({ name, value, title: text, detail }) => (
          <li key={name}>
            <small>{title(text)}</small>
            <b>{three(value)}</b>
            {detail && (typeof detail === 'string' || 'zh' in detail) && (
              <span>{title(detail as string | { zh: string; en: string })}</span>
            )}
          </li>
        ))}
      </ol>
    </Section>
  )
}

function Contributions({ found }: { found: HeatCell }) {
  const parts = [...found.parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
  const most = Math.abs(parts[0]?.value ?? 0)
  const total = parts.reduce((sum, part) => sum + Math.abs(part.value), 0)
  const [all, setAll] = useState(false)
  const shown = all ? parts.slice(0, 60) : parts.slice(0, 8)
  if (!parts.length) return <Empty title={t('heat.parts.none')} />
  return (
    <>
      <ul class="contributions">
        {shown.map((part) => {
          const age = secondsSince(part.at, now.value)
          const line = [
            layerTitle(part.source_layer),
            kindText(part.kind),
            detailText(part.source_layer, part.detail),
            age === null ? '' : agoText(age, lang.value),
          ].filter((item) => item && item !== '—')
          return (
            <li key={`${part.source_layer}/${part.source_key}/${part.kind}/${JSON.stringify(part.detail)}`}>
              <button
                type="button"
                disabled={!part.source_key}
                onClick={() => part.source_key && select(part.source_layer, part.source_key)}
                data-testid="heat-part"
              >
                <span class="contribution-name">{part.name || part.source_key || t('heat.hidden')}</span>
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
              </button>
            </li>
          )
        })}
      </ul>
      {parts.length > 8 && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? t('cell.less') : t('now.more', { n: parts.length - 8 })}
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

/** Thirty days by day, or three by hour. */
function History({ surface, cell, ask, version }: { surface: string; cell: string; ask: HeatQuery; version: number }) {
  const [step, setStep] = useState<'day' | 'hour'>('day')
  const asked = JSON.stringify({ ...ask, window: undefined })
  const loaded = useLoad(
    () => api.heatHistory(surface, cell, JSON.parse(asked), step === 'day' ? 30 : 3, step),
    [surface, cell, asked, step, version],
  )
  if (loaded.state === 'failed') return null
  const points = loaded.value?.points ?? []
  return (
    <Section title={t('cell.history')}>
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
  const name = (value: string) => (has(`hot.class.${value}`) ? t(`hot.class.${value}` as 'hot.class.ns') : value)
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
        <HotSign name={found.class} /> {name(found.class)}
        {emerging && <span class="muted"> · {name(emerging.class)}</span>}
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
  if (!surface || !spec || !found || found.cell !== cell) return <Loading />
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
      {(found.factors?.length ?? 0) > 0 && <Factors factors={found.factors ?? []} />}
      <Section title={t('heat.parts')} aside={found.parts.length || undefined}>
        <Contributions found={found} />
      </Section>
      {found.yesterday && <Yesterday yesterday={found.yesterday} />}
      {spot && spot.cell === cell && <HotSection found={spot} />}
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
