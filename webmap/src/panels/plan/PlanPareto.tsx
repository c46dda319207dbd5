/** What each option gives up for what: two of the aims against each other, today as a cross, the front as a line. */
import { useState } from 'preact/hooks'
import type { ProposalOption } from '../../api/plans'
import { count } from '../../domain/format'
import { loadText, percent } from '../../domain/planBalance'
import { type Axis, apart, frontOf, limitsOf, ticks } from '../../domain/planOptions'
import { t, title } from '../../i18n'

const AXES: readonly Axis[] = ['changed_share', 'compactness', 'crossings']
/** What is no difference to speak of: the axis is never finer. */
const LEAST: Partial<Record<Axis, number>> = { changed_share: 0.05, compactness: 0.1, crossings: 4 }
const WIDTH = 340
const HEIGHT = 168
const LEFT = 36
const FOOT = 22
const TOP = 8
const RIGHT = 10
const RADIUS = 8

const textOf = (axis: Axis, value: number): string => {
  if (axis === 'changed_share') return percent(value)
  return axis === 'crossings' ? count(value) : loadText(value)
}

export function PlanPareto(props: {
  options: ProposalOption[]
  today: ProposalOption | null
  open: number | null
  onOpen: (option: ProposalOption) => void
}) {
  const [x, setX] = useState<Axis>('changed_share')
  const y: Axis = 'max_over_mean'
  const all = props.today ? [...props.options, props.today] : props.options
  const xs = limitsOf(
    all.map((option) => option[x]),
    0,
    LEAST[x],
  )
  const ys = limitsOf(
    all.map((option) => option[y]),
    1,
    0.08,
  )
  const px = (value: number) => LEFT + ((value - xs[0]) / (xs[1] - xs[0])) * (WIDTH - LEFT - RIGHT)
  const py = (value: number) => HEIGHT - FOOT - ((value - ys[0]) / (ys[1] - ys[0])) * (HEIGHT - FOOT - TOP)
  const front = frontOf(props.options, x, y)
  const spots = apart(
    props.options.map((option) => [px(option[x]), py(option[y])]),
    2 * RADIUS + 1,
    [LEFT + RADIUS, WIDTH - RADIUS - 1],
  )
  return (
    <figure class="pareto" data-testid="pareto">
      <div class="pareto-axes">
        <span>{t('plans.axis.max_over_mean')}</span>
        <select
          value={x}
          aria-label={t('plans.axis')}
          onChange={(event) => setX(event.currentTarget.value as Axis)}
          data-testid="pareto-axis"
        >
          {AXES.map((axis) => (
            <option key={axis} value={axis}>
              {t('plans.axis.against', { what: t(`plans.axis.${axis}` as 'plans.axis.crossings') })}
            </option>
          ))}
        </select>
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-label={t('plans.pareto')}>
        <title>{t('plans.pareto')}</title>
        {ticks(ys[0], ys[1], 4).map((value) => (
          <g key={value}>
            <line class="pareto-grid" x1={LEFT} x2={WIDTH - RIGHT} y1={py(value)} y2={py(value)} />
            <text x={LEFT - 5} y={py(value) + 4} text-anchor="end">
              {loadText(value)}
            </text>
          </g>
        ))}
        {ticks(xs[0], xs[1], 4).map((value) => (
          <text key={value} x={px(value)} y={HEIGHT - 6} text-anchor="middle">
            {textOf(x, value)}
          </text>
        ))}
        <polyline class="pareto-front" points={front.map((one) => `${px(one[x])},${py(one[y])}`).join(' ')} />
        {props.today && (
          <g class="pareto-today" transform={`translate(${px(props.today[x])} ${py(props.today[y])})`}>
            <path d="M-5 -5 5 5M5 -5 -5 5" />
            <text x={8} y={-5}>
              {t('plans.today')}
            </text>
          </g>
        )}
        {props.options.map((option, i) => (
          <path
            key={option.index}
            class="pareto-lead"
            d={`M${px(option[x])} ${py(option[y])}L${spots[i]?.[0]} ${spots[i]?.[1]}`}
          />
        ))}
        {props.options.map((option, i) => (
          // biome-ignore lint/a11y/useSemanticElements: a button does not stand in a drawing.
          <g
            key={option.index}
            class={`pareto-spot ${option.index === props.open ? 'is-selected' : ''}`}
            transform={`translate(${spots[i]?.[0]} ${spots[i]?.[1]})`}
            role="button"
            tabIndex={0}
            aria-label={`${option.index + 1} ${title(option.title)}`}
            aria-pressed={option.index === props.open}
            onClick={() => props.onOpen(option)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' && event.key !== ' ') return
              event.preventDefault()
              props.onOpen(option)
            }}
            data-testid={`pareto-${option.index}`}
          >
            <title>{`${title(option.title)}: ${loadText(option[y])} · ${textOf(x, option[x])}`}</title>
            <circle r={RADIUS} />
            <text y={4} text-anchor="middle">
              {option.index + 1}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  )
}
