/** Fences, worked on upon the map: the list by state, one of them, or one in the making. */
import { useEffect } from 'preact/hooks'
import { t } from '../../i18n'
import { showFences } from '../../map/fences'
import { fenceDraft, fences, picked } from '../../state/fences'
import { useFollow } from '../../state/studio'
import { studioPick } from '../../state/view'
import { Icon } from '../Icon'
import { Loading } from '../Parts'
import { FenceDetail } from './FenceDetail'
import { FenceEditor } from './FenceEditor'
import { FenceList } from './FenceList'
import { calmEscape, Refused } from './Shell'

/** Moving fences move, and what is inside changes without a word of the fence's own. */
const POLL_MS = 5000

export function Fences() {
  useEffect(showFences, [])
  useFollow(fences, POLL_MS, 'fence')
  const list = fences.value.value
  const error = fences.error.value
  const key = studioPick.value
  if (!list && !(error && key === '+')) {
    return error ? <Refused error={error} again={() => void fences.load()} /> : <Loading />
  }
  return (
    <section class="studio-list fences" aria-label={t('rail.fences')} onKeyDown={calmEscape} data-testid="fences-panel">
      {key && (
        <button type="button" class="link back-link" onClick={() => (studioPick.value = '')} data-testid="fence-back">
          <Icon name="left" size={0.9} /> {t('fence.all')}
        </button>
      )}
      {error !== null && <Refused error={error} />}
      {fenceDraft.value ? (
        <FenceEditor key={key} spec={fenceDraft.value} />
      ) : picked.value ? (
        <FenceDetail key={key} fence={picked.value} />
      ) : key ? (
        <p class="calm">{t('fence.gone')}</p>
      ) : (
        <FenceList list={list ?? []} />
      )}
    </section>
  )
}
