/** The top bar: which city, how healthy its data is, how much is wrong, what the weather does, what time it is, who looks. */
import { count, figure, fullTime } from '../domain/format'
import { t } from '../i18n'
import { notReached } from '../state/calls'
import { cityName } from '../state/catalogue'
import { now } from '../state/clock'
import { feedSummary } from '../state/feeds'
import { rainNow } from '../state/rain'
import { account } from '../state/session'
import { overlay, panel } from '../state/view'
import { redUnconfirmed, warnings } from '../state/warnings'
import { Icon } from './Icon'
import { LevelMark, Octagon } from './Marks'

const two = (n: number) => String(n).padStart(2, '0')

export function Clock() {
  const at = new Date(now.value)
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return (
    <time
      class="clock"
      dateTime={at.toISOString()}
      title={`${t('top.clock')} ${fullTime(at.toISOString())}`}
      data-testid="clock"
    >
      {text}
    </time>
  )
}

function FeedHealth() {
  const { known, ok, all, late, stale } = feedSummary.value
  const open = () => (panel.value = 'feeds')
  return (
    <>
      <button
        type="button"
        class={`chip ${known && ok === all && all > 0 ? 'is-ok' : ''}`}
        onClick={open}
        data-testid="feed-health"
      >
        {known ? t('top.feeds.ok', { ok, all }) : t('top.feeds.unknown')}
      </button>
      {stale > 0 && (
        <button type="button" class="chip is-stale" onClick={open}>
          {t('top.feeds.stale', { n: stale })}
        </button>
      )}
      {late > 0 && (
        <button type="button" class="chip is-late" onClick={open}>
          {t('top.feeds.late', { n: late })}
        </button>
      )}
    </>
  )
}

function Alarms() {
  const list = warnings.value
  const worst = list[0]
  if (!worst) {
    return (
      <button type="button" class="chip" onClick={() => (panel.value = 'warnings')} data-testid="alarm-count">
        {t('top.alarms.none')}
      </button>
    )
  }
  return (
    <button
      type="button"
      class={`chip chip-level level-${worst.level} ${redUnconfirmed.value ? 'pulse' : ''}`}
      onClick={() => (panel.value = 'warnings')}
      data-testid="alarm-count"
    >
      <LevelMark level={worst.level} size={0.95} />
      {t('top.alarms', { n: list.length })}
    </button>
  )
}

/** How many people nobody has reached yet: the figure a wet night is led by. */
function NotReached() {
  const { people, unanswered } = notReached.value
  if (unanswered > 0) {
    return (
      <button
        type="button"
        class="chip chip-nobody pulse"
        onClick={() => (panel.value = 'now')}
        data-testid="not-reached"
      >
        <Octagon size={1} />
        {[t('calls.nobody.count', { n: unanswered }), people ? t('calls.people', { n: count(people) }) : '']
          .filter(Boolean)
          .join(' · ')}
      </button>
    )
  }
  if (!people) return null
  return (
    <button type="button" class="chip chip-waiting" onClick={() => (panel.value = 'now')} data-testid="not-reached">
      {t('calls.people', { n: count(people) })}
    </button>
  )
}

function Rain() {
  const rain = rainNow.value
  return (
    <span
      class="top-rain"
      title={rain ? t('top.rain.tip', { n: rain.gauges }) : t('top.rain.none')}
      data-testid="rain-now"
    >
      {t('top.rain')} <b>{rain ? figure(rain.value, rain.unit) : '—'}</b>
    </span>
  )
}

export function TopBar() {
  return (
    <header class="top">
      <h1 class="top-name">
        {cityName.value} <span>{t('app.name')}</span>
      </h1>
      <span class="top-place">{t('app.situation')}</span>
      <FeedHealth />
      <Alarms />
      <NotReached />
      <span class="grow" />
      <Rain />
      <Clock />
      <button
        type="button"
        class="icon-button"
        aria-label={t('search.label')}
        title={`${t('search.label')} /`}
        onClick={() => (overlay.value = 'search')}
        data-testid="open-search"
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        class="top-who"
        aria-haspopup="dialog"
        aria-expanded={overlay.value === 'menu'}
        aria-label={t('top.menu')}
        onClick={() => (overlay.value = overlay.value === 'menu' ? null : 'menu')}
        data-testid="account-menu"
      >
        <Icon name="user" size={1.1} />
        {account.value?.title || account.value?.login}
      </button>
    </header>
  )
}
