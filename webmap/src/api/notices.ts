/** Notices to a team about its grids. */
import { get, post } from './client'
import type { components } from './schema.gen'

export type GridNotice = components['schemas']['GridNotice']

export const notices = {
  own: () => get<GridNotice[]>('/notices'),
  acknowledge: (id: number) => post<GridNotice>(`/notices/${id}/acknowledge`) as Promise<GridNotice>,
}
