/** The right panel: the selected thing, whatever it is. */
import { t } from '../i18n'
import { selection } from '../state/view'
import { byHazard } from '../state/warnings'
import { FeatureDetail } from './FeatureDetail'
import { HeatCellDetail } from './HeatCell'
import { Empty } from './Parts'
import { Why } from './Why'

export function Detail() {
  const chosen = selection.value
  if (!chosen) return <Empty title={t('detail.nothing')} />
  const { layer, key } = chosen
  if (layer === 'warning') return <Why key={key} warningKey={key} />
  if (layer === 'heat') return <HeatCellDetail key={key} cell={key} />
  // A hazard point under a warning opens on what matters about it.
  const warning = layer === 'hazard' ? byHazard.value.get(key) : undefined
  if (warning) return <Why key={warning.key} warningKey={warning.key} />
  return <FeatureDetail key={`${layer}/${key}`} layer={layer} featureKey={key} />
}
