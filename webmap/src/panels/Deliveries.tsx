/** The operator's page of deliveries: what waits, what failed for good, how every channel is, line by line. */
import { useState } from 'preact/hooks'
import { api } from '../api/client'
import type { Channel, Delivery } from '../api/types'
import { secondsSince, spanText } from '../domain/age'
import { countdown } from '../domain/clocks'
import { count } from '../domain/format'
import { code, lang, t } from '../i18n'
import { notAvailable } from '../state/calls'
import { now } from '../state/clock'
import { deliveries, ledgerVersion, loadDeliveries, noteLedger } from '../state/deliveries'
import { mayEditChannels } from '../state/session'
import { attempt, problemText, toast } from '../state/toast'
import { select } from '../state/view'
import { placeOf } from '../state/warnings'
import { ChannelForm } from './ChannelForm'
import { Dot, LevelMark } from './Marks'
import { Empty, Loading, Section, Time, useLoad } from './Parts'

const STATES = ['dead', 'queued', 'held', 'sending', 'delivered', 'received', 'moot'] as const
type State = (typeof STATES)[number]
const PAGE = 50

/** Worst first: what is cut off, then what fails, then what works. */
const HEALTH: Record<Channel['state'], { rank: number; dot: string }> = {
  open: { rank: 0, dot: 'stale' },
  failing: { rank: 1, dot: 'late' },
  ok: { rank: 2, dot: 'ok' },
  idle: { rank: 3, dot: 'idle' },
  off: { rank: 4, dot: 'idle' },
}

const ahead = (at: string) => countdown(Math.max(0, (Date.parse(at) - now.value) / 1000))

function Glance({ pick }: { pick: (state: State | '') => void }) {
  const summary = deliveries.value
  if (!summary) return null
  const oldest = secondsSince(summary.oldest_queued_at, now.value)
  const of = (...states: State[]) => states.reduce((sum, state) => sum + (summary.states[state] ?? 0), 0)
  return (
    <div class="glance" data-testid="ledger-glance">
      <button type="button" class={summary.dead_unseen > 0 ? 'is-bad' : ''} onClick={() => pick('dead')}>
        <span>{t('ledger.dead')}</span>
        <b data-testid="ledger-dead">{count(summary.dead_unseen)}</b>
      </button>
      <button type="button" onClick={() => pick('queued')}>
        <span>{t('ledger.backlog')}</span>
        <b data-testid="ledger-backlog">{count(summary.backlog)}</b>
      </button>
      <div>
        <span>{t('ledger.oldest')}</span>
        <b>{oldest === null ? '—' : spanText(oldest, lang.value)}</b>
      </div>
      <button type="button" onClick={() => pick('received')}>
        <span>{t('ledger.reached')}</span>
        <b>{count(of('delivered', 'received'))}</b>
      </button>
    </div>
  )
}

function ChannelCard({ channel, onEdit }: { channel: Channel; onEdit: () => void }) {
  const [busy, setBusy] = useState(false)
  const [sure, setSure] = useState(false)
  const test = async () => {
    setBusy(true)
    await attempt(async () => {
      const came = await api.testChannel(channel.id)
      if (came?.ok) toast(t('channel.test.ok', { ms: Math.round(came.took_ms) }))
      else toast(t('channel.test.failed', { error: came?.error || `HTTP ${came?.status ?? '—'}` }), 'problem')
    })
    setBusy(false)
    noteLedger()
  }
  const drop = async () => {
    if (!sure) {
      setSure(true)
      setTimeout(() => setSure(false), 4000)
      return
    }
    await attempt(() => api.dropChannel(channel.id))
    noteLedger()
  }
  const facts = [
    channel.queued > 0 ? t('channel.queued', { n: channel.queued }) : '',
    channel.dead > 0 ? t('channel.dead', { n: channel.dead }) : '',
    channel.hours !== '0-24' ? channel.hours : '',
  ].filter(Boolean)
  const name = code('channel', channel.kind)
  return (
    <li class={`card channel-${channel.state}`} data-testid="channel" data-state={channel.state}>
      <p class="card-head">
        <Dot state={HEALTH[channel.state].dot} />
        <strong>{channel.title || name}</strong>
        <span class="card-aside">{code('health', channel.state)}</span>
      </p>
      <p class="channel-line">
        {[channel.team_key ? (channel.team_name ?? channel.team_key) : t('channel.everyone'), name, ...facts].join(
          ' · ',
        )}
      </p>
      {channel.url_shown && <p class="channel-line mono">{channel.url_shown}</p>}
      {(channel.last_ok_at || channel.retry_at) && (
        <p class="channel-line">
          {channel.last_ok_at && (
            <>
              {t('channel.lastok', { at: '' })}
              <Time at={channel.last_ok_at} />
            </>
          )}
          {channel.retry_at &&
            channel.state === 'open' &&
            ` · ${t('channel.retry', { span: ahead(channel.retry_at) })}`}
        </p>
      )}
      {channel.last_error && channel.state !== 'ok' && <p class="card-error">{channel.last_error}</p>}
      {mayEditChannels.value && (
        <div class="card-actions">
          <button
            type="button"
            class="button small"
            disabled={busy}
            onClick={() => void test()}
            data-testid="channel-test"
          >
            {t('channel.test')}
          </button>
          <button type="button" class="button small" onClick={onEdit} data-testid="channel-edit">
            {t('channel.edit')}
          </button>
          <button type="button" class="button small" onClick={() => void drop()}>
            {sure ? t('channel.drop.sure') : t('channel.drop')}
          </button>
        </div>
      )}
    </li>
  )
}

/** More channels than this are counted until a person wants all of them; what fails comes first. */
const CHANNELS = 6

function Channels() {
  const [all, setAll] = useState(false)
  const [editing, setEditing] = useState<number | 'new' | null>(null)
  const list = [...(deliveries.value?.channels ?? [])].sort(
    (a, b) =>
      HEALTH[a.state].rank - HEALTH[b.state].rank ||
      (a.team_key ?? '').localeCompare(b.team_key ?? '') ||
      a.rank - b.rank,
  )
  const done = () => {
    setEditing(null)
    noteLedger()
  }
  return (
    <Section title={t('ledger.channels')} aside={list.length || undefined}>
      {list.length === 0 && <p class="calm">{t('ledger.channels.none')}</p>}
      <ul class="rows" data-testid="channels">
        {(all ? list : list.slice(0, CHANNELS)).map((channel) =>
          editing === channel.id ? (
            <li key={channel.id} class="card">
              <ChannelForm channel={channel} done={done} />
            </li>
          ) : (
            <ChannelCard key={channel.id} channel={channel} onEdit={() => setEditing(channel.id)} />
          ),
        )}
      </ul>
      {!all && list.length > CHANNELS && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          {t('ledger.channels.more', { n: list.length - CHANNELS })}
        </button>
      )}
      {mayEditChannels.value &&
        (editing === 'new' ? (
          <div class="card">
            <ChannelForm channel={null} done={done} />
          </div>
        ) : (
          <button type="button" class="button add" onClick={() => setEditing('new')} data-testid="channel-add">
            {t('channel.add')}
          </button>
        ))}
    </Section>
  )
}

function Line({ line }: { line: Delivery }) {
  const retry = async () => {
    if (await attempt(() => api.retryDelivery(line.id))) {
      toast(t('ledger.retried'))
      noteLedger()
    }
  }
  const at = line.received_at ?? line.delivered_at ?? line.sent_at ?? line.created_at
  return (
    <li class={`card ledger-${line.state}`} data-testid="delivery" data-state={line.state}>
      <p class="card-head">
        <LevelMark level={line.level} size={0.95} drill={line.drill} />
        <strong>
          {line.drill && `${t('warning.drill')} · `}
          {placeOf(line.title, line.level)}
        </strong>
        <span class="card-aside">{code('delivery', line.state)}</span>
      </p>
      <p class="channel-line">
        <button type="button" class="link" onClick={() => select('warning', line.warning_key)}>
          {line.team_name ?? line.team_key}
        </button>
        {' · '}
        {[
          code('channel', line.kind),
          line.attempts > 1 ? t('ledger.tries', { n: line.attempts }) : '',
          line.state === 'queued' && line.next_at && Date.parse(line.next_at) > now.value
            ? t('ledger.next', { span: ahead(line.next_at) })
            : '',
        ]
          .filter(Boolean)
          .join(' · ')}
        <span class="card-aside">
          <Time at={at} />
        </span>
      </p>
      {line.error && (line.state === 'dead' || line.state === 'queued') && <p class="card-error">{line.error}</p>}
      {line.state === 'dead' && mayEditChannels.value && (
        <div class="card-actions">
          <button type="button" class="button small" onClick={() => void retry()} data-testid="delivery-retry">
            {t('ledger.retry')}
          </button>
        </div>
      )}
    </li>
  )
}

function Lines({ state, setState }: { state: State | ''; setState: (state: State | '') => void }) {
  const [channel, setChannel] = useState('')
  const [pages, setPages] = useState(1)
  const loaded = useLoad(
    () => api.deliveries({ state, channel: channel ? Number(channel) : null, limit: Math.min(500, PAGE * pages) }),
    [state, channel, pages, ledgerVersion.value],
  )
  const list = loaded.state === 'failed' ? [] : (loaded.value ?? [])
  const states = deliveries.value?.states ?? {}
  return (
    <Section title={t('ledger.lines')} aside={t('ledger.states')}>
      <div class="ledger-filter">
        <select
          aria-label={t('ledger.lines')}
          value={state}
          onChange={(event) => setState(event.currentTarget.value as State | '')}
          data-testid="ledger-state"
        >
          <option value="">{t('ledger.all')}</option>
          {STATES.map((name) => (
            <option key={name} value={name}>
              {`${code('delivery', name)} ${count(states[name] ?? 0)}`}
            </option>
          ))}
        </select>
        <select
          aria-label={t('ledger.channels')}
          value={channel}
          onChange={(event) => setChannel(event.currentTarget.value)}
        >
          <option value="">{t('ledger.all')}</option>
          {(deliveries.value?.channels ?? []).map((item) => (
            <option key={item.id} value={String(item.id)}>
              {`${item.title || code('channel', item.kind)} · ${item.team_name ?? t('channel.everyone')}`}
            </option>
          ))}
        </select>
      </div>
      {loaded.state === 'failed' ? (
        <p class="calm">{problemText(loaded.error)}</p>
      ) : list.length === 0 ? (
        <p class="calm">{t('ledger.none')}</p>
      ) : (
        <ul class="rows" data-testid="ledger-lines">
          {list.map((line) => (
            <Line key={line.id} line={line} />
          ))}
        </ul>
      )}
      {list.length >= PAGE * pages && list.length < 500 && (
        <button type="button" class="more" onClick={() => setPages(pages + 1)}>
          {t('ledger.older')}
        </button>
      )}
    </Section>
  )
}

export function DeliveriesPanel() {
  const [state, setState] = useState<State | ''>('')
  const loaded = useLoad(loadDeliveries, [])
  const summary = deliveries.value
  if (!summary) {
    if (loaded.state !== 'failed') return <Loading />
    return (
      <div data-testid="ledger-none">
        {notAvailable(loaded.error) ? (
          <Empty title={t('ledger.notthere')} lead={t('ledger.notthere.lead')} />
        ) : (
          <p class="calm">{problemText(loaded.error)}</p>
        )}
      </div>
    )
  }
  return (
    <div class="ledger" data-testid="ledger">
      <Glance pick={setState} />
      <Channels />
      <Lines state={state} setState={setState} />
    </div>
  )
}
