/** Fences as they stand, what happened at them, and the one that a person is making. */
import { computed, signal } from '@preact/signals'
import { type Fence, type FenceEvent, type FencePreview, type FenceSpec, type Inside, studio } from '../api/studio'
import { EMPTY_FENCE, groundSaid, tidyFence } from '../domain/fence'
import { Held } from './studio'
import { studioPick } from './view'

export const NEW = '+'

export const fences = new Held<Fence[]>(studio.fences)
export const events = new Held<FenceEvent[]>(() => {
  const key = studioPick.peek()
  return studio.fenceEvents(key && key !== NEW ? key : null)
})
export const insiders = new Held<Inside[]>(() => studio.inside(studioPick.peek()))

export const picked = computed<Fence | null>(
  () => fences.value.value?.find(({ key }) => key === studioPick.value) ?? null,
)

/** By fence key, `+` for one in the making. Where there is a draft, the fence is being worked on. */
const drafts = signal<Record<string, FenceSpec>>({})
export const fenceDraft = computed<FenceSpec | null>(
  () => drafts.value[studioPick.value] ?? (studioPick.value === NEW ? EMPTY_FENCE : null),
)

export function editFence(change: Partial<FenceSpec>): void {
  const now = fenceDraft.peek()
  if (now) drafts.value = { ...drafts.peek(), [studioPick.peek()]: { ...now, ...change } }
}

export function workOn(fence: Fence): void {
  drafts.value = { ...drafts.peek(), [fence.key]: tidyFence(fence) }
}

export function dropFenceDraft(key: string): void {
  const { [key]: _dropped, ...rest } = drafts.peek()
  drafts.value = rest
}

/** What the preview is asked: null while the ground is not said. */
export const toPreview = computed<string | null>(() => {
  const spec = fenceDraft.value
  if (!spec || !groundSaid(spec.source)) return null
  // A name and a note change nothing on the ground.
  return JSON.stringify({ ...tidyFence(spec), name: '·', note: '' })
})

export const preview = signal<{ of: string; found: FencePreview } | null>(null)
export const previewError = signal<unknown>(null)
/** The answer to what now stands in the form, and no other. */
export const previewNow = computed(() =>
  preview.value?.of === toPreview.value ? (preview.value?.found ?? null) : null,
)
