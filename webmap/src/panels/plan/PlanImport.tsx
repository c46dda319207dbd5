/** Grids from a file: looked at first, with every gap and overlap that would be mended shown; a plan is made of them only when that is confirmed. */
import { useMemo, useState } from 'preact/hooks'
import { type ImportPreview, type ImportRepair, plans } from '../../api/plans'
import { count } from '../../domain/format'
import { middleOf } from '../../domain/geo'
import { areaText, repairsByKind, sizeText } from '../../domain/planFiles'
import { type Frame, frameOf, pathOf, projector } from '../../domain/planOptions'
import { t, title } from '../../i18n'
import { openPlan } from '../../state/plan'
import { planDialog, planList } from '../../state/planPanels'
import { toast } from '../../state/toast'
import { Section } from '../Parts'
import { Dialog, Said } from './PlanParts'

const COLUMNS = ['code', 'name', 'community', 'kind', 'special', 'team'] as const
const DATUMS = ['', 'WGS-84', 'CGCS2000', 'GCJ-02', 'BD-09'] as const
const TOLERANCE_M = 5

/** How the file is to be read; empty: as it says itself. */
interface Reading {
  datum: string
  encoding: string
  tolerance_m: number
}
const AS_IT_SAYS: Reading = { datum: '', encoding: '', tolerance_m: TOLERANCE_M }
const WIDTH = 420
const HEIGHT = 260
const STEP = 30

const whereOf = (repair: ImportRepair) => repair.where as unknown as GeoJSON.Geometry

/** Where the file's grids do not fit: the ground that would be mended, large enough to be seen. */
function RepairMap({ preview, open }: { preview: ImportPreview; open: ImportRepair | null }) {
  const [w = 0, s = 0, e = 1, n = 1] = preview.bounds
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
      <rect class="repair-frame" x={0} y={0} width={WIDTH} height={HEIGHT} />
      {preview.repairs.slice(0, 2000).map((repair, i) => {
        const where = whereOf(repair)
        const [x, y] = project(middleOf(where))
        if (x < -20 || y < -20 || x > WIDTH + 20 || y > HEIGHT + 20) return null
        return (
          <g key={i} class={`is-${repair.kind} ${repair === open ? 'is-selected' : ''}`}>
            <path d={pathOf(where, project)} />
            <circle cx={x} cy={y} r={repair === open ? 9 : 3} />
          </g>
        )
      })}
    </svg>
  )
}

function Repairs({ preview }: { preview: ImportPreview }) {
  const [open, setOpen] = useState<ImportRepair | null>(null)
  const [shown, setShown] = useState(STEP)
  if (preview.repairs.length === 0) return <p class="plan-holds">✓ {t('plans.repairs.none')}</p>
  return (
    <>
      <p class="plan-total" data-testid="import-repairs">
        {repairsByKind(preview.repairs)
          .map(({ kind, n, m2 }) => t('plans.repair.sum', { kind: t(`plans.repair.${kind}`), n, m2: areaText(m2) }))
          .join(' · ')}
      </p>
      <RepairMap preview={preview} open={open} />
      <ul class="plan-repairs">
        {preview.repairs.slice(0, shown).map((repair, i) => (
          <li key={i}>
            <button
              type="button"
              class={repair === open ? 'is-selected' : ''}
              onClick={() => setOpen(repair === open ? null : repair)}
              data-testid="import-repair"
            >
              <b>{t(`plans.repair.${repair.kind}`)}</b>
              <span>{repair.grids.join('、') || '—'}</span>
              <span>{repair.to ? t('plans.repair.to', { grid: repair.to }) : t('plans.repair.drop')}</span>
              <small>{areaText(repair.area_m2)}</small>
            </button>
          </li>
        ))}
      </ul>
      {preview.repairs.length > shown && (
        <button type="button" class="link" onClick={() => setShown(shown + 5 * STEP)}>
          {t('plans.more', { n: preview.repairs.length - shown })}
        </button>
      )}
    </>
  )
}

export function PlanImport() {
  const [file, setFile] = useState<File | null>(null)
  const [reading, setReading] = useState(AS_IT_SAYS)
  const [preview, setPreview] = useState<ImportPreview | null>(null)
  const [name, setName] = useState('')
  const [accepted, setAccepted] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const close = () => {
    planDialog.value = null
  }
  const look = async (from: File, how: Reading) => {
    setBusy(true)
    setError(null)
    setAccepted(false)
    const form = new FormData()
    form.append('file', from)
    for (const [field, value] of Object.entries(how)) if (value !== '') form.append(field, String(value))
    try {
      const found = await plans.preview(form)
      setPreview(found)
      setName((before) => before || from.name.replace(/\.[^.]+$/, ''))
    } catch (problem) {
      setPreview(null)
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  const readAs = (change: Partial<Reading>) => {
    const next = { ...reading, ...change }
    setReading(next)
    if (file) void look(file, next)
  }
  const take = async () => {
    if (!preview) return
    setBusy(true)
    setError(null)
    try {
      const made = await plans.confirm({ token: preview.token, name: name.trim(), accept_repairs: accepted })
      toast(t('plans.imported', { name: made.name, n: preview.grids }))
      close()
      void planList.load()
      openPlan(made.key)
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  const mended = preview !== null && preview.repairs.length > 0
  return (
    <Dialog title={t('plans.import')} wide onClose={close} testid="import-dialog">
      <p class="lead">{t('plans.import.lead')}</p>
      <label class="plan-drop">
        <input
          type="file"
          accept=".geojson,.json,.gpkg,.zip"
          onChange={(event) => {
            const [chosen] = event.currentTarget.files ?? []
            if (!chosen) return
            setFile(chosen)
            setName('')
            void look(chosen, reading)
          }}
          data-testid="import-file"
        />
        <b>{file ? file.name : t('plans.import.choose')}</b>
        <span class="muted">
          {busy && !preview
            ? t('plans.import.reading')
            : file
              ? sizeText(file.size)
              : 'GeoPackage · GeoJSON · Shapefile (zip)'}
        </span>
      </label>
      {file && (
        <div class="field-grid is-three">
          <label class="field">
            <span>{t('plans.import.datum')}</span>
            <select
              value={reading.datum}
              disabled={busy}
              onChange={(event) => readAs({ datum: event.currentTarget.value })}
              data-testid="import-datum"
            >
              {DATUMS.map((datum) => (
                <option key={datum} value={datum}>
                  {datum || t('plans.import.says')}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span>{t('plans.encoding')}</span>
            <select
              value={reading.encoding}
              disabled={busy}
              onChange={(event) => readAs({ encoding: event.currentTarget.value })}
              data-testid="import-encoding"
            >
              <option value="">{t('plans.import.says')}</option>
              <option value="utf-8">UTF-8</option>
              <option value="gbk">GBK</option>
            </select>
          </label>
          <label class="field">
            <span>{t('plans.import.tolerance')}</span>
            <span class="figure-field">
              <input
                type="number"
                min={0.1}
                max={50}
                step="any"
                value={reading.tolerance_m}
                disabled={busy}
                onChange={(event) => {
                  const width = Number(event.currentTarget.value)
                  if (width > 0 && width <= 50) readAs({ tolerance_m: width })
                }}
                data-testid="import-tolerance"
              />
              <em>m</em>
            </span>
          </label>
        </div>
      )}
      <Said error={error} />
      {preview && (
        <div data-testid="import-preview">
          <p class="plan-total">{t('plans.import.found', { n: count(preview.grids), file: preview.file })}</p>
          {preview.problems.length > 0 && (
            <ul class="problems is-block" data-testid="import-problems">
              {preview.problems.slice(0, 12).map((words) => (
                <li key={words.zh}>{title(words)}</li>
              ))}
            </ul>
          )}
          <Section title={t('plans.import.columns')}>
            <dl class="plan-measures" data-testid="import-columns">
              {COLUMNS.map((one) => (
                <div key={one} class={preview.columns[one] ? '' : 'is-none'}>
                  <dt>{t(`plans.column.${one}`)}</dt>
                  <dd>{preview.columns[one] ?? t('plans.column.none')}</dd>
                </div>
              ))}
            </dl>
          </Section>
          <Section
            title={t('plans.repairs')}
            aside={mended ? t('plans.repaired', { m2: areaText(preview.repaired_m2) }) : undefined}
          >
            <Repairs preview={preview} />
          </Section>
          <label class="field">
            <span>{t('plans.planname')}</span>
            <input
              value={name}
              maxLength={120}
              onInput={(event) => setName(event.currentTarget.value)}
              data-testid="import-name"
            />
          </label>
          {mended && (
            <label class="check">
              <input
                type="checkbox"
                checked={accepted}
                onChange={(event) => setAccepted(event.currentTarget.checked)}
                data-testid="import-accept"
              />
              <span>{t('plans.import.accept', { n: preview.repairs.length, m2: areaText(preview.repaired_m2) })}</span>
            </label>
          )}
        </div>
      )}
      <footer>
        <button type="button" class="button" onClick={close}>
          {t('plans.cancel')}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={busy || !preview || name.trim() === '' || (mended && !accepted)}
          onClick={() => void take()}
          data-testid="import-confirm"
        >
          {t('plans.import.make')}
        </button>
      </footer>
    </Dialog>
  )
}
