/** What waits on this device for the network, and what the server would not have. */

import { keptAt } from '../api/client'
import { clockTime } from '../domain/format'
import { t } from '../i18n'
import { now } from '../state/clock'
import { dismissEntry, flush, waiting } from '../state/outbox'
import { Time } from './Parts'

export function Pending() {
  const list = waiting.value
  if (list.length === 0) return null
  const open = list.filter((entry) => entry.refused === undefined)
  return (
    <section class="pending" role="status" data-testid="pending">
      {open.length > 0 && (
        <p class="pending-head">
          <b>{t('outbox.waiting', { n: open.length })}</b>
          <button type="button" class="button small" onClick={() => void flush()}>
            {t('outbox.now')}
          </button>
        </p>
      )}
      <ul>
        {list.map((entry) => (
          <li key={entry.id} class={entry.refused === undefined ? '' : 'is-refused'}>
            <span>
              {t(`outbox.${entry.step}`)}
              {entry.note && ` · ${entry.note}`}
              {entry.photo && ` · ${t('report.photo.alt')}`}
              {entry.refused !== undefined && <small>{entry.refused}</small>}
            </span>
            {entry.refused === undefined ? (
              <Time at={entry.at} />
            ) : (
              <button type="button" class="button small" onClick={() => void dismissEntry(entry.id)}>
                {t('outbox.dismiss')}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Without a network what stands here is this device's own: it says from when. */
export function KeptNote() {
  const at = keptAt.value
  if (at === null) return null
  return (
    <p class="kept" role="status" data-testid="kept">
      {t('outbox.kept', { at: clockTime(at, now.value) })}
    </p>
  )
}
