/** Why an edit was refused, in the reader's language, with grids by the names that they have on the map. */
import { half, has, t } from '../../i18n'
import { plan, type Refusal } from '../../state/plan'

/** The server says both, Chinese first; grids it knows by their ids. */
export function serverText(text: string): string {
  const grids = plan.value?.grids
  return half(text).replace(/~\d+|\b\d{15}\b/g, (id) => grids?.get(id)?.label ?? id)
}

export function refusalText({ reason, text }: Pick<Refusal, 'reason' | 'text'>): string {
  if (text) return serverText(text)
  const key = `plan.refused.${reason}`
  return has(key) ? t(key) : t('plan.refused')
}
