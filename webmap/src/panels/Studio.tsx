/** The four studio pages, fetched when they are first opened: a list on the left, and for most a page over the map. */
import type { ComponentType } from 'preact'
import { t } from '../i18n'
import { maySee } from '../state/session'
import { isPhone, isStudio, leftOpen, openPage, panel, STUDIOS, type Studio, studioPick } from '../state/view'
import { Icon } from './Icon'
import { lazily } from './Parts'

export const STUDIO_LISTS: Record<Studio, ComponentType> = {
  rules: lazily(async () => (await import('./studio/RuleList')).RuleList),
  rosters: lazily(async () => (await import('./studio/RosterTree')).RosterTree),
  fences: lazily(async () => (await import('./studio/Fences')).Fences),
  drills: lazily(async () => (await import('./studio/DrillList')).DrillList),
  plan: lazily(async () => (await import('./plan/PlanList')).PlanList),
}

/** Fences have none: they are worked on upon the map itself; so are plans at a desk, in the hand they are read. */
export const STUDIO_PAGES: Partial<Record<Studio, ComponentType>> = {
  rules: lazily(async () => (await import('./studio/RulePage')).RulePage),
  rosters: lazily(async () => (await import('./studio/RosterPage')).RosterPage),
  drills: lazily(async () => (await import('./studio/DrillPage')).DrillPage),
  plan: lazily(async () => (await import('./plan/PlanPhone')).PlanPhone),
}

/** What stands around the map while a plan is open at a desk. */
export const PlanTools = lazily(async () => (await import('./plan/Tools')).Tools)
export const PlanSide = lazily(async () => (await import('./plan/PlanSide')).PlanSide)

export function openStudio(name: Studio): void {
  // What is open already is closed by its own name.
  if (panel.peek() === name) studioPick.value = ''
  else openPage(name)
  if (!isPhone.peek()) leftOpen.value = true
}

/** In the hand: the four side by side, then the list, or what was picked of it. */
export function StudioSheet() {
  const name = isStudio(panel.value) ? panel.value : 'rules'
  const Page = studioPick.value ? STUDIO_PAGES[name] : undefined
  const Body = Page ?? STUDIO_LISTS[name]
  return (
    <div class="studio-sheet" data-testid="studio-sheet">
      <nav class="choice-row" aria-label={t('rail.studio')}>
        {STUDIOS.filter(maySee).map((each) => (
          <button
            type="button"
            key={each}
            class={each === name ? 'is-on' : ''}
            aria-pressed={each === name}
            onClick={() => openStudio(each)}
            data-testid={`studio-${each}`}
          >
            {t(`rail.${each}`)}
          </button>
        ))}
      </nav>
      <Body key={name} />
    </div>
  )
}

/** The way in from the settings, where the rail is not. */
export function StudioLinks({ onOpen }: { onOpen: () => void }) {
  return (
    <nav class="studio-links" aria-label={t('rail.studio')}>
      {STUDIOS.filter(maySee).map((name) => (
        <button
          type="button"
          key={name}
          class="button"
          onClick={() => {
            openStudio(name)
            onOpen()
          }}
          data-testid={`open-${name}`}
        >
          <Icon name={name} />
          {t(`rail.${name}`)}
        </button>
      ))}
    </nav>
  )
}
