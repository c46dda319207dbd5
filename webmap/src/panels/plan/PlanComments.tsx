/** Remarks of the review: written to a place on the map, to a grid or to the whole, answered, and settled. */
import { useEffect, useState } from 'preact/hooks'
import { type Comment, plans } from '../../api/plans'
import { threadsOf } from '../../domain/planFiles'
import { t } from '../../i18n'
import { flyTo } from '../../map/map'
import { plan, planAsking, planPick, planPinOpen, planPins } from '../../state/plan'
import { gridName, planComments, showGrids, useOfPlan } from '../../state/planPanels'
import { attempt } from '../../state/toast'
import { isPhone } from '../../state/view'
import { Section, Time } from '../Parts'
import { Said } from './PlanParts'

async function write(text: string, more: { at?: [number, number]; grid?: string; reply_to?: number }) {
  const key = plan.peek()?.plan.key
  if (!key) return false
  return attempt(async () => {
    await plans.comment(key, { text, ...more })
    await planComments.load()
  })
}

function Write() {
  const [text, setText] = useState('')
  const [place, setPlace] = useState<{ at: [number, number]; grid: string | null } | null>(null)
  const [only] = planPick.value
  const grid = planPick.value.size === 1 ? only : undefined
  useEffect(
    () => () => {
      planAsking.value = null
    },
    [],
  )
  const ask = () => {
    planAsking.value = planAsking.peek()
      ? null
      : (at, of) => {
          planAsking.value = null
          setPlace({ at: [at[0], at[1]], grid: of })
        }
  }
  const send = async () => {
    const words = text.trim()
    if (!words) return
    const to = place?.grid ?? grid
    if (await write(words, { ...(place ? { at: place.at } : {}), ...(to ? { grid: to } : {}) })) {
      setText('')
      setPlace(null)
    }
  }
  return (
    <div class="plan-write">
      <textarea
        rows={2}
        maxLength={2000}
        value={text}
        placeholder={grid ? t('plans.comment.grid', { grid: gridName(grid) }) : t('plans.comment.write')}
        aria-label={t('plans.comment.write')}
        onInput={(event) => setText(event.currentTarget.value)}
        data-testid="comment-text"
      />
      <div class="quick">
        {!isPhone.value && (
          <button
            type="button"
            class={`button small ${planAsking.value ? 'is-on' : ''}`}
            aria-pressed={planAsking.value !== null}
            onClick={ask}
            data-testid="comment-place"
          >
            {t(planAsking.value ? 'plans.comment.click' : place ? 'plans.comment.placed' : 'plans.comment.place')}
          </button>
        )}
        {place && (
          <button type="button" class="button small" onClick={() => setPlace(null)}>
            {t('plans.comment.noplace')}
          </button>
        )}
        <button
          type="button"
          class="button small primary"
          disabled={text.trim() === ''}
          onClick={() => void send()}
          data-testid="comment-send"
        >
          {t('plans.comment.send')}
        </button>
      </div>
    </div>
  )
}

function Remark({ one, replies }: { one: Comment; replies: Comment[] }) {
  const [answer, setAnswer] = useState<string | null>(null)
  const key = plan.value?.plan.key
  const show = () => {
    planPinOpen.value = one.id
    if (one.grid && plan.peek()?.grids.has(one.grid)) showGrids([one.grid])
    const [lon, lat] = one.at ?? []
    if (lon !== undefined && lat !== undefined) flyTo(lon, lat, 16.5)
  }
  return (
    <li
      class={`plan-remark ${one.resolved ? 'is-settled' : ''} ${planPinOpen.value === one.id ? 'is-selected' : ''}`}
      data-testid={`comment-${one.id}`}
    >
      <header>
        <b>{one.by}</b>
        <Time at={one.written_at} seconds={false} />
        {(one.at || one.grid) && (
          <button type="button" class="link" onClick={show} data-testid={`comment-${one.id}-show`}>
            {one.grid ? gridName(one.grid) : t('plans.comment.onmap')}
          </button>
        )}
      </header>
      <p>{one.text}</p>
      {replies.map((reply) => (
        <blockquote key={reply.id}>
          <small>
            {reply.by} <Time at={reply.written_at} seconds={false} />
          </small>
          {reply.text}
        </blockquote>
      ))}
      {!one.resolved && answer === null && (
        <div class="quick">
          <button type="button" class="link" onClick={() => setAnswer('')}>
            {t('plans.comment.answer')}
          </button>
          <button
            type="button"
            class="link"
            onClick={() =>
              void attempt(async () => {
                if (key) await plans.resolve(key, one.id)
                await planComments.load()
              })
            }
            data-testid={`comment-${one.id}-settle`}
          >
            {t('plans.comment.settle')}
          </button>
        </div>
      )}
      {answer !== null && (
        <form
          class="plan-write"
          onSubmit={async (event) => {
            event.preventDefault()
            if (answer.trim() && (await write(answer.trim(), { reply_to: one.id }))) setAnswer(null)
          }}
        >
          <input
            value={answer}
            maxLength={2000}
            aria-label={t('plans.comment.answer')}
            ref={(node) => node?.focus()}
            onInput={(event) => setAnswer(event.currentTarget.value)}
          />
          <button type="submit" class="button small primary" disabled={answer.trim() === ''}>
            {t('plans.comment.send')}
          </button>
        </form>
      )}
    </li>
  )
}

export function PlanComments() {
  useOfPlan(planComments, 'comment')
  const [all, setAll] = useState(false)
  const list = planComments.value.value
  const error = planComments.error.value
  const threads = threadsOf(list ?? [])
  const open = threads.filter(({ one }) => !one.resolved)
  useEffect(() => {
    planPins.value = threads.flatMap(({ one }) => {
      const [lon, lat] = one.at ?? []
      if (lon === undefined || lat === undefined) return []
      return [{ id: one.id, at: [lon, lat] as const, text: one.text, resolved: one.resolved }]
    })
  }, [list])
  useEffect(
    () => () => {
      planPins.value = []
      planPinOpen.value = null
    },
    [],
  )
  const shown = all ? threads : open
  return (
    <Section title={t('plans.comments')} aside={list ? t('plans.comments.open', { n: open.length }) : undefined}>
      {error !== null && <Said error={error} again={() => void planComments.load()} />}
      <Write />
      <ul class="plan-remarks" data-testid="comments">
        {shown.map(({ one, replies }) => (
          <Remark key={one.id} one={one} replies={replies} />
        ))}
      </ul>
      {threads.length > open.length && (
        <button type="button" class="link" onClick={() => setAll(!all)}>
          {all ? t('plans.comments.less') : t('plans.comments.all', { n: threads.length - open.length })}
        </button>
      )}
    </Section>
  )
}
