/** The plan's edits on a newer edition, or another plan's on this one; what does not fit is shown, and left out if that is meant. */
import { useEffect, useState } from 'preact/hooks'
import { type EditionRepairs, plans, type Replayed } from '../../api/plans'
import { percent } from '../../domain/planBalance'
import { lang, t, title } from '../../i18n'
import { showWhere } from '../../map/planLook'
import { loadPlan, plan, planMark } from '../../state/plan'
import { editions, gridPlace, planDialog, planList, showGrids } from '../../state/planPanels'
import { toast } from '../../state/toast'
import { Choice } from '../Parts'
import { Dialog, Said } from './PlanParts'
import { MendAsk, mendingOf } from './Repairs'

type Kind = 'rebase' | 'merge'
type Conflict = Replayed['conflicts'][number]

/** Leads to the place; of a grid that has gone, to where it was or to who has its ground. */
function Look({ conflict }: { conflict: Conflict }) {
  const where = (conflict.where as GeoJSON.Geometry | null | undefined) ?? null
  const heirs = conflict.became.flatMap(({ into }) => into.map(({ grid }) => grid))
  const grids = [...conflict.grids, ...heirs]
  if (!where && !grids.some((id) => plan.value?.grids.has(id))) return null
  return (
    <button
      type="button"
      class="link"
      data-testid={`conflict-${conflict.version}-look`}
      onClick={() => {
        showGrids(grids)
        showWhere(where)
      }}
    >
      {t('plans.look')}
    </button>
  )
}

const listed = (words: string[]) => words.join(lang.value === 'zh' ? '、' : ', ')

/** Of a grid that is no more: who has its ground. */
function Heirs({ lost }: { lost: Conflict['became'][number] }) {
  const heirs = lost.into.map(({ grid, name, share }) => {
    const called = plan.value?.grids.has(grid) ? gridPlace(grid) : name || gridPlace(grid)
    return share < 0.9995 ? `${called} ${percent(share)}` : called
  })
  const grid = gridPlace(lost.grid)
  return (
    <p data-testid={`became-${lost.grid}`}>
      {heirs.length ? t('plans.conflict.became', { grid, heirs: listed(heirs) }) : t('plans.conflict.nobody', { grid })}
    </p>
  )
}

export function PlanReplay() {
  const row = plan.value?.plan
  // Where nothing newer is in force, there is another plan to merge, if anything.
  const [kind, setKind] = useState<Kind>(row?.behind ? 'rebase' : 'merge')
  const [onto, setOnto] = useState('')
  const [other, setOther] = useState('')
  const [skip, setSkip] = useState<ReadonlySet<number>>(new Set())
  const [found, setFound] = useState<Replayed | null>(null)
  const [mending, setMending] = useState<EditionRepairs | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    void editions.load()
    void planList.load()
    return () => {
      planMark.value = null
    }
  }, [])
  if (!row) return null
  const close = () => {
    planDialog.value = null
  }
  const newer = (editions.value.value ?? []).filter(({ name }) => name !== row.base)
  const others = (planList.value.value ?? []).filter(
    (one) => one.key !== row.key && one.base === row.base && one.edits > 0 && one.state !== 'discarded',
  )
  const target = kind === 'rebase' ? onto || newer.find(({ current }) => current)?.name || '' : other
  const start = () => {
    setFound(null)
    setSkip(new Set())
    setError(null)
  }
  const run = async (repairs: { accept_repairs?: string; tolerance_m?: number } = {}) => {
    setBusy(true)
    setError(null)
    try {
      const ask = { version: plan.peek()?.plan.version ?? row.version, skip: [...skip] }
      const answer =
        kind === 'rebase'
          ? await plans.rebase(row.key, { ...ask, ...repairs, onto: target })
          : await plans.merge(row.key, { ...ask, other: target })
      setMending(null)
      if (answer.done) {
        await loadPlan()
        toast(t('plans.replay.done', { n: answer.applied }))
        close()
      } else setFound(answer)
    } catch (problem) {
      const asked = mendingOf(problem)
      if (asked) setMending(asked)
      setError(asked ? null : problem)
    } finally {
      setBusy(false)
    }
  }
  const toggle = (version: number) => {
    const next = new Set(skip)
    if (!next.delete(version)) next.add(version)
    setSkip(next)
  }
  if (mending) {
    return (
      <MendAsk
        mending={mending}
        busy={busy}
        error={error}
        take={t('plans.rebase')}
        onTolerance={(metres) => void run({ tolerance_m: metres })}
        onAccept={() => void run({ accept_repairs: mending.token, tolerance_m: mending.tolerance_m })}
        onClose={() => setMending(null)}
      />
    )
  }
  const open = (found?.conflicts ?? []).filter(({ version }) => !skip.has(version))
  return (
    <Dialog title={t('plans.replay')} beside={found !== null} onClose={close} testid="replay-dialog">
      <Choice<Kind>
        label={t('plans.replay.what')}
        value={kind}
        options={[
          ['rebase', t('plans.rebase')],
          ['merge', t('plans.merge')],
        ]}
        onPick={(next) => {
          setKind(next)
          start()
        }}
        testid="replay-kind"
      />
      <p class="lead">{t(kind === 'rebase' ? 'plans.rebase.lead' : 'plans.merge.lead', { base: row.base })}</p>
      {kind === 'rebase' ? (
        newer.length === 0 ? (
          <p class="calm">{t('plans.rebase.none')}</p>
        ) : (
          <select
            value={target}
            aria-label={t('plans.edition')}
            onChange={(event) => {
              setOnto(event.currentTarget.value)
              start()
            }}
            data-testid="replay-onto"
          >
            <option value="">{t('plans.choose')}</option>
            {newer.map(({ name, title: words, current }) => (
              <option key={name} value={name}>
                {[name, words === name ? '' : words, current ? t('plans.current') : ''].filter(Boolean).join(' · ')}
              </option>
            ))}
          </select>
        )
      ) : others.length === 0 ? (
        <p class="calm">{t('plans.merge.none')}</p>
      ) : (
        <select
          value={other}
          aria-label={t('plans.merge')}
          onChange={(event) => {
            setOther(event.currentTarget.value)
            start()
          }}
          data-testid="replay-other"
        >
          <option value="">{t('plans.choose')}</option>
          {others.map(({ key, name, edits }) => (
            <option key={key} value={key}>
              {name} · {t('plans.edits.n', { n: edits })}
            </option>
          ))}
        </select>
      )}
      {found && (
        <section class="conflicts" data-testid="conflicts">
          <h3>{t('plans.conflicts', { n: found.conflicts.length })}</h3>
          <p class="lead">{t('plans.conflicts.lead', { n: found.applied })}</p>
          <p class="hint">{t(kind === 'rebase' ? 'plans.conflicts.rebase' : 'plans.conflicts.merge')}</p>
          <ul>
            {found.conflicts.map((one) => (
              <li key={one.version} class={skip.has(one.version) ? 'is-skipped' : ''}>
                <label class="check">
                  <input
                    type="checkbox"
                    checked={skip.has(one.version)}
                    onChange={() => toggle(one.version)}
                    data-testid={`conflict-${one.version}`}
                  />
                  <span>{t('plans.skip')}</span>
                </label>
                <div>
                  <p>
                    <b>{title(one.text)}</b> <small class="muted">{one.by}</small>
                  </p>
                  <p>{title(one.detail)}</p>
                  {one.grids.length > one.became.length && (
                    <p class="muted">{t('plans.conflict.grids', { grids: listed(one.grids.map(gridPlace)) })}</p>
                  )}
                  {one.became.map((lost) => (
                    <Heirs key={lost.grid} lost={lost} />
                  ))}
                </div>
                <Look conflict={one} />
              </li>
            ))}
          </ul>
          <div class="quick">
            <button
              type="button"
              class="link"
              onClick={() => setSkip(new Set([...skip, ...found.conflicts.map(({ version }) => version)]))}
              data-testid="conflicts-skip-all"
            >
              {t('plans.skip.all')}
            </button>
          </div>
        </section>
      )}
      <Said error={error} />
      <footer>
        <button type="button" class="button" onClick={close}>
          {t('plans.cancel')}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={busy || !target || open.length > 0}
          onClick={() => void run()}
          data-testid="replay-run"
        >
          {found
            ? t(open.length > 0 ? 'plans.replay.left' : 'plans.replay.without', { n: open.length || skip.size })
            : t(kind === 'rebase' ? 'plans.rebase' : 'plans.merge')}
        </button>
      </footer>
    </Dialog>
  )
}
