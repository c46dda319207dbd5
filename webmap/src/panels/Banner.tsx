/** The banner no one can miss: one for each storm that waits for a decision or in which nobody answers, worst first. */

import { count } from '../domain/format'
import { levelName, levelWord } from '../domain/levels'
import type { Group } from '../domain/urgency'
import { lang, t } from '../i18n'
import { flyTo, placeNear } from '../map/map'
import { callGrids } from '../state/calls'
import { mayCommand } from '../state/session'
import { isPhone, panel, select, selection } from '../state/view'
import {
  detailVersion,
  dismissFresh,
  fresh,
  loud,
  placeOf,
  threatText,
  warningDetail,
  warningName,
  warnings,
} from '../state/warnings'
import { LevelMark, Octagon } from './Marks'
import { useLoad } from './Parts'
import { causeText, confirmWarning } from './Why'

/** More storms than this at once are counted. */
const SHOWN = 3

/** `演练 · 黄色 III 级 · 注意 · 云溪沟 3 号滑坡`, or the storm's own title with how many it is made of. */
function headline(group: Group): string {
  const worst = group.warnings[0]
  if (!worst) return ''
  const n = group.warnings.length
  // A storm's own title says how many it is made of.
  const storm = group.title ? placeOf(group.title, group.level) : t('banner.storm', { name: warningName(worst) })
  return [
    group.drill ? t('warning.drill') : '',
    levelName(group.level, lang.value),
    n > 1 ? '' : levelWord(group.level, lang.value),
    n > 1 ? storm : warningName(worst),
    n > 1 && !group.title ? t('banner.count', { n }) : '',
  ]
    .filter(Boolean)
    .join(' · ')
}

/** Nobody answers: how many places, how many people, in one breath. */
function silence(group: Group): string {
  const keys = new Set(group.warnings.map((warning) => warning.key))
  const grids = callGrids.value.filter(({ properties: p }) => p.state === 'unanswered' && keys.has(p.warning_key))
  const places = new Set(grids.map(({ properties: p }) => p.grid_code)).size
  return [
    t('calls.nobody.count', { n: Math.max(places, group.unanswered) }),
    group.waiting ? t('calls.people', { n: count(group.waiting) }) : '',
  ]
    .filter(Boolean)
    .join(' · ')
}

function Actions({ group }: { group: Group }) {
  const worst = group.warnings[0]
  if (!worst) return null
  const chosen = selection.value
  const open =
    (chosen?.layer === 'warning' && chosen.key === worst.key) ||
    (chosen?.layer === 'hazard' && chosen.key === worst.hazard_key)
  const waiting = group.warnings.find((warning) => warning.state === 'active')
  return (
    <>
      {group.warnings.length > 1 && (
        <button type="button" class="banner-more" onClick={() => (panel.value = 'warnings')}>
          {t('warning.more', { n: group.warnings.length - 1 })}
        </button>
      )}
      {mayCommand.value && waiting && (
        <button
          type="button"
          class="button primary"
          onClick={() => void confirmWarning(waiting.key)}
          data-testid="banner-confirm"
        >
          {t(waiting.calling === null || waiting.calling === 'none' ? 'warning.confirm' : 'warning.confirm.call')}
        </button>
      )}
      {!open && (
        <button type="button" class="button" onClick={() => select('warning', worst.key)} data-testid="banner-why">
          {t('warning.why')}
        </button>
      )}
    </>
  )
}

function First({ group }: { group: Group }) {
  const worst = group.warnings[0]
  const loaded = useLoad(async () => (worst ? warningDetail(worst.key) : null), [worst?.key, detailVersion.value])
  if (!worst) return null
  const detail = loaded.state !== 'failed' && loaded.value?.warning.key === worst.key ? loaded.value : null
  const nobody = group.unanswered > 0
  const pulse = nobody || (group.level === 1 && group.unconfirmed > 0)
  return (
    <div
      class={`banner level-${group.level} ${pulse ? 'pulse-edge' : ''} ${group.drill ? 'is-drill' : ''} ${nobody ? 'is-nobody' : ''}`}
      data-testid="banner"
    >
      {nobody ? <Octagon size={2.6} /> : <LevelMark level={group.level} size={2} sign drill={group.drill} />}
      <div class="banner-text">
        {nobody && (
          <b class="banner-nobody" data-testid="banner-nobody">
            {group.drill && `${t('warning.drill')} · `}
            {silence(group)}
          </b>
        )}
        <strong>
          {nobody && <LevelMark level={group.level} size={1} drill={group.drill} />}
          {headline(group)}
        </strong>
        <p>
          {[detail ? causeText(detail) : '', threatText(group.warnings.length > 1 ? group : worst)]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <Actions group={group} />
    </div>
  )
}

/** The storms after the worst: one line each. */
function Next({ group }: { group: Group }) {
  const worst = group.warnings[0]
  if (!worst) return null
  const nobody = group.unanswered > 0
  const pulse = nobody || (group.level === 1 && group.unconfirmed > 0)
  return (
    <button
      type="button"
      class={`banner-next level-${group.level} ${pulse ? 'pulse-edge' : ''} ${group.drill ? 'is-drill' : ''} ${nobody ? 'is-nobody' : ''}`}
      onClick={() => select('warning', worst.key)}
      data-testid="banner-next"
    >
      {nobody ? <Octagon size={1.2} /> : <LevelMark level={group.level} size={1.1} drill={group.drill} />}
      <strong>{headline(group)}</strong>
      <span>{nobody ? silence(group) : threatText(group.warnings.length > 1 ? group : worst)}</span>
    </button>
  )
}

export function Banner() {
  const list = loud.value
  const [first, ...others] = list
  if (!first) return null
  const shown = isPhone.value ? [] : others.slice(0, SHOWN - 1)
  const rest = others.length - shown.length
  return (
    <section class="banners" aria-label={t('rail.warnings')}>
      {/* Said once for each change of what leads, not for every tick of its clock. */}
      <p class="sr-only" role="alert">
        {[first.unanswered > 0 ? silence(first) : '', headline(first)].filter(Boolean).join(' · ')}
      </p>
      <First group={first} />
      {shown.map((group) => (
        <Next key={`${group.drill} ${group.key}`} group={group} />
      ))}
      {rest > 0 && !isPhone.value && (
        <button type="button" class="banner-rest" onClick={() => (panel.value = 'warnings')}>
          {t('banner.rest', { n: rest })}
        </button>
      )}
    </section>
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
