/** A way to reach a team: its duty phone, group robot or system. What is secret is written and never read back. */
import { useState } from 'preact/hooks'
import { api } from '../api/client'
import type { Channel, ChannelSpec, Level } from '../api/types'
import { levelName } from '../domain/levels'
import { code, lang, t } from '../i18n'
import { stores } from '../state/features'
import { attempt } from '../state/toast'

const KINDS = ['webhook', 'dingtalk', 'wecom', 'feishu', 'sms', 'email', 'voice', 'apprise', 'live'] as const
const LEVELS: readonly Level[] = [4, 3, 2, 1]

const NEW: ChannelSpec = {
  team_key: null,
  kind: 'webhook',
  title: '',
  url: '',
  secret: '',
  rank: 1,
  wait_s: 60,
  worst_level: 4,
  hours: '0-24',
  enabled: true,
}

function specOf(channel: Channel): ChannelSpec {
  const { team_key = null, kind, title, rank, wait_s, worst_level, hours, enabled } = channel
  return { team_key, kind, title, url: '', secret: '', rank, wait_s, worst_level, hours, enabled }
}

export function ChannelForm({ channel, done }: { channel: Channel | null; done: () => void }) {
  const [spec, setSpec] = useState<ChannelSpec>(channel ? specOf(channel) : NEW)
  const [busy, setBusy] = useState(false)
  const set = (change: Partial<ChannelSpec>) => setSpec({ ...spec, ...change })
  const teams = stores.team.all().sort((a, b) => String(a.properties.name).localeCompare(String(b.properties.name)))
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    if (await attempt(() => (channel ? api.changeChannel(channel.id, spec) : api.addChannel(spec)))) done()
    setBusy(false)
  }
  return (
    <form class="channel-form" onSubmit={submit} data-testid="channel-form">
      <label class="field">
        <span>{t('channel.team')}</span>
        <select value={spec.team_key ?? ''} onChange={(event) => set({ team_key: event.currentTarget.value || null })}>
          <option value="">{t('channel.everyone')}</option>
          {teams.map(({ properties: p }) => (
            <option key={p.key} value={p.key}>
              {String(p.name ?? p.key)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t('channel.kind')}</span>
        <select
          value={spec.kind}
          onChange={(event) => set({ kind: event.currentTarget.value as ChannelSpec['kind'] })}
          data-testid="channel-kind"
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {code('channel', kind)}
            </option>
          ))}
        </select>
      </label>
      <label class="field wide">
        <span>{t('channel.title')}</span>
        <input maxLength={100} value={spec.title} onInput={(event) => set({ title: event.currentTarget.value })} />
      </label>
      <label class="field wide">
        <span>{t('channel.url')}</span>
        <input
          maxLength={2000}
          required={!channel && spec.kind !== 'live'}
          value={spec.url}
          placeholder={channel ? t('channel.url.keep', { url: channel.url_shown }) : 'https://'}
          onInput={(event) => set({ url: event.currentTarget.value })}
          data-testid="channel-url"
        />
      </label>
      <label class="field wide">
        <span>{t('channel.secret')}</span>
        <input
          type="password"
          autocomplete="off"
          maxLength={500}
          value={spec.secret}
          placeholder={channel ? t('channel.secret.keep') : ''}
          onInput={(event) => set({ secret: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>{t('channel.rank')}</span>
        <input
          type="number"
          min={1}
          max={9}
          value={spec.rank}
          onInput={(event) => set({ rank: event.currentTarget.valueAsNumber || 1 })}
        />
      </label>
      <label class="field">
        <span>{t('channel.wait')}</span>
        <input
          type="number"
          min={0}
          max={86400}
          value={spec.wait_s}
          onInput={(event) => set({ wait_s: event.currentTarget.valueAsNumber || 0 })}
        />
      </label>
      <label class="field">
        <span>{t('channel.level')}</span>
        <select
          value={String(spec.worst_level)}
          onChange={(event) => set({ worst_level: Number(event.currentTarget.value) as Level })}
        >
          {LEVELS.map((level) => (
            <option key={level} value={String(level)}>
              {t('channel.level.of', { level: levelName(level, lang.value) })}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t('channel.hours')}</span>
        <input
          pattern="\d{1,2}-\d{1,2}"
          title={t('channel.hours.hint')}
          value={spec.hours}
          onInput={(event) => set({ hours: event.currentTarget.value })}
        />
      </label>
      <label class="check wide">
        <input
          type="checkbox"
          checked={spec.enabled}
          onChange={(event) => set({ enabled: event.currentTarget.checked })}
        />
        {t('channel.enabled')}
      </label>
      <div class="card-actions wide">
        <button type="submit" class="button primary grow" disabled={busy} data-testid="channel-save">
          {t('form.save')}
        </button>
        <button type="button" class="button" onClick={done}>
          {t('form.cancel')}
        </button>
      </div>
    </form>
  )
}
