/** A team's notices: what changed of its grids, until it says that it has read that. */
import { useState } from 'preact/hooks'
import type { GridNotice } from '../api/notices'
import { t, title } from '../i18n'
import { acknowledgeNotice, notices } from '../state/notices'
import { attempt } from '../state/toast'
import { Fold, Time } from './Parts'

function Notice({ one }: { one: GridNotice }) {
  const [busy, setBusy] = useState(false)
  const read = async () => {
    setBusy(true)
    await attempt(() => acknowledgeNotice(one.id))
    setBusy(false)
  }
  return (
    <li class={`grid-notice ${one.seen_at ? 'is-read' : ''}`} data-testid={`notice-${one.id}`}>
      <h4>
        {t(one.back ? 'notice.back' : 'notice.changed')} <Time at={one.at} seconds={false} />
      </h4>
      <p>{title(one.text)}</p>
      {one.seen_at ? (
        <small>
          {t('notice.read')} <Time at={one.seen_at} seconds={false} />
        </small>
      ) : (
        <button
          type="button"
          class="button primary"
          disabled={busy}
          onClick={() => void read()}
          data-testid={`notice-${one.id}-read`}
        >
          {t('notice.acknowledge')}
        </button>
      )}
    </li>
  )
}

export function Notices() {
  const list = notices.value.value ?? []
  const waiting = list.filter(({ seen_at }) => !seen_at)
  const read = list.filter(({ seen_at }) => seen_at)
  if (list.length === 0) return null
  return (
    <div class="grid-notices" data-testid="notices">
      {waiting.length > 0 && (
        <ul>
          {waiting.map((one) => (
            <Notice key={one.id} one={one} />
          ))}
        </ul>
      )}
      {read.length > 0 && (
        <Fold title={t('notice.past')} aside={String(read.length)} testid="notices-past">
          <ul>
            {read.map((one) => (
              <Notice key={one.id} one={one} />
            ))}
          </ul>
        </Fold>
      )}
    </div>
  )
}
