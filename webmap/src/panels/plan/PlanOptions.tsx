/** The answers of a proposal side by side: a small map of each, what it gains and costs, why each piece moves; taken whole or in part. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { ApiError } from '../../api/client'
import { type Proposal, type ProposalMove, type ProposalOption, plans } from '../../api/plans'
import { count } from '../../domain/format'
import { loadText, percent } from '../../domain/planBalance'
import { type Frame, frameOf, movesOf, moveTotals, optionGrids, pathOf, projector } from '../../domain/planOptions'
import { shapeOf, toneOf } from '../../domain/topology'
import { lang, t, title } from '../../i18n'
import { fitTo } from '../../map/map'
import { showWhere } from '../../map/planLook'
import { noteDelta, plan, planEditable, planMark, planOverlay, planPick } from '../../state/plan'
import { gridName, lookAtOption, optionOpen, optionPart } from '../../state/planPanels'
import { attempt, toast } from '../../state/toast'
import { Section } from '../Parts'
import { PlanPareto } from './PlanPareto'
import { FromTo, MoreRows } from './PlanParts'

const WIDTH = 168
const HEIGHT = 116
const MOST_CHIPS = 60

/** A partition on a hand's breadth: grids by how far they are off, new borders over today's. */
export function MiniMap({ option, frame, today }: { option: ProposalOption; frame: Frame; today: string }) {
  const tolerance = plan.value?.model.tolerance ?? 0.1
  const grids = useMemo(() => {
    const project = projector(frame, WIDTH, HEIGHT)
    return optionGrids(option).map((grid) => ({ ...grid, path: pathOf(grid.geometry, project) }))
  }, [option, frame])
  return (
    <svg class="mini-map" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title(option.title)}>
      {grids.map(({ id, load, path }) => (
        <path key={id} d={path} class={`is-${Number.isFinite(load) ? toneOf(load, tolerance) : 'within'}`}>
          <title>{`${gridName(id)} ${loadText(load)}`}</title>
        </path>
      ))}
      <path class="mini-today" d={today} />
    </svg>
  )
}

function Card(props: {
  option: ProposalOption
  today: ProposalOption | null | undefined
  frame: Frame | null
  outline: string
  open: boolean
  /** How far off the mean was asked for; what misses it says by which grid. */
  tolerance: number
  onOpen: () => void
}) {
  const { option, today, frame, outline, open, tolerance } = props
  const least = useMemo(() => {
    const loads = optionGrids(option).map(({ load }) => load)
    return Math.min(...loads.filter(Number.isFinite))
  }, [option])
  return (
    <button
      type="button"
      class={`option-card ${open ? 'is-selected' : ''}`}
      aria-pressed={open}
      onClick={props.onOpen}
      data-testid={`option-${option.index}`}
    >
      <strong>
        <i>{option.index + 1}</i>
        {title(option.title)}
      </strong>
      {frame && <MiniMap option={option} frame={frame} today={outline} />}
      <dl>
        <div>
          <dt>{t('plans.axis.max_over_mean')}</dt>
          <dd>
            {today ? (
              <FromTo
                from={loadText(today.max_over_mean)}
                to={loadText(option.max_over_mean, tolerance)}
                better={option.max_over_mean < today.max_over_mean}
              />
            ) : (
              <b>{loadText(option.max_over_mean, tolerance)}</b>
            )}
          </dd>
        </div>
        {toneOf(least, tolerance) === 'under' && (
          <div>
            <dt>{t('plans.axis.min_over_mean')}</dt>
            <dd>{loadText(least, tolerance)}</dd>
          </div>
        )}
        <div>
          <dt>{t('plans.axis.changed_share')}</dt>
          <dd>{percent(option.changed_share)}</dd>
        </div>
        <div>
          <dt>{t('plans.axis.compactness')}</dt>
          <dd>{loadText(option.compactness)}</dd>
        </div>
        <div>
          <dt>{t('plans.axis.crossings')}</dt>
          <dd>{count(option.crossings)}</dd>
        </div>
      </dl>
    </button>
  )
}

const STEP = 25

function Moves({ moves }: { moves: ProposalMove[] }) {
  const [shown, setShown] = useState(STEP)
  const [open, setOpen] = useState<ProposalMove | null>(null)
  const mark = (move: ProposalMove | null) => {
    planMark.value = (move?.where as unknown as GeoJSON.Geometry | undefined) ?? null
  }
  useEffect(() => () => mark(null), [])
  if (moves.length === 0) return <p class="calm">{t('plans.moves.none')}</p>
  return (
    <>
      <ul class="plan-moves" data-testid="option-moves">
        {moves.slice(0, shown).map((move) => (
          <li key={`${move.unit}/${move.to}`}>
            <button
              type="button"
              class={move === open ? 'is-selected' : ''}
              onPointerEnter={() => mark(move)}
              onPointerLeave={() => mark(open)}
              onClick={() => {
                setOpen(move)
                mark(move)
                if (planMark.value) showWhere(planMark.value)
              }}
              data-testid="option-move"
            >
              <b>
                {gridName(move.grid)} → {gridName(move.to)}
              </b>
              <small>{t('plans.moved', { b: count(move.buildings), h: count(move.households) })}</small>
              <span>{title(move.reason)}</span>
            </button>
          </li>
        ))}
      </ul>
      <MoreRows left={moves.length - shown} onMore={() => setShown(shown + 4 * STEP)} />
    </>
  )
}

const touchedBy = (moves: readonly ProposalMove[]): string[] => [
  ...new Set(moves.flatMap(({ grid, to }) => (grid ? [grid, to] : [to]))),
]

/** Which grids have to be taken along, by the answer of the door. */
function tornOf(error: unknown): string[] {
  if (!(error instanceof ApiError) || error.problem?.reason !== 'torn') return []
  const { grids } = error.problem as { grids?: unknown }
  return Array.isArray(grids) ? grids.map(String) : []
}

function Chosen({ proposal, option }: { proposal: Proposal; option: ProposalOption }) {
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState<ApiError | null>(null)
  const part = optionPart.value
  const moves = useMemo(() => movesOf(option.moves, part), [option, part])
  const totals = moveTotals(moves)
  const touched = useMemo(() => touchedBy(option.moves), [option])
  const model = plan.value
  const stale = model !== null && model.plan.version !== proposal.version
  useEffect(() => setRefused(null), [part])
  useEffect(() => {
    // Of a part only the grids that give or get ground are shown: what is not taken stays as it is drawn below.
    const shown = part.size > 0 ? new Set(touchedBy(moves)) : null
    planOverlay.value = {
      type: 'FeatureCollection',
      features: optionGrids(option).flatMap(({ id, load, geometry }) =>
        geometry && (shown === null || shown.has(id))
          ? [{ type: 'Feature' as const, geometry, properties: { id, load, label: gridName(id) } }]
          : [],
      ),
    }
    return () => {
      planOverlay.value = null
    }
  }, [option, moves])
  useEffect(() => {
    // Grids that are clicked on the map are the part; new ones, which the map has not yet, are chosen here alone.
    let first = true
    return planPick.subscribe((picks) => {
      if (first) {
        first = false
        return
      }
      if (!planEditable.peek()) return
      const fresh = [...optionPart.peek()].filter((id) => !plan.peek()?.grids.has(id))
      optionPart.value = new Set([...touched.filter((id) => picks.has(id)), ...fresh])
    })
  }, [touched])
  const toggle = (id: string) => {
    const next = new Set(part)
    if (!next.delete(id)) next.add(id)
    optionPart.value = next
  }
  const adopt = async () => {
    if (!model) return
    setBusy(true)
    setRefused(null)
    await attempt(async () => {
      try {
        const delta = await plans.adopt(model.plan.key, proposal.id, model.plan.version, option.index, [...part])
        noteDelta(delta)
        lookAtOption(0, null)
        toast(title(delta.text))
      } catch (error) {
        // What would be torn is said here, with the way out beside it.
        if (tornOf(error).length === 0) throw error
        setRefused(error as ApiError)
      }
    })
    setBusy(false)
  }
  const torn = refused ? tornOf(refused) : []
  return (
    <>
      <Section title={t('plans.option.of', { n: option.index + 1, name: title(option.title) })}>
        {planEditable.value && touched.length > 0 && (
          <fieldset class="choice" data-testid="option-part">
            <legend>{t('plans.part')}</legend>
            <div class="chips">
              {touched.slice(0, MOST_CHIPS).map((id) => (
                <button
                  type="button"
                  key={id}
                  class={part.has(id) ? 'is-on' : ''}
                  aria-pressed={part.has(id)}
                  onClick={() => toggle(id)}
                  data-testid={`option-grid-${id}`}
                >
                  {gridName(id)}
                </button>
              ))}
            </div>
          </fieldset>
        )}
        <Moves moves={moves} />
      </Section>
      <footer class="option-take">
        {stale && <p class="hint">{t('plans.option.stale')}</p>}
        {torn.length > 0 && (
          <div class="plan-said" role="alert" data-testid="option-torn">
            <p>{t('plans.part.torn', { grids: torn.map(gridName).join(lang.value === 'zh' ? '、' : ', ') })}</p>
            <button
              type="button"
              class="button small"
              onClick={() => (optionPart.value = new Set([...part, ...torn]))}
              data-testid="option-along"
            >
              {t('plans.part.along')}
            </button>
          </div>
        )}
        <p class="plan-total" data-testid="option-total">
          <b>{option.index + 1}</b> {t('plans.moves.n', { n: moves.length })} ·{' '}
          {t('plans.moved', { b: count(totals.buildings), h: count(totals.households) })}
        </p>
        {planEditable.value && (
          <div class="quick">
            <button
              type="button"
              class="button primary grow"
              disabled={busy || moves.length === 0}
              onClick={() => void adopt()}
              data-testid="option-adopt"
            >
              {part.size > 0 ? t('plans.adopt.part', { n: part.size }) : t('plans.adopt')}
            </button>
            {part.size > 0 && (
              <button type="button" class="button" onClick={() => (optionPart.value = new Set())}>
                {t('plans.part.none')}
              </button>
            )}
          </div>
        )}
      </footer>
    </>
  )
}

export function PlanOptions({ proposal }: { proposal: Proposal }) {
  const { options, today } = proposal
  const model = plan.value
  const frame = useMemo(
    () => frameOf(options.flatMap((option) => optionGrids(option).map(({ geometry }) => geometry))),
    [options],
  )
  // Today's borders lie over each small map, so that what moves is seen without reading.
  const outline = useMemo(() => {
    if (!frame || !model) return ''
    const project = projector(frame, WIDTH, HEIGHT)
    const ids = new Set(options.flatMap(({ moves }) => moves.map(({ grid }) => grid)))
    return [...model.grids.values()]
      .filter(({ id }) => ids.has(id))
      .map((grid) => pathOf(shapeOf(model.arcs, grid), project))
      .join('')
  }, [frame, options])
  const open = optionOpen.value?.proposal === proposal.id ? optionOpen.value.option.index : null
  const option = options.find(({ index }) => index === open)
  const asked = Number(proposal.asked.tolerance)
  const tolerance = asked > 0 ? asked : (model?.model.tolerance ?? 0.1)
  if (options.length === 0) return <p class="calm">{t('plans.options.none')}</p>
  const pick = (one: ProposalOption) => {
    lookAtOption(proposal.id, open === one.index ? null : one)
    if (open !== one.index && frame) fitTo(boxOf(frame), 17)
  }
  return (
    <div class="plan-options">
      <PlanPareto options={options} today={today ?? null} open={open} onOpen={pick} />
      <div class="option-cards" data-testid="options">
        {options.map((one) => (
          <Card
            key={one.index}
            option={one}
            today={today}
            frame={frame}
            outline={outline}
            open={one.index === open}
            tolerance={tolerance}
            onOpen={() => pick(one)}
          />
        ))}
      </div>
      {option && <Chosen key={option.index} proposal={proposal} option={option} />}
    </div>
  )
}

function boxOf([w, s, e, n]: Frame): GeoJSON.Polygon {
  const ring = [
    [w, s],
    [e, s],
    [e, n],
    [w, n],
    [w, s],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}
