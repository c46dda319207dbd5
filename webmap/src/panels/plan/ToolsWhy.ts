/** Why an edit was refused, in the reader's language: by its reason, else as the server put it. */
import { has, t } from '../../i18n'
import type { Refusal } from '../../state/plan'

export function refusalText({ reason, text }: Pick<Refusal, 'reason' | 'text'>): string {
  const key = `plan.refused.${reason}`
  return has(key) ? t(key) : text || t('plan.refused')
}
