/** How each feed is doing, and what the checks held back. */
import { useState } from 'preact/hooks'
import { api } from '../api/client'
import type { Feed } from '../api/types'
import { agoText, staleText } from '../domain/age'
import { count } from '../domain/format'
import { code, lang, t, title } from '../i18n'
import { feedAgeS, feeds, loadFeeds } from '../state/feeds'
import { mayOperate } from '../state/session'
import { attempt, toast } from '../state/toast'
import { Dot } from './Marks'
import { Empty, Section, Time, useLoad } from './Parts'

function FeedCard({ feed }: { feed: Feed }) {
  const age = feedAgeS(feed)
  const figures = [
    [t('feeds.received'), feed.received],
    [t('feeds.stored'), feed.stored],
    [t('feeds.duplicates'), feed.duplicates],
    [t('feeds.quarantined'), feed.quarantined],
  ] as const
  return (
    <li class={`card feed-${feed.state}`} data-testid={`feed-${feed.name}`}>
      <p class="card-head">
        <Dot state={feed.state} />
        <strong>{title(feed.title) || feed.name}</strong>
        <span class="card-aside">
          {feed.state === 'stale'
            ? staleText(age, lang.value)
            : `${code('state', feed.state)} · ${agoText(age, lang.value)}`}
        </span>
      </p>
      <dl class="figures">
        {/* Counters are null for who may not know exact counts. */}
        {figures.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd class={name === t('feeds.quarantined') && value > 0 ? 'is-noted' : ''}>{count(value)}</dd>
            </div>
          ),
        )}
      </dl>
      {feed.error && <p class="card-error">{feed.error}</p>}
    </li>
  )
}

function Quarantine() {
  const [turn, setTurn] = useState(0)
  const loaded = useLoad(() => api.quarantine(50), [turn])
  const rows = loaded.state === 'failed' ? [] : (loaded.value ?? [])
  if (rows.length === 0) return <p class="calm">{t('feeds.quarantine.none')}</p>
  const replay = async (id: number) => {
    if (await attempt(() => api.replay(id))) {
      toast(t('feeds.replayed'))
      setTurn(turn + 1)
      await loadFeeds().catch(() => undefined)
    }
  }
  return (
    <ul class="rows">
      {rows.map((row) => (
        <li class="card" key={row.id}>
          <p class="card-head">
            <strong>{row.feed}</strong>
            <span class="card-aside">
              <Time at={row.at} />
            </span>
          </p>
          <p class="card-error">{row.message || row.reason}</p>
          <button type="button" class="button small" onClick={() => void replay(row.id)}>
            {t('feeds.replay')}
          </button>
        </li>
      ))}
    </ul>
  )
}

export function FeedsPanel() {
  const list = feeds.value
  if (!list) return <p class="calm">—</p>
  if (list.length === 0) return <Empty title={t('feeds.none')} lead={t('feeds.none.lead')} />
  return (
    <div data-testid="feeds-panel">
      <ul class="rows">
        {list.map((feed) => (
          <FeedCard key={feed.name} feed={feed} />
        ))}
      </ul>
      {mayOperate.value && (
        <Section title={t('feeds.quarantine')}>
          <Quarantine />
        </Section>
      )}
    </div>
  )
}
