/** The banner no one can miss: the worst warning that nobody has confirmed, and the offer to go where others are. */
import { levelName, levelWord } from '../domain/levels'
import { lang, t } from '../i18n'
import { flyTo, placeNear } from '../map/map'
import { mayCommand } from '../state/session'
import { panel, select, selection } from '../state/view'
import {
  detailVersion,
  dismissFresh,
  fresh,
  threatText,
  unconfirmed,
  warningDetail,
  warningName,
  warnings,
} from '../state/warnings'
import { LevelMark } from './Marks'
import { useLoad } from './Parts'
import { causeText, confirmWarning } from './Why'

export function Banner() {
  const list = unconfirmed.value
  const worst = list[0]
  const loaded = useLoad(async () => (worst ? warningDetail(worst.key) : null), [worst?.key, detailVersion.value])
  if (!worst) return null
  const detail = loaded.state !== 'failed' && loaded.value?.warning.key === worst.key ? loaded.value : null
  const chosen = selection.value
  const open =
    (chosen?.layer === 'warning' && chosen.key === worst.key) ||
    (chosen?.layer === 'hazard' && chosen.key === worst.hazard_key)
  return (
    <div
      class={`banner level-${worst.level} ${worst.level === 1 ? 'pulse-edge' : ''} ${worst.drill ? 'is-drill' : ''}`}
      role="alert"
      data-testid="banner"
    >
      <LevelMark level={worst.level} size={2} sign drill={worst.drill} />
      <div class="banner-text">
        <strong>
          {worst.drill && `${t('warning.drill')} · `}
          {levelName(worst.level, lang.value)} · {levelWord(worst.level, lang.value)} · {warningName(worst)}
        </strong>
        <p>{[detail ? causeText(detail) : '', threatText(worst)].filter(Boolean).join(' · ')}</p>
      </div>
      {list.length > 1 && (
        <button type="button" class="banner-more" onClick={() => (panel.value = 'warnings')}>
          {t('warning.more', { n: list.length - 1 })}
        </button>
      )}
      {mayCommand.value && (
        <button
          type="button"
          class="button primary"
          onClick={() => void confirmWarning(worst.key)}
          data-testid="banner-confirm"
        >
          {t('warning.confirm')}
        </button>
      )}
      {!open && (
        <button type="button" class="button" onClick={() => select('warning', worst.key)} data-testid="banner-why">
          {t('warning.why')}
        </button>
      )}
    </div>
  )
}

/** The map never moves by itself: it offers. */
export function Offer() {
  const list = warnings.value.filter((warning) => fresh.value.includes(warning.key))
  const first = list[0]
  if (!first) return null
  const place = placeNear(first.lon, first.lat)
  const text = place ? t('warning.offer', { n: list.length, place }) : t('warning.offer.noplace', { n: list.length })
  return (
    <div class="offer" data-testid="offer">
      <button
        type="button"
        class={`level-${first.level}`}
        onClick={() => {
          flyTo(first.lon, first.lat)
          dismissFresh()
        }}
      >
        <LevelMark level={first.level} size={0.95} /> {text}
      </button>
      <button type="button" class="offer-close" aria-label={t('panel.close')} onClick={dismissFresh}>
        ×
      </button>
    </div>
  )
}
