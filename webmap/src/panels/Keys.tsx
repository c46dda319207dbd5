/** The keys, and the list of them behind `?`. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { lang, type MessageKey, t } from '../i18n'
import { flyTo, goHome } from '../map/map'
import { catalogue } from '../state/catalogue'
import { maySee } from '../state/session'
import {
  compare,
  leftOpen,
  overlay,
  PANELS,
  rightOpen,
  select,
  selection,
  studioPick,
  THEMES,
  theme,
} from '../state/view'
import { warnings } from '../state/warnings'
import { openPanel } from './Rail'

const LIST = [
  ['/', 'keys.search'],
  ['?', 'keys.help'],
  ['Esc', 'keys.escape'],
  ['1–9', 'keys.rail'],
  ['N', 'keys.next'],
  ['H', 'keys.home'],
  ['[ ]', 'keys.panels'],
  ['T', 'keys.theme'],
  ['L', 'keys.lang'],
] as const

/** Keys of a page that is fetched when it is opened; it brings their words along. */
export const moreKeys = signal<readonly (readonly [key: string, text: MessageKey])[]>([])

export function KeyList() {
  return (
    <div class="overlay keys" role="dialog" aria-label={t('keys.title')} data-testid="keys">
      <h2>{t('keys.title')}</h2>
      <dl>
        {[...moreKeys.value, ...LIST.filter(([key]) => !moreKeys.value.some(([own]) => own === key))].map(
          ([key, text]) => (
            <div key={text}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{t(text)}</dd>
            </div>
          ),
        )}
      </dl>
    </div>
  )
}

function openWorst(): void {
  const worst = warnings.value[0]
  if (!worst) return
  select('warning', worst.key)
  flyTo(worst.lon, worst.lat)
}

function stepBack(): void {
  if (overlay.value) overlay.value = null
  else if (selection.value) selection.value = null
  else if (studioPick.value) studioPick.value = ''
  else compare.value = null
}

function onKey(event: KeyboardEvent): void {
  if (event.key === 'Escape') {
    stepBack()
    return
  }
  const target = event.target as HTMLElement
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select')) return
  const nth = PANELS.filter(maySee)[Number(event.key) - 1]
  if (nth) openPanel(nth)
  else if (event.key === '/') overlay.value = 'search'
  else if (event.key === '?') overlay.value = overlay.value === 'keys' ? null : 'keys'
  else if (event.key === '[') leftOpen.value = !leftOpen.value
  else if (event.key === ']') rightOpen.value = !rightOpen.value
  else if (event.key === 'n') openWorst()
  else if (event.key === 'h' && catalogue.value) goHome(catalogue.value)
  else if (event.key === 't') theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'dark'
  else if (event.key === 'l') lang.value = lang.value === 'zh' ? 'en' : 'zh'
  else return
  event.preventDefault()
}

export function useKeys(): void {
  useEffect(() => {
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
