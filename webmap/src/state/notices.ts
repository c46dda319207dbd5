/** What a team was told of its grids. */
import { notices as doors, type GridNotice } from '../api/notices'
import { Held } from './studio'

export const notices = new Held<GridNotice[]>(doors.own)

/** Says that the team has read one; what the door answers stands in its place. */
export async function acknowledgeNotice(id: number): Promise<void> {
  const read = await doors.acknowledge(id)
  notices.value.value = (notices.value.peek() ?? []).map((one) => (one.id === id ? read : one))
}
