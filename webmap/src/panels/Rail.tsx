/** The icon rail: which panel stands on the left. */
import { t } from '../i18n'
import { lateCases } from '../state/cases'
import { deliveries } from '../state/deliveries'
import { deadFeeds } from '../state/feeds'
import { maySee } from '../state/session'
import { leftOpen, openPage, PANELS, type Panel, panel, planOpen } from '../state/view'
import { warnings } from '../state/warnings'
import { Icon } from './Icon'

function badge(name: Panel): number {
  if (name === 'warnings') return warnings.value.length
  if (name === 'incidents') return lateCases.value.length
  if (name === 'feeds') return deadFeeds.value.length
  if (name === 'deliveries') return deliveries.value?.dead_unseen ?? 0
  return 0
}

export function openPanel(name: Panel): void {
  // Where a plan is open its figures stand on the right: there is no list to collapse.
  if (panel.value === name && planOpen.value) return
  if (panel.value === name && leftOpen.value) leftOpen.value = false
  else {
    openPage(name)
    leftOpen.value = true
  }
}

export function Rail() {
  return (
    <nav class="rail" aria-label={t('rail.label')}>
      {PANELS.filter(maySee).map((name) => {
        const on = panel.value === name && leftOpen.value
        const n = badge(name)
        return (
          <button
            type="button"
            key={name}
            class={on ? 'is-on' : ''}
            aria-pressed={on}
            onClick={() => openPanel(name)}
            data-testid={`rail-${name}`}
          >
            <Icon name={name} size={1.4} />
            <span>{t(`rail.${name}`)}</span>
            {n > 0 && <b class="rail-badge">{n > 99 ? '99+' : n}</b>}
          </button>
        )
      })}
    </nav>
  )
}
