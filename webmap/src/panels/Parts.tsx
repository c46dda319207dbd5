/** Parts that every panel is made of. */
import type { ComponentChildren, ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { clockTime, fullTime } from '../domain/format'
import { t } from '../i18n'
import { now } from '../state/clock'
import { Icon, type IconName } from './Icon'

export function Section({
  title,
  aside,
  children,
}: {
  title: string
  aside?: ComponentChildren
  children: ComponentChildren
}) {
  return (
    <section class="section">
      <h3 class="section-head">
        <span>{title}</span>
        {aside !== undefined && <span class="section-aside">{aside}</span>}
      </h3>
      {children}
    </section>
  )
}

export function Empty({ title, lead }: { title: string; lead?: string }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {lead && <p class="empty-lead">{lead}</p>}
    </div>
  )
}

/** A time as the screen says it, with the whole instant and its zone in the tooltip. */
export function Time({ at, seconds = true }: { at: string | null | undefined; seconds?: boolean }) {
  return (
    <time dateTime={at ?? ''} title={fullTime(at)}>
      {clockTime(at, now.value, seconds)}
    </time>
  )
}

export interface RowProps {
  mark: ComponentChildren
  title: string
  line?: ComponentChildren
  aside?: ComponentChildren
  tone?: string
  selected?: boolean
  onClick?: () => void
  testid?: string
}

/** One line of a list: a sign, what it is, what there is to know, and the figure on the right. */
export function Row({ mark, title, line, aside, tone = '', selected = false, onClick, testid }: RowProps) {
  return (
    <li class="row-item">
      <button
        type="button"
        class={`row ${tone} ${selected ? 'is-selected' : ''}`}
        onClick={onClick}
        aria-current={selected ? 'true' : undefined}
        data-testid={testid}
      >
        <span class="row-mark">{mark}</span>
        <span class="row-title">{title}</span>
        {aside !== undefined && <span class="row-aside">{aside}</span>}
        {line !== undefined && <span class="row-line">{line}</span>}
      </button>
    </li>
  )
}

export function IconButton(props: {
  icon: IconName
  label: string
  onClick: () => void
  testid?: string
  pressed?: boolean
}) {
  return (
    <button
      type="button"
      class="icon-button"
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      onClick={props.onClick}
      data-testid={props.testid}
    >
      <Icon name={props.icon} />
    </button>
  )
}

/** A choice of a few, side by side. */
export function Choice<T extends string | number>(props: {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  onPick: (value: T) => void
  testid?: string
}) {
  return (
    <fieldset class="choice" data-testid={props.testid}>
      <legend>{props.label}</legend>
      <div class="choice-row">
        {props.options.map(([value, text]) => (
          <button
            type="button"
            key={value}
            class={value === props.value ? 'is-on' : ''}
            aria-pressed={value === props.value}
            onClick={() => props.onPick(value)}
          >
            {text}
          </button>
        ))}
      </div>
    </fieldset>
  )
}

/** Any of some, side by side and wrapping; none of them means all. */
export function Chips<T extends string | number>(props: {
  label: string
  value: readonly T[]
  options: readonly (readonly [T, ComponentChildren])[]
  onPick: (value: T[]) => void
  testid?: string
}) {
  const toggle = (one: T) =>
    props.onPick(props.value.includes(one) ? props.value.filter((item) => item !== one) : [...props.value, one])
  return (
    <fieldset class="choice" data-testid={props.testid}>
      <legend>{props.label}</legend>
      <div class="chips">
        {props.options.map(([value, text]) => (
          <button
            type="button"
            key={value}
            class={props.value.includes(value) ? 'is-on' : ''}
            aria-pressed={props.value.includes(value)}
            onClick={() => toggle(value)}
          >
            {text}
          </button>
        ))}
      </div>
    </fieldset>
  )
}

/** What is not looked at every day: folded, with its present state beside its name. */
export function Fold(props: {
  title: string
  aside?: string
  open?: boolean
  children: ComponentChildren
  testid?: string
}) {
  return (
    <details class="fold" open={props.open ?? false} data-testid={props.testid}>
      <summary>
        <span>{props.title}</span>
        <small>{props.aside}</small>
      </summary>
      <div class="fold-body">{props.children}</div>
    </details>
  )
}

/** A panel whose code is fetched when it is first opened. */
export function lazily<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null
  return function Lazy(props: P) {
    const [, again] = useState(0)
    const [failed, setFailed] = useState(false)
    useEffect(() => {
      if (loaded) return
      let current = true
      load().then(
        (found) => {
          loaded = found
          if (current) again((n) => n + 1)
        },
        () => current && setFailed(true),
      )
      return () => {
        current = false
      }
    }, [])
    if (loaded) {
      const Body = loaded as ComponentType<object>
      return <Body {...props} />
    }
    return failed ? <p class="calm">{t('error.offline')}</p> : <Loading />
  }
}

export type Loaded<T> =
  | { state: 'loading'; value: T | null }
  | { state: 'ready'; value: T }
  | { state: 'failed'; error: unknown }

/** Asks a door whenever `deps` change; the last answer stays on the screen while the next one is asked. */
export function useLoad<T>(work: () => Promise<T>, deps: unknown[]): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading', value: null })
  useEffect(() => {
    let current = true
    setLoaded((before) => ({ state: 'loading', value: before.state === 'failed' ? null : before.value }))
    work().then(
      (value) => current && setLoaded({ state: 'ready', value }),
      (error: unknown) => current && setLoaded({ state: 'failed', error }),
    )
    return () => {
      current = false
    }
  }, deps)
  return loaded
}

export function Loading() {
  return (
    <p class="loading" aria-live="polite">
      {t('detail.loading')}
    </p>
  )
}
