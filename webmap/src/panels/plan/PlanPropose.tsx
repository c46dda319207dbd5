/** Proposals: the question, how far its answer is, and the answers side by side. */
import { useEffect, useState } from 'preact/hooks'
import { type Proposal, type ProposalAsk, plans } from '../../api/plans'
import { agoText, secondsSince } from '../../domain/age'
import { lang, t, title } from '../../i18n'
import { now } from '../../state/clock'
import { plan, planEditable, planNews, planPick } from '../../state/plan'
import { lookAtOption, planCommunity, planProposals, useOfPlan } from '../../state/planPanels'
import { attempt } from '../../state/toast'
import { Chips, Choice, Empty, Fold, Section } from '../Parts'
import { PlanOptions } from './PlanOptions'
import { Said } from './PlanParts'

type Barrier = ProposalAsk['barriers'][number]
type Scope = 'community' | 'picked'

const SECONDS = [5, 20, 60, 300] as const

function Ask({ onAsked }: { onAsked: (proposal: Proposal) => void }) {
  const model = plan.value
  const picks = [...planPick.value]
  const communities = model?.balance.slice(1) ?? []
  const ofPick = picks[0] ? (model?.grids.get(picks[0])?.community_code ?? null) : null
  const [scope, setScope] = useState<Scope>(picks.length > 1 ? 'picked' : 'community')
  const [chosen, setChosen] = useState<string | null>(planCommunity.value ?? ofPick)
  const community = chosen ?? ofPick ?? communities[0]?.community_code ?? model?.balance[0]?.community_code ?? null
  const [count, setCount] = useState<number | null>(null)
  const [tolerance, setTolerance] = useState(10)
  const [units, setUnits] = useState<ProposalAsk['units']>('blocks')
  const [barriers, setBarriers] = useState<Barrier[]>(['rivers'])
  const [hard, setHard] = useState(true)
  const [keep, setKeep] = useState(50)
  const [seconds, setSeconds] = useState<number>(5)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  if (!model) return null
  const inside = [...model.grids.values()].filter((grid) => !community || grid.community_code === community)
  const today = scope === 'picked' ? picks.length : inside.length
  const locked = (scope === 'picked' ? picks.map((id) => model.grids.get(id)) : inside).filter(
    (grid) => grid?.locked,
  ).length
  const ask = async () => {
    setBusy(true)
    setError(null)
    try {
      onAsked(
        await plans.ask(model.plan.key, {
          version: model.plan.version,
          ...(scope === 'picked' ? { grids: picks } : { community }),
          count,
          tolerance: tolerance / 100,
          units,
          barriers,
          hard_barriers: hard,
          keep: keep / 100,
          seconds,
        }),
      )
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form
      class="plan-ask"
      onSubmit={(event) => {
        event.preventDefault()
        void ask()
      }}
      data-testid="propose-form"
    >
      <Choice
        label={t('plans.ask.where')}
        value={scope}
        options={[
          ['community', t('plans.ask.community')],
          ['picked', t('plans.ask.picked', { n: picks.length })],
        ]}
        onPick={setScope}
        testid="propose-scope"
      />
      {scope === 'community' && communities.length > 0 && (
        <select
          value={community ?? ''}
          aria-label={t('plans.ask.community')}
          onChange={(event) => setChosen(event.currentTarget.value)}
          data-testid="propose-community"
        >
          {communities.map((one) => (
            <option key={one.community_code} value={one.community_code ?? ''}>
              {one.name ?? one.community_code} · {t('plans.ngrids', { n: one.grids })}
            </option>
          ))}
        </select>
      )}
      <div class="field-grid is-two">
        <label class="field">
          <span>{t('plans.ask.count')}</span>
          <input
            type="number"
            min={1}
            max={3000}
            value={count ?? ''}
            placeholder={t('plans.ask.asnow', { n: today })}
            onInput={(event) => setCount(Number(event.currentTarget.value) || null)}
            data-testid="propose-count"
          />
        </label>
        <label class="field">
          <span>{t('plans.ask.tolerance')}</span>
          <span class="figure-field">
            <input
              type="number"
              min={1}
              max={100}
              value={tolerance}
              onInput={(event) => setTolerance(Math.min(100, Math.max(1, Number(event.currentTarget.value) || 10)))}
              data-testid="propose-tolerance"
            />
            <em>± %</em>
          </span>
        </label>
      </div>
      <Chips<Barrier>
        label={t('plans.ask.barriers')}
        value={barriers}
        options={[
          ['rivers', t('plans.barrier.rivers')],
          ['roads', t('plans.barrier.roads')],
          ['railways', t('plans.barrier.railways')],
        ]}
        onPick={setBarriers}
        testid="propose-barriers"
      />
      <label class="field">
        <span>
          {t('plans.ask.keep')} <b>{keep}%</b>
        </span>
        <input
          type="range"
          min={0}
          max={100}
          step={5}
          value={keep}
          onInput={(event) => setKeep(Number(event.currentTarget.value))}
          data-testid="propose-keep"
        />
      </label>
      <Fold title={t('plans.ask.more')} aside={`${t(`plans.unit.${units}`)} · ${t('plans.seconds', { n: seconds })}`}>
        <Choice
          label={t('plans.ask.units')}
          value={units}
          options={[
            ['blocks', t('plans.unit.blocks')],
            ['buildings', t('plans.unit.buildings')],
            ['cells', t('plans.unit.cells')],
          ]}
          onPick={setUnits}
        />
        <Choice
          label={t('plans.ask.seconds')}
          value={seconds}
          options={SECONDS.map((n) => [n, t('plans.seconds', { n })] as const)}
          onPick={setSeconds}
        />
        <label class="check">
          <input type="checkbox" checked={hard} onChange={(event) => setHard(event.currentTarget.checked)} />
          <span>{t('plans.ask.hard')}</span>
        </label>
      </Fold>
      {locked > 0 && <p class="hint">{t('plans.ask.locked', { n: locked })}</p>}
      <Said error={error} />
      <button
        type="submit"
        class="button primary"
        disabled={busy || (scope === 'picked' && picks.length === 0)}
        data-testid="propose-send"
      >
        {t(busy ? 'plans.ask.busy' : 'plans.ask.send')}
      </button>
    </form>
  )
}

function Waiting({ proposal }: { proposal: Proposal }) {
  const model = plan.value
  return (
    <div class="plan-progress" role="status" data-testid="propose-progress">
      <p>
        {t(`plans.proposal.${proposal.state}`)}
        {proposal.units !== null && proposal.units !== undefined && ` · ${t('plans.units.n', { n: proposal.units })}`}
      </p>
      <progress max={1} value={proposal.progress} />
      {planEditable.value && model && (
        <button
          type="button"
          class="button small"
          onClick={() =>
            void attempt(async () => {
              await plans.cancel(model.plan.key, proposal.id)
              await planProposals.load()
            })
          }
          data-testid="propose-cancel"
        >
          {t('plans.cancel')}
        </button>
      )}
    </div>
  )
}

/** What was asked, in one line. */
export function askedText(asked: Record<string, unknown>): string {
  const { count, tolerance, community, grids, units } = asked
  const where = Array.isArray(grids) && grids.length > 0 ? t('plans.ask.picked', { n: grids.length }) : null
  const of = plan.value?.balance.find(({ community_code }) => community_code === community)
  return [
    where ?? of?.name ?? (typeof community === 'string' ? community : null),
    typeof count === 'number' ? t('plans.ngrids', { n: count }) : null,
    typeof tolerance === 'number' ? `±${Math.round(tolerance * 100)}%` : null,
    units === 'blocks' || units === 'buildings' || units === 'cells' ? t(`plans.unit.${units}`) : null,
  ]
    .filter(Boolean)
    .join(' · ')
}

const POLL_MS = 1500

function Answer({ id }: { id: number }) {
  const [found, setFound] = useState<Proposal | null>(null)
  const [error, setError] = useState<unknown>(null)
  const key = plan.value?.plan.key
  const news = planNews.value?.what === 'proposal' ? planNews.value.n : 0
  const waits = found === null || found.state === 'queued' || found.state === 'running'
  useEffect(() => {
    let current = true
    const load = () => {
      if (!key) return
      plans.proposal(key, id).then(
        (value) => {
          if (!current) return
          setFound(value)
          setError(null)
        },
        (problem: unknown) => current && setError(problem),
      )
    }
    load()
    // Progress has no news of its own.
    const timer = waits ? setInterval(load, POLL_MS) : null
    return () => {
      current = false
      if (timer) clearInterval(timer)
    }
  }, [key, id, news, waits])
  if (error !== null) return <Said error={error} />
  if (!found) return <p class="loading">{t('detail.loading')}</p>
  if (waits) return <Waiting proposal={found} />
  if (found.state !== 'done') {
    return (
      <p class="calm" data-testid="propose-failed">
        {found.error ? title(found.error) : t(`plans.proposal.${found.state}`)}
      </p>
    )
  }
  return <PlanOptions proposal={found} />
}

export function PlanPropose() {
  useOfPlan(planProposals, 'proposal')
  const [open, setOpen] = useState<number | null>(null)
  const [asking, setAsking] = useState(false)
  useEffect(() => () => lookAtOption(0, null), [])
  const list = planProposals.value.value
  const error = planProposals.error.value
  const shown = open ?? list?.[0]?.id ?? null
  const form =
    planEditable.value && (asking || (list !== null && list.length === 0) || (list === null && error !== null))
  return (
    <div class="plan-body" data-testid="plan-propose">
      <Section
        title={t('plans.tab.propose')}
        aside={
          planEditable.value && list !== null && list.length > 0 ? (
            <button type="button" class="link" onClick={() => setAsking(!asking)} data-testid="propose-new">
              {t(asking ? 'plans.cancel' : 'plans.ask.new')}
            </button>
          ) : undefined
        }
      >
        {error !== null && <Said error={error} again={() => void planProposals.load()} />}
        {form && (
          <Ask
            onAsked={({ id }) => {
              setAsking(false)
              setOpen(id)
              void planProposals.load()
            }}
          />
        )}
        {!form && list?.length === 0 && <Empty title={t('plans.proposals.none')} />}
      </Section>
      {list && list.length > 0 && (
        <>
          {list.length > 1 && (
            <select
              value={shown ?? ''}
              aria-label={t('plans.proposals')}
              onChange={(event) => {
                lookAtOption(0, null)
                setOpen(Number(event.currentTarget.value))
              }}
              data-testid="propose-list"
            >
              {list.map((one) => (
                <option key={one.id} value={one.id}>
                  {askedText(one.asked)} · {agoText(secondsSince(one.asked_at, now.value), lang.value)}
                </option>
              ))}
            </select>
          )}
          {list.length === 1 && list[0] && <p class="hint">{askedText(list[0].asked)}</p>}
          {shown !== null && <Answer key={shown} id={shown} />}
        </>
      )}
    </div>
  )
}
