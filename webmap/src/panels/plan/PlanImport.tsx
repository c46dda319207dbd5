/** Grids from a file: looked at first, with every gap and overlap that would be mended shown; a plan is made of them only when that is confirmed. */
import { useState } from 'preact/hooks'
import { type EditionRepairs, type ImportPreview, plans } from '../../api/plans'
import { count } from '../../domain/format'
import { areaText, sizeText } from '../../domain/planFiles'
import { t, title } from '../../i18n'
import { openPlan } from '../../state/plan'
import { planDialog, planList } from '../../state/planPanels'
import { toast } from '../../state/toast'
import { Section } from '../Parts'
import { Dialog, Said, SliverField } from './PlanParts'
import { MendAsk, mendingOf, Repairs } from './Repairs'

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

export function PlanImport() {
  const [file, setFile] = useState<File | null>(null)
  const [reading, setReading] = useState(AS_IT_SAYS)
  const [preview, setPreview] = useState<ImportPreview | null>(null)
  const [name, setName] = useState('')
  const [accepted, setAccepted] = useState(false)
  const [mending, setMending] = useState<EditionRepairs | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const close = () => {
    planDialog.value = null
  }
  const look = async (from: File, how: Reading, accept = '') => {
    setBusy(true)
    setError(null)
    setAccepted(false)
    const form = new FormData()
    form.append('file', from)
    for (const [field, value] of Object.entries(how)) if (value !== '') form.append(field, String(value))
    if (accept) form.append('accept_repairs', accept)
    try {
      const found = await plans.preview(form)
      setMending(null)
      setPreview(found)
      setName((before) => before || from.name.replace(/\.[^.]+$/, ''))
    } catch (problem) {
      setPreview(null)
      // The edition in force must fit before a file can be laid beside it.
      const asked = mendingOf(problem)
      setMending(asked)
      setError(asked ? null : problem)
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
  if (mending && file) {
    return (
      <MendAsk
        mending={mending}
        busy={busy}
        error={error}
        take={t('plans.mend.look')}
        onAccept={() => void look(file, reading, mending.token)}
        onClose={() => setMending(null)}
      />
    )
  }
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
          <SliverField
            metres={reading.tolerance_m}
            disabled={busy}
            onPick={(tolerance_m) => readAs({ tolerance_m })}
            testid="import-tolerance"
          />
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
            <Repairs key={preview.token} found={preview} />
          </Section>
          {preview.notes.length > 0 && (
            <ul class="hint plan-notes" data-testid="import-notes">
              {preview.notes.map((words) => (
                <li key={words.zh}>{title(words)}</li>
              ))}
            </ul>
          )}
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
              <span>
                {t('plans.import.accept', {
                  n: preview.repairs.length + preview.unlisted,
                  m2: areaText(preview.repaired_m2),
                })}
              </span>
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
