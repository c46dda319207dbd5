/** How even the load is: the whole at a glance, every grid in a table, and what the rules have against it. */
import { useMemo, useState } from 'preact/hooks'
import type { LoadModel, PlanGrid } from '../../api/plans'
import { count, figure } from '../../domain/format'
import { balanceOf, balanceRows, barReach, loadText, shortCode } from '../../domain/planBalance'
import { toneOf } from '../../domain/topology'
import { t, title } from '../../i18n'
import { plan, planPick, planTrouble } from '../../state/plan'
import { lookAtGrids, planCommunity, showGrids } from '../../state/planPanels'
import { Section } from '../Parts'
import { PlanGridCard } from './PlanGridCard'
import { LoadChart } from './PlanLoadChart'
import { MoreRows } from './PlanParts'
import { PlanProblems } from './PlanProblems'

/** The figures that stand beside the load while there is little room: people first, then ground, then work. */
const FIRST = ['households', 'buildings', 'incidents']
const STEP = 80
/** From so many rows on one looks for a grid by its name rather than with the eyes. */
const FIND_FROM = 24

const found = ({ label, name, code }: PlanGrid, wanted: string) =>
  `${label} ${name} ${code ?? ''}`.toLowerCase().includes(wanted)

function CommunityPick() {
  const now = plan.value
  const list = now?.balance.slice(1) ?? []
  if (!now || list.length < 2) return null
  const set = (code: string) => {
    planCommunity.value = code || null
    if (!code) return
    const inside = [...now.grids.values()].filter(({ community_code }) => community_code === code)
    lookAtGrids(inside.map(({ id }) => id))
  }
  return (
    <select
      class="plan-community"
      aria-label={t('plans.community')}
      value={planCommunity.value ?? ''}
      onChange={(event) => set(event.currentTarget.value)}
      data-testid="plan-community"
    >
      <option value="">{t('plans.community.all', { n: list.length })}</option>
      {list.map((one) => (
        <option key={one.community_code} value={one.community_code ?? ''}>
          {one.name ?? one.community_code} · {loadText(one.max_over_mean, now.model.tolerance)}
        </option>
      ))}
    </select>
  )
}

function Summary({ model }: { model: LoadModel }) {
  const now = plan.value
  const all = now ? balanceOf(now.balance, planCommunity.value) : null
  if (!all) return null
  return (
    <dl class="plan-figures" data-testid="balance-summary">
      <div>
        <dt>{t('plans.grids')}</dt>
        <dd>{count(all.grids)}</dd>
      </div>
      <div class={toneOf(all.max_over_mean, model.tolerance) === 'over' ? 'is-off' : ''}>
        <dt>{t('plans.most')}</dt>
        <dd data-testid="balance-most">{loadText(all.max_over_mean, model.tolerance)}</dd>
      </div>
      <div>
        <dt>{t('plans.least')}</dt>
        <dd>{loadText(all.min_over_mean, model.tolerance)}</dd>
      </div>
      <div class={all.out_of_tolerance > 0 ? 'is-off' : ''}>
        <dt>{t('plans.out')}</dt>
        <dd data-testid="balance-out">{count(all.out_of_tolerance)}</dd>
      </div>
    </dl>
  )
}

function shownMeasures(model: LoadModel, all: boolean) {
  const known = new Map(model.measures.map((measure) => [measure.key, measure]))
  const first = FIRST.flatMap((key) => known.get(key) ?? [])
  const rest = model.measures.filter(({ key }) => !FIRST.includes(key))
  return all ? [...first, ...rest] : [...first, ...rest].slice(0, 3)
}

interface LineProps {
  grid: PlanGrid
  tone: string
  beyond: boolean
  reach: number
  tolerance: number
  picked: boolean
  measures: LoadModel['measures']
}

function Line({ grid, tone, beyond, reach, tolerance, picked, measures }: LineProps) {
  const trouble = planTrouble.value.get(grid.id)
  const share = (load: number) => `${Math.min(100, (100 * load) / reach)}%`
  return (
    <tr
      class={`is-${tone} ${picked ? 'is-picked' : ''} ${grid.changed ? 'is-changed' : ''}`}
      aria-selected={picked}
      data-testid={`balance-row-${grid.id}`}
      data-load={loadText(grid.load)}
    >
      <th scope="row">
        <button
          type="button"
          title={`${grid.name || grid.label} ${grid.code ?? ''}`}
          onClick={(event) => showGrids([grid.id], event.ctrlKey || event.metaKey)}
        >
          {shortCode(grid)}
          {grid.locked && (
            <i class="lock-sign" role="img" aria-label={t('plans.locked')} title={t('plans.locked')}>
              <svg viewBox="0 0 12 12" aria-hidden="true">
                <path d="M3 6h6v4.5H3zM4.2 6V4a1.8 1.8 0 0 1 3.6 0v2" />
              </svg>
            </i>
          )}
          {trouble && <i class={`trouble is-${trouble}`} role="img" aria-label={t(`plans.severity.${trouble}`)} />}
        </button>
      </th>
      <td>
        <span class="load-cell">
          <span class="load-bar" aria-hidden="true">
            <i style={{ width: share(grid.load) }} />
            <u style={{ right: share(1 - tolerance) }} />
            <u style={{ right: share(1 + tolerance) }} />
          </span>
          <b title={beyond ? t('plans.beyond') : undefined}>{loadText(grid.load, tolerance)}</b>
        </span>
      </td>
      {measures.map(({ key }) => (
        <td key={key}>{key.endsWith('_m') ? figure((grid.measures[key] ?? 0) / 1000) : count(grid.measures[key])}</td>
      ))}
    </tr>
  )
}

function Table({ model }: { model: LoadModel }) {
  const [sort, setSort] = useState({ by: 'label', down: false })
  const [shown, setShown] = useState(STEP)
  const [all, setAll] = useState(false)
  const [words, setWords] = useState('')
  const grids = plan.value?.grids
  const community = planCommunity.value
  const sorted = useMemo(
    () => balanceRows(grids?.values() ?? [], model, sort, community),
    [grids, model, sort, community],
  )
  const wanted = words.trim().toLowerCase()
  const rows = useMemo(() => (wanted ? sorted.filter(({ grid }) => found(grid, wanted)) : sorted), [sorted, wanted])
  const reach = barReach(rows, model.tolerance)
  const picks = planPick.value
  // What was picked on the map is in the table, however far down it would stand.
  const last = picks.size > 0 ? rows.findLastIndex(({ grid }) => picks.has(grid.id)) + 1 : 0
  const first = rows.slice(0, shown)
  const further = last > shown ? rows.slice(shown).filter(({ grid }) => picks.has(grid.id)) : []
  const measures = shownMeasures(model, all)
  const head = (by: string, text: string, unit?: string) => (
    <th
      key={by}
      scope="col"
      aria-sort={sort.by === by ? (sort.down ? 'descending' : 'ascending') : 'none'}
      title={unit ? `${text} · ${unit}` : text}
    >
      <button
        type="button"
        onClick={() => setSort({ by, down: sort.by === by ? !sort.down : by !== 'label' })}
        data-testid={`balance-sort-${by}`}
      >
        {text}
      </button>
    </th>
  )
  const line = ({ grid, tone, beyond }: (typeof rows)[number]) => (
    <Line
      key={grid.id}
      grid={grid}
      tone={tone}
      beyond={beyond}
      reach={reach}
      tolerance={model.tolerance}
      picked={picks.has(grid.id)}
      measures={measures}
    />
  )
  return (
    <>
      {sorted.length >= FIND_FROM && (
        <input
          type="search"
          class="plan-find"
          value={words}
          placeholder={t('plans.find')}
          aria-label={t('plans.find')}
          onInput={(event) => {
            setWords(event.currentTarget.value)
            setShown(STEP)
          }}
          onKeyDown={(event) => {
            const [first] = rows
            if (event.key === 'Enter' && first) showGrids([first.grid.id])
            // Keys of the tools are letters: here they are words.
            event.stopPropagation()
          }}
          data-testid="balance-find"
        />
      )}
      <div class={`plan-table-box ${all ? 'is-all' : ''}`}>
        <table class="plan-table" data-testid="balance-table">
          <thead>
            <tr>
              {head('label', t('plans.grid'))}
              {head('load', t('plans.load'))}
              {measures.map((measure) => head(measure.key, title(measure.title), measure.unit))}
            </tr>
          </thead>
          <tbody>
            {further.map(line)}
            {first.map(line)}
            {rows.length === 0 && wanted !== '' && (
              <tr>
                <td class="calm" colSpan={2 + measures.length}>
                  {t('plans.find.none')}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <div class="quick">
        <MoreRows left={rows.length - shown} onMore={() => setShown(shown + 5 * STEP)} testid="balance-more" />
        {model.measures.length > 3 && (
          <button type="button" class="link" onClick={() => setAll(!all)} data-testid="balance-all">
            {t(all ? 'plans.measures.less' : 'plans.measures.all')}
          </button>
        )}
      </div>
    </>
  )
}

export function PlanBalance() {
  const now = plan.value
  if (!now) return null
  const { model } = now
  const [only] = planPick.value
  const picked = planPick.value.size === 1 && only ? now.grids.get(only) : undefined
  return (
    <div class="plan-body" data-testid="plan-balance">
      <Section
        title={t('plans.balance', { n: Math.round(model.tolerance * 100) })}
        aside={<span title={t('plans.model')}>{title(model.title)}</span>}
      >
        <CommunityPick />
        <Summary model={model} />
        <LoadChart />
        <Table model={model} />
      </Section>
      {picked && <PlanGridCard key={picked.id} grid={picked} />}
      <PlanProblems />
    </div>
  )
}
