/** What matters now, worst first: warnings, teams that have not answered, cases on the clock, feeds that fell silent. */
import type { Alert, Feed, PaintedGrid, Warning } from '../api/types'
import { secondsSince, spanText, staleText } from '../domain/age'
import { clockText } from '../domain/clocks'
import { count } from '../domain/format'
import { middleOf } from '../domain/geo'
import { levelName, levelWord } from '../domain/levels'
import { byCalling, isUnanswered } from '../domain/urgency'
import { code, lang, t, title } from '../i18n'
import { loudestByGrid } from '../map/calls'
import { flyTo, goTo } from '../map/map'
import { answered, silentTeams } from '../state/alerts'
import { callGrids } from '../state/calls'
import { type OpenCase, urgentCases } from '../state/cases'
import { calledAs, classBeside } from '../state/classes'
import { now } from '../state/clock'
import { deliveries } from '../state/deliveries'
import { deadFeeds, feedAgeS } from '../state/feeds'
import { isTeam } from '../state/session'
import { panel, select, selection } from '../state/view'
import { placeOf, threatText, warningName, warnings } from '../state/warnings'
import { Countdown } from './Ladder'
import { CallingMark, Dot, LevelMark, Octagon, Ring } from './Marks'
import { Empty, Row, Section, Time } from './Parts'

/** More than this many of a kind are counted, not listed: the list is for what a person can act on. */
const SHOWN = { warnings: 8, called: 5, silent: 5, cases: 8 }

export function WarningRow({ warning }: { warning: Warning }) {
  const { key, level, state } = warning
  const chosen = selection.value
  const nobody = isUnanswered(warning)
  const pulse = nobody || (level === 1 && state === 'active') ? 'pulse-edge' : ''
  const facts = [levelName(level, lang.value), threatText(warning)]
  const calls = answered.value.get(key)
  if (nobody) facts.unshift(t('calls.nobody'))
  else if (warning.calling === 'calling' || warning.calling === 'waiting')
    facts.push(t(warning.calling === 'calling' ? 'code.calling.calling' : 'code.calling.waiting'))
  if (calls) facts.push(t('warning.calls', calls))
  return (
    <Row
      mark={nobody ? <Octagon /> : <LevelMark level={level} drill={warning.drill} />}
      title={warning.drill ? `${t('warning.drill')} · ${warningName(warning)}` : warningName(warning)}
      aside={
        <>
          {state === 'confirmed' && <span class="tick">✓ </span>}
          <Time at={warning.raised_at} seconds={false} />
        </>
      }
      line={facts.filter(Boolean).join(' · ')}
      tone={`row-level level-${level} ${pulse} ${warning.drill ? 'is-drill' : ''} ${nobody ? 'is-nobody' : ''}`}
      selected={chosen?.layer === 'warning' && chosen.key === key}
      onClick={() => {
        select('warning', key)
        flyTo(warning.lon, warning.lat, 14.5)
      }}
      testid="warning-item"
    />
  )
}

/** One grid that is being called, or where nobody answers: who is called, and when it climbs. */
function CallingRow({ grid }: { grid: PaintedGrid }) {
  const { properties: p } = grid
  const nobody = p.state === 'unanswered'
  const line = [
    p.drill ? t('warning.drill') : '',
    nobody ? t('calls.nobody') : p.rung ? code('rung', p.rung) : '',
    nobody ? '' : (p.team_name ?? p.team_key),
    p.residents === null ? '' : t('why.members', { n: count(p.residents) }),
  ]
  return (
    <Row
      mark={<CallingMark state={p.state} />}
      title={p.grid_name || p.grid_code}
      aside={
        !nobody && p.deadline_at ? (
          <Countdown to={p.deadline_at} from={p.called_at} text="ladder.climbs" over="ladder.climbing" />
        ) : undefined
      }
      line={line.filter(Boolean).join(' · ')}
      tone={`${nobody ? `is-nobody ${p.drill ? '' : 'pulse-edge'}` : ''} ${p.drill ? `is-drill level-${p.level}` : ''}`}
      onClick={() => {
        select('warning', p.warning_key)
        const [lon, lat] = middleOf(grid.geometry)
        flyTo(lon, lat, 14.5)
      }}
      testid="calling-item"
    />
  )
}

/** One team that has not answered: its worst call, the one it has had longest, and how many more. */
function SilentRow({ alert, more }: { alert: Alert; more: number }) {
  const waited = secondsSince(alert.delivered_at ?? alert.created_at, now.value) ?? 0
  const overdue = Date.parse(alert.due_on_site_at) < now.value
  const line = [placeOf(alert.title, alert.level), alert.state === 'queued' ? t('now.queued') : t('now.sent')]
  if (more > 0) line.push(t('warning.more', { n: more }))
  return (
    <Row
      mark={<span class={`hollow level-${alert.level}`} role="img" aria-label={levelWord(alert.level, lang.value)} />}
      title={alert.team_name ?? alert.team_key}
      aside={<span class={overdue ? 'late' : ''}>{t('now.waiting', { span: spanText(waited, lang.value) })}</span>}
      line={line.join(' · ')}
      onClick={() => select('team', alert.team_key)}
      testid="silent-item"
    />
  )
}

export function CaseRow({ item }: { item: OpenCase }) {
  const p = item.feature.properties
  const chosen = selection.value
  const waited = typeof p.reported_at === 'string' ? secondsSince(p.reported_at, now.value) : null
  return (
    <Row
      mark={<Ring clock={item.clock} />}
      title={calledAs('incident', p)}
      aside={
        item.clock ? (
          <span class={`clock-${item.clock.tone}`} data-testid="case-clock">
            {clockText(item.clock, lang.value)}
          </span>
        ) : waited === null ? undefined : (
          t('case.waiting', { span: spanText(waited, lang.value) })
        )
      }
      line={[p.code, p.address ?? p.grid_code, classBeside('incident', p)].filter(Boolean).join(' · ')}
      selected={chosen?.layer === 'incident' && chosen.key === p.key}
      onClick={() => {
        select('incident', p.key)
        goTo(item.feature)
      }}
      testid="incident-item"
    />
  )
}

function FeedRow({ feed }: { feed: Feed }) {
  const age = feedAgeS(feed)
  return (
    <Row
      mark={<Dot state={feed.state} />}
      title={title(feed.title) || feed.name}
      aside={staleText(age, lang.value)}
      line={
        feed.last_at
          ? t('now.lastvalue', { at: new Date(feed.last_at).toTimeString().slice(0, 5) })
          : t('now.neverfeed')
      }
      tone={feed.state === 'stale' ? 'is-stale' : 'is-late'}
      onClick={() => (panel.value = 'feeds')}
      testid="feed-item"
    />
  )
}

export function NowList() {
  const inForce = warnings.value
  const waiting = isTeam.value ? [] : silentTeams.value
  const called = loudestByGrid(callGrids.value)
    .filter(({ properties: p }) => p.state === 'unanswered' || p.state === 'calling')
    .sort((a, b) => Number(a.properties.drill) - Number(b.properties.drill) || byCalling(a.properties, b.properties))
  const urgent = urgentCases.value
  const cases = urgent.slice(0, SHOWN.cases)
  const dead = deadFeeds.value
  const letters = deliveries.value?.dead_unseen ?? 0
  const total = inForce.length + waiting.length + dead.length + letters
  if (total === 0 && cases.length === 0) return <Empty title={t('now.calm')} lead={t('now.calm.lead')} />
  return (
    <>
      {inForce.length > 0 && (
        <Section title={t('now.warnings')} aside={inForce.length}>
          <ul class="rows" data-testid="warning-list">
            {inForce.slice(0, SHOWN.warnings).map((warning) => (
              <WarningRow key={warning.key} warning={warning} />
            ))}
          </ul>
          <More n={inForce.length - SHOWN.warnings} open={() => (panel.value = 'warnings')} />
        </Section>
      )}
      {inForce.length === 0 && <p class="calm">{t('warning.none')}</p>}
      {called.length > 0 && (
        <Section title={t('calls.now')} aside={called.length}>
          <ul class="rows" data-testid="calling-list">
            {called.slice(0, SHOWN.called).map((grid) => (
              <CallingRow key={grid.properties.grid_code} grid={grid} />
            ))}
          </ul>
          {called.length > SHOWN.called && <p class="more">{t('ladder.all', { n: called.length - SHOWN.called })}</p>}
        </Section>
      )}
      {waiting.length > 0 && (
        <Section title={t('now.silent')} aside={t('now.silent.unit', { n: waiting.length })}>
          <ul class="rows">
            {waiting.slice(0, SHOWN.silent).map(({ worst, more }) => (
              <SilentRow key={worst.team_key} alert={worst} more={more} />
            ))}
          </ul>
          <More n={waiting.length - SHOWN.silent} open={() => (panel.value = 'warnings')} />
        </Section>
      )}
      {cases.length > 0 && (
        <Section title={t('now.cases')} aside="1011">
          <ul class="rows">
            {cases.map((item) => (
              <CaseRow key={item.feature.properties.key} item={item} />
            ))}
          </ul>
          <More n={urgent.length - cases.length} open={() => (panel.value = 'incidents')} />
        </Section>
      )}
      {letters > 0 && (
        <Section title={t('ledger.title')}>
          <ul class="rows">
            <Row
              mark={<Dot state="stale" />}
              title={t('ledger.dead.count', { n: letters })}
              line={t('ledger.dead.lead')}
              onClick={() => (panel.value = 'deliveries')}
              testid="dead-letters"
            />
          </ul>
        </Section>
      )}
      {dead.length > 0 && (
        <Section title={t('now.feeds')} aside={t('now.feeds.unit', { n: dead.length })}>
          <ul class="rows">
            {dead.map((feed) => (
              <FeedRow key={feed.name} feed={feed} />
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

function More({ n, open }: { n: number; open: () => void }) {
  if (n <= 0) return null
  return (
    <button type="button" class="more" onClick={open}>
      {t('now.more', { n })}
    </button>
  )
}
