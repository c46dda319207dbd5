/** What one heat cell is made of: its parts, the largest first. */
import { api } from '../api/client'
import type { HeatPart } from '../api/types'
import { agoText, secondsSince } from '../domain/age'
import { count, distance, figure, operatorSign } from '../domain/format'
import { asLevel, levelName } from '../domain/levels'
import { code, lang, t, title } from '../i18n'
import { coded, layerTitle } from '../state/catalogue'
import { now } from '../state/clock'
import { problemText } from '../state/toast'
import { heat, select } from '../state/view'
import { currentSurface } from './HeatPanel'
import { Icon } from './Icon'
import { Empty, Loading, Row, Section, useLoad } from './Parts'

type Told = Record<string, unknown>

/** What an engine says of a part, in words: `4.2 mm/d ≥ 3 · 黄色 III 级 · 640 m · 71 人`. */
function detailText(layer: string, detail: HeatPart['detail']): string {
  if (!detail) return ''
  if (typeof detail === 'string') return detail
  const told: Told = detail
  const words: string[] = []
  if (typeof told.value === 'number' && typeof told.enter === 'number') {
    words.push(`${figure(told.value, String(told.unit ?? ''))} ${operatorSign(told.op)} ${figure(told.enter)}`)
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
  return words.join(' · ')
}

/** The title of a part's kind: a category of the surface, or a kind of the layer itself; an engine's own mark is not shown. */
function kindText(kind: string | null): string {
  if (!kind) return ''
  const category = currentSurface()?.categories.find((item) => typeof item !== 'string' && item.name === kind)
  if (category && typeof category !== 'string') return title(category.title)
  const said = code('kind', kind)
  return said === kind ? '' : said
}

export function HeatCellDetail({ cell }: { cell: string }) {
  const { surface, category, window } = heat.value
  const loaded = useLoad(
    () => (surface ? api.heatCell(surface, cell, { category, window }) : Promise.reject(new Error(t('heat.off')))),
    [surface, cell, category, window],
  )
  if (loaded.state === 'failed') return <p class="calm">{problemText(loaded.error)}</p>
  const found = loaded.value
  if (!found || found.cell !== cell) return <Loading />
  const total = found.parts.reduce((sum, part) => sum + Math.abs(part.value), 0)
  const parts = [...found.parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
  return (
    <article data-testid="heat-cell">
      <header class="detail-head">
        <Icon name="heat" size={1.8} />
        <div>
          <h2>{title(currentSurface()?.title) || t('heat.cell')}</h2>
          <p class="big-figure">{figure(found.value, title(found.unit))}</p>
          <p class="detail-sub">
            {t('heat.res', { res: found.res })} · <span class="mono">{found.cell}</span>
          </p>
        </div>
      </header>
      <Section title={t('heat.parts')} aside={parts.length || undefined}>
        {parts.length === 0 ? (
          <Empty title={t('heat.parts.none')} />
        ) : (
          <ul class="rows">
            {parts.slice(0, 60).map((part) => {
              const share = total > 0 ? Math.abs(part.value) / total : 0
              const age = secondsSince(part.at, now.value)
              return (
                <Row
                  key={`${part.source_layer}/${part.source_key}/${part.kind}/${part.detail}`}
                  mark={
                    <span
                      class="share"
                      style={{ '--share': share }}
                      role="img"
                      aria-label={t('heat.share', { n: Math.round(share * 100) })}
                    />
                  }
                  title={part.name || part.source_key || t('heat.hidden')}
                  aside={figure(part.value)}
                  line={[
                    layerTitle(part.source_layer),
                    kindText(part.kind),
                    detailText(part.source_layer, part.detail),
                    age === null ? '' : agoText(age, lang.value),
                  ]
                    .filter((item) => item && item !== '—')
                    .join(' · ')}
                  onClick={() => part.source_key && select(part.source_layer, part.source_key)}
                  testid="heat-part"
                />
              )
            })}
          </ul>
        )}
      </Section>
    </article>
  )
}
