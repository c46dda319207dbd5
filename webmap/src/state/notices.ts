/** What a team was told of its grids. */
import { computed } from '@preact/signals'
import { notices as doors, type GridNotice } from '../api/notices'
import { Held } from './studio'

/** News of one comes over the stream; this is for a stream that is dead. */
export const NOTICE_POLL_MS = 120_000

export const notices = new Held<GridNotice[]>(doors.own)
/** How many of them nobody of the team has said to have read. */
export const unread = computed(() => (notices.value.value ?? []).filter(({ seen_at }) => !seen_at).length)

/** Says that the team has read one; what the door answers stands in its place. */
export async function acknowledgeNotice(id: number): Promise<void> {
  const read = await doors.acknowledge(id)
  notices.value.value = (notices.value.peek() ?? []).map((one) => (one.id === id ? read : one))
}
