/** Figures of grids over a range: by the edition in force at each time, or all by one; the whole of it as CSV. */
import { useEffect, useState } from 'preact/hooks'
import { type Edition, type FiguresAsk, type GridStatistics, plans } from '../../api/plans'
import { clockTime, count, fromLocalInput, localInput } from '../../domain/format'
import { lang, t, title } from '../../i18n'
import { serverNow } from '../../state/clock'
import { Held } from '../../state/studio'
import { Loading } from '../Parts'
import { Dialog, Said } from './PlanParts'
import '../../theme/planReview.css'

const SHOWN = 200
const DAY_MS = 86_400_000

/** The answer to what is asked now; one that was overtaken is let go. */
class Figures extends Held<GridStatistics> {
  constructor(readonly question: { now: FiguresAsk | null }) {
    super(async () => {
      if (!question.now) throw new Error('nothing is asked')
      return plans.figures(question.now, SHOWN)
    })
  }
}

/** With its day, today's too: periods are compared. */
const day = (at: string) => clockTime(at, 0, false)

type Period = GridStatistics['periods'][number]

/** Figures that the map did not know yet when a period ended. */
function Today({ period, measures }: { period: Period; measures: GridStatistics['measures'] }) {
  const late = measures.filter(({ key }) => period.as_of_today.includes(key))
  const since = late.map((one) => one.since ?? '').sort()[late.length - 1]
  if (!since) return null
  const what = late.map((one) => title(one.title)).join(lang.value === 'zh' ? '、' : ', ')
  return (
    <p class="calm" data-testid="figures-today">
      {t('plans.figures.today', { what, since: day(since) })}
    </p>
  )
}

function Table({ period, measures }: { period: Period; measures: GridStatistics['measures'] }) {
  if (period.grids === 0) return <p class="calm">{t('plans.figures.none')}</p>
  return (
    <div class="figures-box">
      <table class="plan-table" data-testid="figures-table">
        <thead>
          <tr>
            <th scope="col">{t('plans.grid')}</th>
            {measures.map((one) => (
              <th scope="col" key={one.key}>
                {title(one.title)} {one.unit.startsWith('m') && <small>{one.unit}</small>}
              </th>
            ))}
          </tr>
          <tr class="is-total">
            <th scope="row">
              {t('plans.figures.total')} <small>{t('plans.ngrids', { n: count(period.grids) })}</small>
            </th>
            {measures.map(({ key }) => (
              <td key={key}>{count(period.total[key])}</td>
            ))}
          </tr>
        </thead>
        <tbody>
          {period.rows.map((row) => (
            <tr key={row.grid}>
              <th scope="row">
                <span class="mono">{row.grid}</span> <small>{row.name !== row.grid && row.name}</small>
              </th>
              {measures.map(({ key }) => (
                <td key={key}>{count(row.figures[key])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Today period={period} measures={measures} />
      {period.more > 0 && <p class="calm">{t('plans.figures.more', { n: count(period.more) })}</p>}
    </div>
  )
}

function Periods({ list, open, onOpen }: { list: readonly Period[]; open: number; onOpen: (n: number) => void }) {
  return (
    <ol class="figures-periods" aria-label={t('plans.figures.period')} data-testid="figures-periods">
      {list.map((one, n) => (
        <li key={one.start}>
          <button type="button" class={n === open ? 'is-on' : ''} aria-pressed={n === open} onClick={() => onOpen(n)}>
            <b>{one.edition || '—'}</b>
            <small>
              {day(one.start)} – {day(one.stop)}
            </small>
          </button>
        </li>
      ))}
    </ol>
  )
}

export function EditionFigures({ known, onClose }: { known: readonly Edition[]; onClose: () => void }) {
  const [from, setFrom] = useState(() => localInput(new Date(serverNow() - 90 * DAY_MS).toISOString()))
  const [to, setTo] = useState(() => localInput(new Date(serverNow()).toISOString()))
  const [edition, setEdition] = useState('')
  const [open, setOpen] = useState(0)
  const [figures] = useState(() => new Figures({ now: null }))
  const [start, stop] = [fromLocalInput(from), fromLocalInput(to)]
  const wrong = !start || !stop || start >= stop
  const asked = wrong ? null : { from: start, to: stop, ...(edition ? { edition } : {}) }
  useEffect(() => {
    setOpen(0)
    figures.question.now = asked
    figures.forget()
    if (asked) void figures.load()
  }, [start, stop, edition])
  const found = figures.value.value
  const period = found?.periods[open]
  return (
    <Dialog title={t('plans.figures')} wide onClose={onClose} testid="figures-dialog">
      <p class="lead">{t('plans.figures.lead')}</p>
      <div class="figures-ask">
        <label class="field">
          <span>{t('plans.figures.from')}</span>
          <input
            type="datetime-local"
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value)}
            data-testid="figures-from"
          />
        </label>
        <label class="field">
          <span>{t('plans.figures.to')}</span>
          <input
            type="datetime-local"
            value={to}
            aria-invalid={wrong}
            onChange={(event) => setTo(event.currentTarget.value)}
            data-testid="figures-to"
          />
        </label>
        <label class="field">
          <span>{t('plans.figures.by')}</span>
          <select
            value={edition}
            onChange={(event) => setEdition(event.currentTarget.value)}
            data-testid="figures-edition"
          >
            <option value="">{t('plans.figures.asof')}</option>
            {known.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {wrong && <p class="plan-warn">{t('plans.figures.wrong')}</p>}
      {figures.error.value !== null && <Said error={figures.error.value} again={() => void figures.load()} />}
      {!wrong && !found && figures.error.value === null && <Loading />}
      {found && found.periods.length > 1 && <Periods list={found.periods} open={open} onOpen={setOpen} />}
      {found && period && <Table period={period} measures={found.measures} />}
      {asked && found && (
        <footer>
          <a class="button" href={plans.figuresPath(asked)} download data-testid="figures-csv">
            {t('plans.figures.csv')}
          </a>
        </footer>
      )}
    </Dialog>
  )
}
