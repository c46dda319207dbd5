/** The duties of an organisation as rows: who, in which rank, every week or once. */
import { useState } from 'preact/hooks'
import type { Duty } from '../../api/studio'
import { readHours } from '../../domain/roster'
import { t } from '../../i18n'
import { serverNow } from '../../state/clock'
import { teamName, teamOptions } from '../../state/rosters'
import { attempt } from '../../state/toast'
import { Chips, IconButton, Time } from '../Parts'
import { Field, Figure, fromLocalInput, localInput, Pick, weekdayNames } from './Shell'

const H = 3_600_000

function when(duty: Duty) {
  if (duty.kind === 'shift') {
    return (
      <>
        <Time at={duty.starts_at ?? null} seconds={false} /> – <Time at={duty.ends_at ?? null} seconds={false} />
      </>
    )
  }
  const days = duty.weekdays.length
    ? duty.weekdays.map((n) => weekdayNames()[n]?.[1] ?? '').join(' ')
    : t('roster.everyday')
  return `${days} · ${duty.hours}`
}

function isGood(duty: Duty): boolean {
  if (!duty.team_key) return false
  if (duty.kind === 'weekly') return readHours(duty.hours) !== null
  return Date.parse(duty.ends_at ?? '') > Date.parse(duty.starts_at ?? '')
}

function Editing({ duty, set }: { duty: Duty; set: (change: Partial<Duty>) => void }) {
  return (
    <div class="duty-fields">
      <div class="field-grid">
        <Pick
          label={t('roster.team')}
          value={duty.team_key}
          options={[
            ...(teamOptions().some(([key]) => key === duty.team_key)
              ? []
              : [[duty.team_key, duty.team_name ?? (duty.team_key || t('roster.to.pick'))] as const]),
            ...teamOptions(),
          ]}
          onPick={(team_key) => set({ team_key, team_name: teamName(team_key) })}
          testid="duty-team"
        />
        <Figure
          label={t('roster.rank')}
          min={1}
          max={9}
          step={1}
          value={duty.rank}
          onInput={(rank) => set({ rank: Math.min(9, Math.max(1, Math.round(rank ?? 1))) })}
        />
        <Pick
          label={t('roster.kind')}
          value={duty.kind}
          options={[
            ['weekly', t('roster.kind.weekly')],
            ['shift', t('roster.kind.shift')],
          ]}
          onPick={(kind) => {
            const at = Math.ceil(serverNow() / H) * H
            set(
              kind === 'weekly'
                ? { kind, starts_at: null, ends_at: null }
                : { kind, starts_at: new Date(at).toISOString(), ends_at: new Date(at + 8 * H).toISOString() },
            )
          }}
        />
        {duty.kind === 'weekly' ? (
          <Field label={t('roster.hours')} hint={readHours(duty.hours) ? undefined : t('roster.hours.bad')}>
            <input
              value={duty.hours}
              placeholder="20-8"
              aria-invalid={!readHours(duty.hours)}
              onInput={(event) => set({ hours: event.currentTarget.value })}
              data-testid="duty-hours"
            />
          </Field>
        ) : (
          <>
            <Field label={t('roster.starts')}>
              <input
                type="datetime-local"
                value={localInput(duty.starts_at)}
                onInput={(event) => set({ starts_at: fromLocalInput(event.currentTarget.value) })}
              />
            </Field>
            <Field label={t('roster.ends')}>
              <input
                type="datetime-local"
                value={localInput(duty.ends_at)}
                onInput={(event) => set({ ends_at: fromLocalInput(event.currentTarget.value) })}
              />
            </Field>
          </>
        )}
      </div>
      {duty.kind === 'weekly' && (
        <Chips
          label={t('roster.weekdays')}
          value={duty.weekdays}
          options={weekdayNames()}
          onPick={(weekdays) => set({ weekdays: [...weekdays].sort((a, b) => a - b) })}
        />
      )}
    </div>
  )
}

export function DutyEditor(props: {
  duties: Duty[]
  changed: boolean
  locked: boolean
  onChange: (duties: Duty[]) => void
  onDrop: () => void
  onSave: (duties: Duty[]) => Promise<void>
}) {
  const { duties, changed, locked } = props
  const [open, setOpen] = useState<number | null>(null)
  const [busy, setBusy] = useState(false)
  const good = duties.every(isGood)
  const save = async () => {
    setBusy(true)
    if (await attempt(() => props.onSave(duties))) setOpen(null)
    setBusy(false)
  }
  return (
    <div class="duties" data-testid="duties">
      {duties.length === 0 && <p class="calm">{t('roster.duties.none')}</p>}
      <ul class="rows">
        {duties.map((duty, i) => (
          <li class={`card duty ${isGood(duty) ? '' : 'is-bad'}`} key={i}>
            <div class="duty-head">
              <b class="rank">{duty.rank}</b>
              <strong>{duty.team_name || teamName(duty.team_key) || t('roster.to.pick')}</strong>
              <span class="muted">
                {t(`roster.kind.${duty.kind}`)} · {when(duty)}
              </span>
              <span class="grow" />
              {!locked && (
                <>
                  <button
                    type="button"
                    class="button small"
                    aria-expanded={open === i}
                    onClick={() => setOpen(open === i ? null : i)}
                    data-testid={`duty-edit-${i}`}
                  >
                    {t(open === i ? 'panel.collapse' : 'studio.edit')}
                  </button>
                  <IconButton
                    icon="close"
                    label={t('roster.duty.drop')}
                    onClick={() => {
                      setOpen(null)
                      props.onChange(duties.filter((_duty, k) => k !== i))
                    }}
                  />
                </>
              )}
            </div>
            {open === i && !locked && (
              <Editing
                duty={duty}
                set={(change) => props.onChange(duties.map((each, k) => (k === i ? { ...each, ...change } : each)))}
              />
            )}
          </li>
        ))}
      </ul>
      {!locked && (
        <div class="quick">
          <button
            type="button"
            class="button small"
            onClick={() => {
              props.onChange([...duties, { team_key: '', rank: 1, kind: 'weekly', weekdays: [], hours: '0-24' }])
              setOpen(duties.length)
            }}
            data-testid="duty-add"
          >
            {t('roster.duty.add')}
          </button>
          {changed && (
            <>
              <button
                type="button"
                class="button small primary"
                disabled={!good || busy}
                onClick={() => void save()}
                data-testid="duty-save"
              >
                {t('roster.save')}
              </button>
              <button type="button" class="button small" onClick={props.onDrop}>
                {t('rule.dropdraft')}
              </button>
            </>
          )}
        </div>
      )}
    </div>
  )
}
