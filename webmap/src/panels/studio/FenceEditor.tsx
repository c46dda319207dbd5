/** A fence in the making: what for, where, what it tells of, and what it would hold. */
import { useState } from 'preact/hooks'
import { type FenceKind, type FenceSpec, studio } from '../../api/studio'
import type { Level } from '../../api/types'
import { groundSaid, tidyFence, withFenceKind } from '../../domain/fence'
import { levelName } from '../../domain/levels'
import { readHours } from '../../domain/roster'
import { code, lang, t } from '../../i18n'
import { dropFenceDraft, editFence, fences, NEW, previewNow } from '../../state/fences'
import { teamOptions } from '../../state/rosters'
import { attempt, toast } from '../../state/toast'
import { studioPick } from '../../state/view'
import { LevelMark } from '../Marks'
import { Chips, Choice, Fold } from '../Parts'
import { FenceGround } from './FenceGround'
import { FencePreviewBox } from './FencePreviewBox'
import { FENCE_EVENTS } from './RuleInputs'
import { Field, Figure, fromLocalInput, localInput, Pick, weekdayNames } from './Shell'

const KINDS: readonly FenceKind[] = ['alert', 'nofly', 'keep_in', 'duty', 'watch']
const MOVERS = ['drone', 'vehicle', 'team_device'] as const
const LEVELS: readonly Level[] = [1, 2, 3, 4]

type Events = FenceSpec['events']
type Due = NonNullable<FenceSpec['due']>

function Telling({ spec }: { spec: FenceSpec }) {
  const named = (kinds: readonly string[]) =>
    kinds.map((kind) => [kind as Events[number], t(`fence.event.${kind as Events[number]}`)] as const)
  return (
    <fieldset class="studio-group">
      <legend>{t('fence.telling')}</legend>
      <Chips
        label={t('fence.eventsof')}
        value={spec.events}
        options={named(FENCE_EVENTS)}
        onPick={(events) => editFence({ events, warn_on: spec.warn_on.filter((kind) => events.includes(kind)) })}
        testid="fence-eventsof"
      />
      <fieldset class="choice" data-testid="fence-level">
        <legend>{t('fence.level')}</legend>
        <div class="chips">
          <button
            type="button"
            class={spec.level ? '' : 'is-on'}
            aria-pressed={!spec.level}
            onClick={() => editFence({ level: null, warn_on: [] })}
          >
            {t('fence.level.none')}
          </button>
          {LEVELS.map((level) => (
            <button
              type="button"
              key={level}
              class={spec.level === level ? 'is-on' : ''}
              aria-pressed={spec.level === level}
              onClick={() => editFence({ level })}
            >
              <LevelMark level={level} size={0.8} /> {levelName(level, lang.value)}
            </button>
          ))}
        </div>
      </fieldset>
      {spec.level && (
        <Chips
          label={t('fence.warnon')}
          value={spec.warn_on}
          options={named(spec.events)}
          onPick={(warn_on) => editFence({ warn_on })}
        />
      )}
      {spec.level && spec.warn_on.length === 0 && <p class="hint">{t('fence.warnon.none')}</p>}
      <Choice
        label={t('fence.oncreate')}
        value={spec.on_create}
        options={(['nothing', 'event', 'warn'] as const)
          .filter((name) => name !== 'warn' || spec.level)
          .map((name) => [name, t(`fence.create.${name}`)] as const)}
        onPick={(on_create) => editFence({ on_create })}
      />
    </fieldset>
  )
}

function Probability(props: { label: string; value: number; onInput: (value: number) => void }) {
  return (
    <label class="field">
      <span>
        {props.label} <b>{Math.round(props.value * 100)}%</b>
      </span>
      <input
        type="range"
        min={5}
        max={100}
        step={5}
        value={props.value * 100}
        onInput={(event) => props.onInput(Number(event.currentTarget.value) / 100)}
      />
    </label>
  )
}

function Sensing({ spec }: { spec: FenceSpec }) {
  return (
    <Fold
      title={t('fence.sensing')}
      aside={t('fence.odds.said', { a: Math.round(spec.enter_p * 100), b: Math.round(spec.exit_p * 100) })}
    >
      <div class="field-grid is-two">
        <Probability
          label={t('fence.enterp')}
          value={spec.enter_p}
          onInput={(enter_p) => editFence({ enter_p, exit_p: Math.min(spec.exit_p, enter_p - 0.05) })}
        />
        <Probability
          label={t('fence.exitp')}
          value={spec.exit_p}
          onInput={(exit_p) => editFence({ exit_p: Math.min(exit_p, spec.enter_p - 0.05) })}
        />
        <Figure
          label={t('fence.approach')}
          unit="m"
          min={0}
          max={20_000}
          value={spec.approach_m}
          onInput={(approach_m) => editFence({ approach_m: approach_m ?? 0 })}
        />
        <Figure
          label={t('fence.dwell')}
          unit={t('studio.min')}
          min={0}
          value={spec.dwell_s / 60}
          onInput={(minutes) => editFence({ dwell_s: (minutes ?? 0) * 60 })}
        />
        <Figure
          label={t('fence.floor')}
          unit="m"
          value={spec.floor_m}
          placeholder={t('fence.open')}
          onInput={(floor_m) => editFence({ floor_m })}
        />
        <Figure
          label={t('fence.ceiling')}
          unit="m"
          value={spec.ceiling_m}
          placeholder={t('fence.open')}
          onInput={(ceiling_m) => editFence({ ceiling_m })}
        />
        <Figure
          label={t('fence.speed')}
          unit="m/s"
          min={1}
          max={400}
          value={spec.max_speed_mps}
          onInput={(speed) => editFence({ max_speed_mps: speed ?? 70 })}
        />
      </div>
      <p class="hint">{t('fence.odds.lead')}</p>
    </Fold>
  )
}

function Times({ spec }: { spec: FenceSpec }) {
  const said = [
    spec.weekdays.map((n) => weekdayNames()[n]?.[1] ?? '').join(' '),
    spec.hours === '0-24' ? '' : spec.hours,
    spec.valid_until ? t('fence.limited') : '',
  ].filter(Boolean)
  return (
    <Fold title={t('fence.times')} aside={said.join(' · ') || t('rule.always')} open={spec.kind === 'nofly'}>
      <div class="field-grid is-two">
        <Field label={t('fence.hours')} hint={readHours(spec.hours) ? undefined : t('roster.hours.bad')}>
          <input
            value={spec.hours}
            placeholder="22-6"
            aria-invalid={!readHours(spec.hours)}
            onInput={(event) => editFence({ hours: event.currentTarget.value.trim() })}
          />
        </Field>
        <span />
        <Field label={t('fence.from')}>
          <input
            type="datetime-local"
            value={localInput(spec.valid_from)}
            onInput={(event) => editFence({ valid_from: fromLocalInput(event.currentTarget.value) })}
          />
        </Field>
        <Field label={t('fence.until')}>
          <input
            type="datetime-local"
            value={localInput(spec.valid_until)}
            onInput={(event) => editFence({ valid_until: fromLocalInput(event.currentTarget.value) })}
          />
        </Field>
      </div>
      <Chips
        label={t('roster.weekdays')}
        value={spec.weekdays}
        options={weekdayNames()}
        onPick={(weekdays) => editFence({ weekdays: [...weekdays].sort((a, b) => a - b) })}
      />
    </Fold>
  )
}

/** Who has to be there: a fence with nobody due cannot miss anybody. */
function DueFields({ spec }: { spec: FenceSpec }) {
  const due: Due = spec.due ?? { mover_keys: [], team_keys: [], hours: '0-24', weekdays: [], grace_s: 600 }
  const set = (change: Partial<Due>) => {
    const next = { ...due, ...change }
    const events = spec.events.filter((kind) => kind !== 'absent_when_due')
    const anybody = next.team_keys.length > 0 || next.mover_keys.length > 0
    editFence({ due: anybody ? next : null, events: anybody ? [...events, 'absent_when_due'] : events })
  }
  const teams = teamOptions()
  return (
    <Fold title={t('fence.due')} aside={due.team_keys.length ? String(due.team_keys.length) : '—'}>
      <Pick
        label={t('fence.due.team')}
        value=""
        options={[['', t('roster.to.pick')] as const, ...teams.filter(([key]) => !due.team_keys.includes(key))]}
        onPick={(key) => key && set({ team_keys: [...due.team_keys, key] })}
      />
      <div class="chips">
        {due.team_keys.map((key) => (
          <button
            type="button"
            key={key}
            class="is-on"
            onClick={() => set({ team_keys: due.team_keys.filter((each) => each !== key) })}
          >
            {teams.find(([each]) => each === key)?.[1] ?? key} ×
          </button>
        ))}
      </div>
      <div class="field-grid is-two">
        <Field label={t('fence.due.hours')}>
          <input value={due.hours} onInput={(event) => set({ hours: event.currentTarget.value.trim() })} />
        </Field>
        <Figure
          label={t('fence.due.grace')}
          unit={t('studio.min')}
          min={0}
          value={due.grace_s / 60}
          onInput={(minutes) => set({ grace_s: (minutes ?? 0) * 60 })}
        />
      </div>
    </Fold>
  )
}

export function FenceEditor({ spec }: { spec: FenceSpec }) {
  const key = studioPick.value
  const [busy, setBusy] = useState(false)
  const ready = spec.name.trim() !== '' && groundSaid(spec.source) && previewNow.value !== null
  const make = async () => {
    setBusy(true)
    await attempt(async () => {
      const body = tidyFence({ ...spec, name: spec.name.trim() })
      const made = key === NEW ? await studio.makeFence(body) : await studio.changeFence(key, body)
      dropFenceDraft(key)
      await fences.load()
      studioPick.value = made.key
      toast(t(key === NEW ? 'fence.made' : 'fence.changed.done', { name: made.name }))
    })
    setBusy(false)
  }
  const leave = () => {
    dropFenceDraft(key)
    if (key === NEW) studioPick.value = ''
  }
  return (
    <div class="fence-editor" data-testid="fence-editor">
      <Field label={t('fence.name')}>
        <input
          value={spec.name}
          maxLength={100}
          placeholder={t('fence.name.like')}
          onInput={(event) => editFence({ name: event.currentTarget.value })}
          data-testid="fence-name"
        />
      </Field>
      <fieldset class="choice" data-testid="fence-kind">
        <legend>{t('fence.kind')}</legend>
        <div class="chips">
          {KINDS.map((kind) => (
            <button
              type="button"
              key={kind}
              class={kind === spec.kind ? 'is-on' : ''}
              aria-pressed={kind === spec.kind}
              onClick={() => kind !== spec.kind && editFence(withFenceKind(spec, kind))}
              data-testid={`kind-${kind}`}
            >
              {t(`fence.kind.${kind}`)}
            </button>
          ))}
        </div>
        <p class="hint">{t(`fence.kind.lead.${spec.kind}`)}</p>
      </fieldset>
      <FenceGround source={spec.source} />
      <FencePreviewBox />
      <Telling spec={spec} />
      <Chips
        label={t('fence.movers')}
        value={spec.mover_kinds}
        options={MOVERS.map((name) => [name, code('kind', name)] as const)}
        onPick={(mover_kinds) => editFence({ mover_kinds })}
      />
      <Sensing spec={spec} />
      <Times spec={spec} />
      <DueFields spec={spec} />
      <Fold title={t('fence.more')} aside={spec.team_key ?? ''}>
        <Pick
          label={t('fence.team')}
          value={spec.team_key ?? ''}
          options={[['', '—'] as const, ...teamOptions()]}
          onPick={(team) => editFence({ team_key: team || null })}
        />
        <Field label={t('fence.note')}>
          <textarea
            rows={2}
            maxLength={500}
            value={spec.note}
            onInput={(event) => editFence({ note: event.currentTarget.value })}
          />
        </Field>
      </Fold>
      <div class="editor-foot">
        {!ready && <p class="hint">{t(spec.name.trim() ? 'fence.need.ground' : 'fence.need.name')}</p>}
        <button
          type="button"
          class="button primary"
          disabled={!ready || busy}
          aria-busy={busy}
          onClick={() => void make()}
          data-testid="fence-make"
        >
          {t(key === NEW ? 'fence.make' : 'fence.save')}
        </button>
        <button type="button" class="button" onClick={leave} data-testid="fence-leave">
          {t('rule.dropdraft')}
        </button>
      </div>
    </div>
  )
}
