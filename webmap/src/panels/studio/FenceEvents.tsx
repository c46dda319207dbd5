/** What happened at fences, newest first, each with its reason; it goes on by itself. */
import { useEffect } from 'preact/hooks'
import type { FenceEvent } from '../../api/studio'
import { t, title } from '../../i18n'
import { flyTo } from '../../map/map'
import { events } from '../../state/fences'
import { useFollow } from '../../state/studio'
import { select, studioPick } from '../../state/view'
import { KindMark } from '../Marks'
import { Loading, Row, Time } from '../Parts'
import { Refused } from './Shell'

const POLL_MS = 5000
const SHOWN = 40

const SIGNS: Record<FenceEvent['kind'], string> = {
  approach: '⇢',
  enter: '→',
  exit: '←',
  dwell: '◷',
  cross: '⇄',
  appeared_inside: '●',
  absent_when_due: '∅',
  fence_created: '+',
  fence_expired: '×',
}

function show({ mover_key: key, lon, lat }: FenceEvent): void {
  if (key) select('mover', key)
  if (lon !== null && lat !== null) flyTo(lon, lat, 14.5)
}

export function FenceEvents() {
  const key = studioPick.value
  useFollow(events, POLL_MS, 'fence')
  useEffect(() => {
    events.forget()
    void events.load()
  }, [key])
  const list = events.value.value
  const error = events.error.value
  if (!list) return error ? <Refused error={error} /> : <Loading />
  if (list.length === 0) return <p class="calm">{t('fence.events.none')}</p>
  return (
    <ul class="rows event-list" aria-live="polite" data-testid="fence-events">
      {list.slice(0, SHOWN).map((event) => (
        <Row
          key={event.id}
          mark={<b class="event-sign">{SIGNS[event.kind]}</b>}
          title={`${event.mover_name ?? event.mover_key ?? event.fence_name} · ${t(`fence.event.${event.kind}`)}`}
          aside={<Time at={event.at} />}
          line={
            <>
              {!key && event.mover_key && `${event.fence_name} · `}
              {title(event.reason)}
            </>
          }
          tone={event.warning_key ? 'has-warning' : ''}
          onClick={() => show(event)}
          testid={`event-${event.kind}`}
        />
      ))}
    </ul>
  )
}

export function MoverMark({ kind }: { kind: string | null }) {
  return <KindMark kind={kind ?? 'vehicle'} size={1.1} />
}
