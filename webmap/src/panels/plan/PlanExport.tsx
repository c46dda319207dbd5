/** A plan, or an edition, as a file to keep. */
import { useState } from 'preact/hooks'
import { plans } from '../../api/plans'
import { t } from '../../i18n'
import { plan } from '../../state/plan'
import { planDialog } from '../../state/planPanels'
import { Choice } from '../Parts'
import { Dialog } from './PlanParts'

type Format = 'geojson' | 'gpkg' | 'shp'
type Words = 'utf-8' | 'gbk'

export function FileChoice({ path, name }: { path: (format: string, encoding: string) => string; name: string }) {
  const [format, setFormat] = useState<Format>('gpkg')
  const [words, setWords] = useState<Words>('utf-8')
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
        onPick={setFormat}
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
          onPick={setWords}
          testid="export-encoding"
        />
      )}
      <footer>
        <a
          class="button primary"
          href={path(format, format === 'shp' ? words : '')}
          download={`${name}.${format === 'shp' ? 'zip' : format}`}
          data-testid="export-file"
        >
          {t('plans.download')}
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
