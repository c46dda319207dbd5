/** One drill: how far it is, its warnings, and its score: who answered when. */
import { useState } from 'preact/hooks'
import { type Drill, type DrillScore, studio } from '../../api/studio'
import { count } from '../../domain/format'
import { asLevel } from '../../domain/levels'
import { t, title } from '../../i18n'
import { flyTo } from '../../map/map'
import { drills, pickedDrill } from '../../state/drills'
import { mayDrill } from '../../state/session'
import { useFollow } from '../../state/studio'
import { attempt } from '../../state/toast'
import { panel, select, studioPick } from '../../state/view'
import { warnings } from '../../state/warnings'
import { LevelMark } from '../Marks'
import { Loading, Row, Section, Time } from '../Parts'
import { Progress, shareText } from './DrillList'
import { Page, Refused, Sure } from './Shell'

const POLL_MS = 4000

/** `1:05`, from seconds; a wait of hours says its hours. */
export function waitText(seconds: unknown): string {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return '—'
  const s = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)]
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}

function Tiles({ score }: { score: DrillScore }) {
  const tiles = [
    [t('drill.calls'), count(score.calls), ''],
    [t('drill.answered'), count(score.answered), ''],
    [t('drill.silent'), count(score.silent), score.silent > 0 ? 'is-noted' : ''],
    [t('drill.within'), shareText(score.within_deadline), ''],
    [t('drill.median'), waitText(score.median_answer_s), ''],
    [t('drill.worst'), waitText(score.worst_answer_s), ''],
    [t('drill.twice'), count(score.confirmed_twice), ''],
    [
      t('drill.unanswered'),
      `${count(score.grids_unanswered)} / ${count(score.grids)}`,
      score.grids_unanswered > 0 ? 'is-noted' : '',
    ],
  ] as const
  return (
    <dl class="tiles" data-testid="drill-score">
      {tiles.map(([name, value, tone]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={tone}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)

/** Slowest first, the silent before them: those are whom the next drill is for. */
function ByTeam({ score }: { score: DrillScore }) {
  const rows = score.by_team.map((row) => ({
    key: String(row.team_key ?? ''),
    name: String(row.team_name ?? row.team_key ?? '—'),
    calls: number(row.calls) ?? 0,
    answered: number(row.answered) ?? 0,
    median: number(row.median_s),
    worst: number(row.worst_s),
  }))
  const silence = (row: (typeof rows)[number]) => (row.calls ? 1 - row.answered / row.calls : 0)
  rows.sort((a, b) => silence(b) - silence(a) || (b.median ?? 0) - (a.median ?? 0))
  const longest = Math.max(1, ...rows.map(({ worst, median }) => worst ?? median ?? 0))
  if (rows.length === 0) return <p class="calm">{t('drill.nocalls')}</p>
  return (
    <table class="scores drill-teams" data-testid="drill-teams">
      <thead>
        <tr>
          <th>{t('roster.team')}</th>
          <th>{t('drill.answered')}</th>
          <th>{t('drill.median')}</th>
          <th>{t('drill.worst')}</th>
          <th class="drill-bar-head">{t('drill.when')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key} class={row.answered === 0 && row.calls > 0 ? 'is-silent' : ''}>
            <th>{row.name}</th>
            <td>
              {row.answered} / {row.calls}
            </td>
            <td>{waitText(row.median)}</td>
            <td>{waitText(row.worst)}</td>
            <td class="drill-bar">
              {row.answered === 0 && row.calls > 0 ? (
                <span>{t('drill.nobody')}</span>
              ) : (
                <i
                  style={{
                    '--worst': `${((row.worst ?? 0) / longest) * 100}%`,
                    '--median': `${row.worst ? ((row.median ?? 0) / row.worst) * 100 : 0}%`,
                  }}
                />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Warnings({ drill }: { drill: Drill }) {
  if (drill.warnings.length === 0) return <p class="calm">{t('drill.warnings.none')}</p>
  return (
    <ul class="rows" data-testid="drill-warnings">
      {drill.warnings.map((key) => {
        const open = warnings.value.find((item) => item.key === key)
        const level = asLevel(open?.level)
        return (
          <Row
            key={key}
            mark={level ? <LevelMark level={level} drill /> : <b class="event-sign">✓</b>}
            title={open ? open.title : key}
            line={open ? t('drill.tomap') : t('drill.warning.over')}
            tone="is-past"
            onClick={() => {
              panel.value = 'now'
              studioPick.value = ''
              select('warning', key)
              if (open) flyTo(open.lon, open.lat, 14)
            }}
            testid={`drill-warning-${key}`}
          />
        )
      })}
    </ul>
  )
}

export function DrillPage() {
  useFollow(drills, POLL_MS, 'drill')
  const [armed, setArmed] = useState(false)
  const drill = pickedDrill.value
  if (!drill) {
    const error = drills.error.value
    return (
      <Page title={t('rail.drills')} drill testid="drill-page">
        {drills.value.value ? (
          <p class="calm">{t('drill.gone')}</p>
        ) : error ? (
          <Refused error={error} again={() => void drills.load()} />
        ) : (
          <Loading />
        )}
      </Page>
    )
  }
  const stop = () =>
    attempt(async () => {
      await studio.stopDrill(drill.key)
      await drills.load()
    })
  return (
    <Page
      title={`${t('drill.mark')} ${title(drill.title)}`}
      line={
        <>
          {t(`drill.state.${drill.state}`)} · {drill.speed}× · {drill.started_by} · <Time at={drill.started_at} />
          {drill.ended_at && (
            <>
              {' '}
              – <Time at={drill.ended_at} />
            </>
          )}
          {drill.note && ` · ${drill.note}`}
        </>
      }
      actions={
        drill.state === 'running' &&
        mayDrill.value && (
          <Sure
            text={t('drill.stop')}
            ask={t('drill.stop.sure')}
            armed={armed}
            onArm={setArmed}
            onSure={() => void stop()}
            testid="drill-stop"
          />
        )
      }
      drill
      testid="drill-page"
    >
      <Progress drill={drill} />
      <div class="studio-columns is-drillpage">
        <div>
          <Section title={t('drill.score')}>
            {drill.score ? <Tiles score={drill.score} /> : <p class="calm">{t('drill.noscore')}</p>}
          </Section>
          {drill.score && (
            <Section title={t('drill.who')}>
              <ByTeam score={drill.score} />
            </Section>
          )}
        </div>
        <Section title={t('drill.warnings')} aside={drill.warnings.length}>
          <Warnings drill={drill} />
        </Section>
      </div>
    </Page>
  )
}
