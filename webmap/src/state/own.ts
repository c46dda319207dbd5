/** Where the signed-in team is: its own device when that is on the map, else its post. */
import { computed } from '@preact/signals'
import { stores } from './features'
import { account } from './session'

export const ownPlace = computed<[number, number] | null>(() => {
  const key = account.value?.team_key
  if (!key) return null
  const device = stores.mover
    .all()
    .find(({ properties: p }) => p.team_key === key && p.kind === 'team_device' && typeof p.seen_at === 'string')
  const place = device ?? stores.team.get(key)
  if (place?.geometry.type !== 'Point') return null
  const [lon, lat] = place.geometry.coordinates
  return lon === undefined || lat === undefined ? null : [lon, lat]
})
