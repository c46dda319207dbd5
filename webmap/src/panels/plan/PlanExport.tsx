/** A plan, or an edition, as a file to keep. */
import { useState } from 'preact/hooks'
import { send } from '../../api/client'
import { plans } from '../../api/plans'
import { t } from '../../i18n'
import { plan } from '../../state/plan'
import { planDialog } from '../../state/planPanels'
import { Choice } from '../Parts'
import { Dialog, Said } from './PlanParts'

type Format = 'geojson' | 'gpkg' | 'shp'
type Words = 'utf-8' | 'gbk'

/** How long a browser may take to write it down. */
const KEPT_MS = 60_000

export function FileChoice({ path, name }: { path: (format: string, encoding: string) => string; name: string }) {
  const [format, setFormat] = useState<Format>('gpkg')
  const [words, setWords] = useState<Words>('utf-8')
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const href = path(format, format === 'shp' ? words : '')
  const file = `${name}.${format === 'shp' ? 'zip' : format}`
  // Asked for by the page rather than the browser: a file that cannot be written says why, here.
  const take = async () => {
    setBusy(true)
    setError(null)
    try {
      const url = URL.createObjectURL(await (await send(href)).blob())
      const link = document.createElement('a')
      link.href = url
      link.download = file
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Choice<Format>
        label={t('plans.format')}
        value={format}
        options={[
          ['gpkg', 'GeoPackage'],
          ['geojson', 'GeoJSON'],
          ['shp', 'Shapefile'],
        ]}
        onPick={(next) => {
          setFormat(next)
          setError(null)
        }}
        testid="export-format"
      />
      <p class="lead">{t(`plans.format.${format}`)}</p>
      {format === 'shp' && (
        <Choice<Words>
          label={t('plans.encoding')}
          value={words}
          options={[
            ['utf-8', 'UTF-8'],
            ['gbk', 'GBK'],
          ]}
          onPick={(next) => {
            setWords(next)
            setError(null)
          }}
          testid="export-encoding"
        />
      )}
      <Said error={error} />
      <footer>
        <a
          class="button primary"
          href={href}
          download={file}
          aria-disabled={busy}
          onClick={(event) => {
            event.preventDefault()
            if (!busy) void take()
          }}
          data-testid="export-file"
        >
          {t(busy ? 'plans.export.busy' : 'plans.download')}
        </a>
      </footer>
    </>
  )
}

export function PlanExport() {
  const row = plan.value?.plan
  if (!row) return null
  return (
    <Dialog title={t('plans.export')} onClose={() => (planDialog.value = null)} testid="export-dialog">
      <FileChoice path={(format, encoding) => plans.exportPath(row.key, format, encoding)} name={row.name} />
    </Dialog>
  )
}
