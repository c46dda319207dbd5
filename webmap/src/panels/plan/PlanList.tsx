/** Plans by how far they are, a new one, one from a file, and the editions that were. */
import { useState } from 'preact/hooks'
import { type Edition, type Plan, plans } from '../../api/plans'
import { t } from '../../i18n'
import { editions, openAndLook, planDialog, planList } from '../../state/planPanels'
import { mayEditPlans } from '../../state/session'
import { useFollow } from '../../state/studio'
import { Empty, Fold, Loading, Row, Section, Time } from '../Parts'
import { EditionFigures } from './EditionFigures'
import { PlanDialogs } from './PlanDialogs'
import { FileChoice } from './PlanExport'
import { PlanMakeForm } from './PlanMakeForm'
import { Dialog, Said, StateMark } from './PlanParts'

const POLL_MS = 20_000

/** What waits for somebody first; what is over last, folded. */
const GROUPS: readonly (readonly [name: 'review' | 'draft' | 'approved', states: readonly Plan['state'][]])[] = [
  ['review', ['submitted']],
  ['approved', ['approved']],
  ['draft', ['draft', 'rejected']],
]
const PAST: readonly Plan['state'][] = ['published', 'rolled_back', 'discarded']

function Line({ row }: { row: Plan }) {
  return (
    <Row
      mark={<StateMark state={row.state} />}
      title={row.name}
      aside={row.behind ? <span class="plan-behind">{t('plans.behind')}</span> : t('plans.edits.n', { n: row.edits })}
      line={
        <>
          {row.scope_name ?? t('plans.scope.city')} · {t('plans.basedon', { base: row.base })} · {row.created_by}{' '}
          <Time at={row.changed_at} seconds={false} />
          {row.open_comments > 0 && ` · ${t('plans.comments.open', { n: row.open_comments })}`}
        </>
      }
      tone={row.state === 'discarded' ? 'is-late' : ''}
      onClick={() => openAndLook(row)}
      testid={`plan-${row.key}`}
    />
  )
}

function EditionLine({ edition, onFile }: { edition: Edition; onFile: () => void }) {
  const [last] = [...edition.periods].reverse()
  return (
    <li class={`edition ${edition.current ? 'is-current' : ''}`} data-testid={`edition-${edition.name}`}>
      <div>
        <b>{edition.name}</b>
        {edition.current && <em>{t('plans.current')}</em>}
        <button type="button" class="link" onClick={onFile} data-testid={`edition-${edition.name}-file`}>
          {t('plans.download')}
        </button>
      </div>
      <p>
        {edition.title && edition.title !== edition.name && `${edition.title} · `}
        {t('plans.ngrids', { n: edition.grids })}
        {last?.valid_from && (
          <>
            {' '}
            · <Time at={last.valid_from} seconds={false} />
            {last.valid_to ? (
              <>
                {' '}
                – <Time at={last.valid_to} seconds={false} />
              </>
            ) : (
              ` ${t('plans.since')}`
            )}
          </>
        )}
      </p>
    </li>
  )
}

function Editions() {
  const [file, setFile] = useState<string | null>(null)
  const [figures, setFigures] = useState(false)
  const list = editions.value.value
  if (!list) return editions.error.value ? <Said error={editions.error.value} /> : null
  return (
    <Section title={t('plans.editions')} aside={list.length}>
      <ul class="editions" data-testid="editions">
        {list.map((edition) => (
          <EditionLine key={edition.name} edition={edition} onFile={() => setFile(edition.name)} />
        ))}
      </ul>
      <button type="button" class="link" onClick={() => setFigures(true)} data-testid="edition-figures">
        {t('plans.figures')}
      </button>
      {figures && <EditionFigures known={list} onClose={() => setFigures(false)} />}
      {file !== null && (
        <Dialog
          title={t('plans.edition.file', { name: file })}
          onClose={() => setFile(null)}
          testid="edition-file-dialog"
        >
          <FileChoice path={(format, encoding) => plans.editionPath(file, format, encoding)} name={file} />
        </Dialog>
      )}
    </Section>
  )
}

export function PlanList() {
  useFollow(planList, POLL_MS, 'plan')
  useFollow(editions, POLL_MS * 3, 'plan')
  const [making, setMaking] = useState(false)
  const list = planList.value.value
  const error = planList.error.value
  if (!list) return error ? <Said error={error} again={() => void planList.load()} /> : <Loading />
  const past = list.filter(({ state }) => PAST.includes(state))
  return (
    <section class="studio-list plan-list" aria-label={t('rail.plan')} data-testid="plan-list">
      {error !== null && <Said error={error} />}
      {mayEditPlans.value && !making && (
        <div class="quick desk-only">
          <button type="button" class="button grow" onClick={() => setMaking(true)} data-testid="plan-new">
            {t('plans.new')}
          </button>
          <button type="button" class="button" onClick={() => (planDialog.value = 'import')} data-testid="plan-import">
            {t('plans.import')}
          </button>
        </div>
      )}
      {making && <PlanMakeForm onClose={() => setMaking(false)} />}
      {list.length === 0 && !making && <Empty title={t('plans.none')} lead={t('plans.none.lead')} />}
      {GROUPS.map(([name, states]) => {
        const of = list.filter(({ state }) => states.includes(state))
        if (of.length === 0) return null
        return (
          <Section key={name} title={t(`plans.group.${name}`)} aside={of.length}>
            <ul class="rows">
              {of.map((row) => (
                <Line key={row.key} row={row} />
              ))}
            </ul>
          </Section>
        )
      })}
      {past.length > 0 && (
        <Fold title={t('plans.group.past')} aside={String(past.length)} testid="plans-past">
          <ul class="rows">
            {past.slice(0, 100).map((row) => (
              <Line key={row.key} row={row} />
            ))}
          </ul>
        </Fold>
      )}
      <Editions />
      <PlanDialogs />
    </section>
  )
}
