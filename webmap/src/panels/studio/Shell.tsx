/** What the studio pages are made of: the frame over the map, fields, and the word for what is not there yet. */
import type { ComponentChildren } from 'preact'
import { addWords, t } from '../../i18n'
import { studio } from '../../i18n/studio'
import { isNotYet } from '../../state/studio'
import { problemText } from '../../state/toast'
import { studioPick } from '../../state/view'
import { Icon } from '../Icon'
import { IconButton } from '../Parts'
import '../../theme/studio.css'

addWords(studio)

/** Escape in a field leaves the field; only the next one leaves the page. */
export function calmEscape(event: KeyboardEvent): void {
  const target = event.target as HTMLElement
  if (event.key !== 'Escape' || !target.closest('input, textarea, select')) return
  target.blur()
  event.stopPropagation()
}

export function Page(props: {
  title: string
  line?: ComponentChildren
  actions?: ComponentChildren
  drill?: boolean
  children: ComponentChildren
  testid: string
}) {
  return (
    <section
      class={`studio ${props.drill ? 'is-drill' : ''}`}
      aria-label={props.title}
      onKeyDown={calmEscape}
      data-testid={props.testid}
    >
      <header class="studio-head">
        <button type="button" class="icon-button studio-back" onClick={() => (studioPick.value = '')}>
          <Icon name="left" />
          <span class="sr">{t('studio.back')}</span>
        </button>
        <div class="studio-name">
          <h2>{props.title}</h2>
          {props.line !== undefined && <p>{props.line}</p>}
        </div>
        <div class="studio-actions">{props.actions}</div>
        <div class="studio-close">
          <IconButton
            icon="close"
            label={t('panel.close')}
            onClick={() => (studioPick.value = '')}
            testid="studio-close"
          />
        </div>
      </header>
      <div class="studio-body">{props.children}</div>
    </section>
  )
}

/** A refusal, said calmly; a door that is not filled yet is no fault of anybody's. */
export function Refused({ error, again }: { error: unknown; again?: () => void }) {
  if (error === null || error === undefined) return null
  const waiting = isNotYet(error)
  return (
    <div class={`studio-refused ${waiting ? 'is-waiting' : ''}`} role="status" data-testid="studio-refused">
      <p>{waiting ? t('studio.notyet') : problemText(error)}</p>
      {waiting && <p class="hint">{t('studio.notyet.lead')}</p>}
      {again && (
        <button type="button" class="button small" onClick={again}>
          {t('app.retry')}
        </button>
      )}
    </div>
  )
}

export function Field(props: {
  label: string
  hint?: string | undefined
  wide?: boolean
  children: ComponentChildren
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child.
    <label class={`field ${props.wide ? 'is-wide' : ''}`}>
      <span>{props.label}</span>
      {props.children}
      {props.hint && <small class="hint">{props.hint}</small>}
    </label>
  )
}

export function Pick<T extends string>(props: {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  onPick: (value: T) => void
  disabled?: boolean
  testid?: string
}) {
  return (
    <Field label={props.label}>
      <select
        value={props.value}
        disabled={props.disabled}
        onChange={(event) => props.onPick(event.currentTarget.value as T)}
        data-testid={props.testid}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  )
}

/** A figure with its unit; an empty field is no figure, which is not zero. */
export function Figure(props: {
  label: string
  unit?: string
  value: number | null | undefined
  min?: number
  max?: number
  step?: number
  placeholder?: string
  onInput: (value: number | null) => void
  disabled?: boolean
  testid?: string
}) {
  return (
    <Field label={props.label}>
      <span class="figure-field">
        <input
          type="number"
          inputMode="decimal"
          value={props.value ?? ''}
          min={props.min}
          max={props.max}
          step={props.step ?? 'any'}
          placeholder={props.placeholder}
          disabled={props.disabled}
          onInput={(event) => {
            const text = event.currentTarget.value
            const value = Number(text)
            props.onInput(text === '' || !Number.isFinite(value) ? null : value)
          }}
          data-testid={props.testid}
        />
        {props.unit && <em>{props.unit}</em>}
      </span>
    </Field>
  )
}

export function Check(props: { label: string; value: boolean; onPick: (value: boolean) => void; disabled?: boolean }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.value}
        disabled={props.disabled}
        onChange={(event) => props.onPick(event.currentTarget.checked)}
      />
      <span>{props.label}</span>
    </label>
  )
}

/** On or off, said in words as well as by the knob's side. */
export function Switch(props: {
  on: boolean
  label: string
  disabled?: boolean
  title?: string | undefined
  onPick: (on: boolean) => void
  testid?: string
}) {
  return (
    <button
      type="button"
      class={`studio-switch ${props.on ? 'is-on' : ''}`}
      role="switch"
      aria-checked={props.on}
      aria-label={props.label}
      title={props.title}
      disabled={props.disabled}
      onClick={() => props.onPick(!props.on)}
      data-testid={props.testid}
    >
      <i />
      <span>{t(props.on ? 'studio.on' : 'studio.off')}</span>
    </button>
  )
}

/** What is done only when it is meant: the first press asks, the second does it. */
export function Sure(props: {
  text: string
  ask: string
  armed: boolean
  onArm: (armed: boolean) => void
  onSure: () => void
  disabled?: boolean
  testid?: string
}) {
  if (!props.armed) {
    return (
      <button
        type="button"
        class="button small"
        disabled={props.disabled}
        onClick={() => props.onArm(true)}
        data-testid={props.testid}
      >
        {props.text}
      </button>
    )
  }
  return (
    <span class="sure">
      <button
        type="button"
        class="button small primary"
        onClick={() => {
          props.onArm(false)
          props.onSure()
        }}
        data-testid={props.testid ? `${props.testid}-sure` : undefined}
      >
        {props.ask}
      </button>
      <button type="button" class="button small" onClick={() => props.onArm(false)}>
        {t('draw.leave')}
      </button>
    </span>
  )
}

export const weekdayNames = (): (readonly [number, string])[] =>
  ([0, 1, 2, 3, 4, 5, 6] as const).map((n) => [n, t(`studio.day.${n}`)] as const)

export { fromLocalInput, localInput } from '../../domain/format'
