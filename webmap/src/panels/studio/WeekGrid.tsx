/** Seven days of twenty-four hours, each rank a lane; hours that nobody has are hatched and named. */
import { type Block, type DayRow, type Piece, weekGrid } from '../../domain/roster'
import { t } from '../../i18n'
import { now } from '../../state/clock'
import { weekdayNames } from './Shell'

const two = (n: number) => String(n).padStart(2, '0')
const hm = (ms: number) => {
  const at = new Date(ms)
  return `${two(at.getHours())}:${two(at.getMinutes())}`
}
const percent = (share: number) => `${share * 100}%`

/** The same team is the same tint everywhere on the page; tints say who, never how bad. */
export function tintOf(team: string): number {
  let sum = 0
  for (const letter of team) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return sum % 6
}

function Shift({ block }: { block: Block }) {
  const text = `${block.name} · ${hm(block.from)}–${hm(block.to)}`
  return (
    <li
      class={`shift tint-${tintOf(block.team)} ${block.begins ? '' : 'is-open-left'} ${block.ends ? '' : 'is-open-right'}`}
      style={{ left: percent(block.left), width: percent(block.width) }}
      title={text}
    >
      <span>{block.name}</span>
      <span class="sr">{text}</span>
    </li>
  )
}

function Day({ row, at }: { row: DayRow; at: number }) {
  const date = new Date(row.midnight)
  const today = at >= row.midnight && at < row.midnight + 86_400_000
  const lanes = row.lanes.length ? row.lanes : [{ rank: 1, blocks: [] }]
  return (
    <li class={`week-day ${today ? 'is-today' : ''}`}>
      <div class="week-date">
        <b>{weekdayNames()[(date.getDay() + 6) % 7]?.[1]}</b>
        <span>
          {two(date.getMonth() + 1)}-{two(date.getDate())}
        </span>
      </div>
      <div class="week-lanes">
        {lanes.map(({ rank, blocks }) => (
          <ul class="week-lane" key={rank} aria-label={t('roster.rank.n', { n: rank })}>
            {blocks.map((block) => (
              <Shift key={`${block.team} ${block.from}`} block={block} />
            ))}
          </ul>
        ))}
        {row.gaps.map((gap) => (
          <div
            class="week-gap"
            key={gap.from}
            style={{ left: percent(gap.left), width: percent(gap.width) }}
            title={`${t('roster.gap')} ${hm(gap.from)}–${hm(gap.to)}`}
            data-testid="week-gap"
          >
            <span>{t('roster.gap')}</span>
          </div>
        ))}
        {today && <i class="week-now" style={{ left: percent((at - row.midnight) / 86_400_000) }} aria-hidden="true" />}
      </div>
    </li>
  )
}

export function WeekGrid({ pieces, start }: { pieces: readonly Piece[]; start: number }) {
  const days = weekGrid(pieces, start)
  const ranks = [...new Set(pieces.map(({ rank }) => rank))].sort((a, b) => a - b)
  return (
    <figure class="week" aria-label={t('roster.week')} data-testid="week-grid">
      <div class="week-hours" aria-hidden="true">
        {[0, 6, 12, 18, 24].map((hour) => (
          <span key={hour} style={{ left: percent(hour / 24) }}>
            {hour}:00
          </span>
        ))}
      </div>
      <ol>
        {days.map((row) => (
          <Day key={row.midnight} row={row} at={now.value} />
        ))}
      </ol>
      {ranks.length > 1 && <p class="hint week-foot">{t('roster.lanes', { list: ranks.join(' / ') })}</p>}
    </figure>
  )
}
