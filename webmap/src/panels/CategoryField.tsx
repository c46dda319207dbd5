/** The one category that the evidence is looked at for. */
import { t } from '../i18n'
import { surfaces } from '../state/heat'
import { evidenceCategory } from '../state/view'
import { categoryOptions } from './HeatControls'

export function CategoryField() {
  const options = categoryOptions(surfaces().find((surface) => surface.name === 'incidents'))
  if (!options.length) return null
  return (
    <label class="field">
      <span>{t('heat.category')}</span>
      <select
        value={evidenceCategory.value}
        onChange={(event) => (evidenceCategory.value = event.currentTarget.value)}
        data-testid="evidence-category"
      >
        <option value="">{t('heat.category.all')}</option>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}
