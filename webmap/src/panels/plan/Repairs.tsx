/** What would be mended, listed and drawn: of a file of grids, and of an edition whose grids do not match. */
import { useMemo, useState } from 'preact/hooks'
import { ApiError } from '../../api/client'
import type { EditionRepairs, ImportRepair } from '../../api/plans'
import { middleOf } from '../../domain/geo'
import { areaText, repairsByKind } from '../../domain/planFiles'
import { type Frame, frameOf, pathOf, projector } from '../../domain/planOptions'
import { t, title } from '../../i18n'
import { Section } from '../Parts'
import { Dialog, MoreRows, Said, SliverField } from './PlanParts'

const WIDTH = 420
const HEIGHT = 260
const STEP = 30

/** Where grids do not fit, and the frame of all that was looked at. */
interface Found {
  repairs: ImportRepair[]
  /** Smaller ones that are mended, too, but not told one by one. */
  unlisted: number
  bounds: number[]
}

const whereOf = (repair: ImportRepair) => repair.where as unknown as GeoJSON.Geometry

/** The ground that would be mended, large enough to be seen. */
function RepairMap({ found, open }: { found: Found; open: ImportRepair | null }) {
  const [w = 0, s = 0, e = 1, n = 1] = found.bounds
  const around: Frame = useMemo(() => {
    const near = open ? frameOf([whereOf(open)]) : null
    if (!near) return [w, s, e, n]
    // A sliver alone would fill the picture: some ground around it says where it is.
    const air = Math.max((near[2] - near[0]) * 1.5, (near[3] - near[1]) * 1.5, 0.0004)
    return [near[0] - air, near[1] - air, near[2] + air, near[3] + air]
  }, [open, w, s, e, n])
  const project = projector(around, WIDTH, HEIGHT)
  return (
    <svg class="repair-map" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t('plans.repairs')}>
      {/* A picture in the picture keeps to its frame, however wide the dialog is. */}
      <svg width={WIDTH} height={HEIGHT} aria-hidden="true">
        <rect class="repair-frame" x={0} y={0} width={WIDTH} height={HEIGHT} />
        {found.repairs.slice(0, 2000).map((repair, i) => {
          const where = whereOf(repair)
          const [x, y] = project(middleOf(where))
          if (x < -20 || y < -20 || x > WIDTH + 20 || y > HEIGHT + 20) return null
          return (
            <g key={i} class={`is-${repair.kind} ${repair === open ? 'is-selected' : ''}`}>
              {/* Of a shape that was put right the whole is told: its outline says where. */}
              <path
                d={pathOf(where, project)}
                style={repair.kind === 'invalid' || repair.kind === 'joined' ? { fill: 'none' } : undefined}
              />
              <circle cx={x} cy={y} r={repair === open ? 9 : 3} />
            </g>
          )
        })}
      </svg>
    </svg>
  )
}

export function Repairs({ found }: { found: Found }) {
  const [open, setOpen] = useState<ImportRepair | null>(null)
  const [shown, setShown] = useState(STEP)
  if (found.repairs.length === 0) return <p class="plan-holds">✓ {t('plans.repairs.none')}</p>
  return (
    <>
      <p class="plan-total" data-testid="import-repairs">
        {repairsByKind(found.repairs)
          .map(({ kind, n, m2 }) => t('plans.repair.sum', { kind: t(`plans.repair.${kind}`), n, m2: areaText(m2) }))
          .join(' · ')}
      </p>
      {found.unlisted > 0 && (
        <p class="hint" data-testid="repairs-unlisted">
          {t('plans.repairs.unlisted', { n: found.repairs.length, more: found.unlisted })}
        </p>
      )}
      <RepairMap found={found} open={open} />
      <ul class="plan-repairs">
        {found.repairs.slice(0, shown).map((repair, i) => (
          <li key={i}>
            <button
              type="button"
              class={repair === open ? 'is-selected' : ''}
              aria-pressed={repair === open}
              onClick={() => setOpen(repair === open ? null : repair)}
              data-testid="import-repair"
            >
              <b>{t(`plans.repair.${repair.kind}`)}</b>
              <span>{repair.grids.join(title({ zh: '、', en: ', ' })) || '—'}</span>
              <span>{repair.to ? t('plans.repair.to', { grid: repair.to }) : t('plans.repair.drop')}</span>
              <small>{areaText(repair.area_m2)}</small>
            </button>
          </li>
        ))}
      </ul>
      <MoreRows left={found.repairs.length - shown} onMore={() => setShown(shown + 5 * STEP)} />
    </>
  )
}

/** What a door says must be mended, if that is why it said no. */
export function mendingOf(error: unknown): EditionRepairs | null {
  if (!(error instanceof ApiError)) return null
  return (error.problem as { mending?: EditionRepairs } | null)?.mending ?? null
}

/** The question before a plan is opened on an edition whose grids do not match: nothing is mended that was not shown. */
export function MendAsk(props: {
  mending: EditionRepairs
  busy: boolean
  error: unknown
  take: string
  /** Slivers of another width are looked at; not every door can. */
  onTolerance?: (metres: number) => void
  onAccept: () => void
  onClose: () => void
}) {
  const { mending, busy } = props
  const [accepted, setAccepted] = useState<string | null>(null)
  const cannot = mending.problems.length > 0
  return (
    <Dialog
      title={cannot ? t('plans.mend.cannot') : t('plans.mend.title', { edition: mending.edition })}
      wide
      onClose={props.onClose}
      testid="mend-dialog"
    >
      <p class="lead">{t(cannot ? 'plans.mend.cannot.lead' : 'plans.mend.lead')}</p>
      {cannot && (
        <ul class="problems is-block" data-testid="mend-problems">
          {mending.problems.slice(0, 12).map((words) => (
            <li key={words.zh}>{title(words)}</li>
          ))}
        </ul>
      )}
      {props.onTolerance && (
        <SliverField metres={mending.tolerance_m} disabled={busy} onPick={props.onTolerance} testid="mend-tolerance" />
      )}
      <Section
        title={t('plans.repairs')}
        aside={mending.repairs.length > 0 ? t('plans.repaired', { m2: areaText(mending.repaired_m2) }) : undefined}
      >
        <Repairs key={`${mending.token} ${mending.tolerance_m}`} found={mending} />
      </Section>
      {mending.notes.length > 0 && (
        <ul class="hint plan-notes">
          {mending.notes.map((words) => (
            <li key={words.zh}>{title(words)}</li>
          ))}
        </ul>
      )}
      {!cannot && (
        <label class="check">
          <input
            type="checkbox"
            checked={accepted === mending.token}
            onChange={(event) => setAccepted(event.currentTarget.checked ? mending.token : null)}
            data-testid="mend-accept"
          />
          <span>
            {t('plans.mend.accept', {
              n: mending.repairs.length + mending.unlisted,
              m2: areaText(mending.repaired_m2),
            })}
          </span>
        </label>
      )}
      <Said error={props.error} />
      <footer>
        <button type="button" class="button" onClick={props.onClose}>
          {t('plans.cancel')}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={busy || cannot || accepted !== mending.token}
          onClick={props.onAccept}
          data-testid="mend-take"
        >
          {busy ? t('plans.mend.looking') : props.take}
        </button>
      </footer>
    </Dialog>
  )
}
