/** `/`: find a thing the browser already holds by its name or code. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { MapFeature } from '../api/types'
import { t } from '../i18n'
import { goTo } from '../map/map'
import { coded, layerTitle } from '../state/catalogue'
import { LIVE_LAYERS, type LiveLayer, stores } from '../state/features'
import { overlay, select } from '../state/view'
import { KindMark } from './Marks'

interface Found {
  layer: LiveLayer
  feature: MapFeature
  text: string
}

const SHOWN = 12

function find(query: string): Found[] {
  const wanted = query.trim().toLowerCase()
  if (!wanted) return []
  const starts: Found[] = []
  const holds: Found[] = []
  for (const layer of LIVE_LAYERS) {
    if (layer === 'warning') continue
    for (const feature of stores[layer].features.values()) {
      const p = feature.properties
      const text = String(p.name ?? p.title ?? p.key)
      const whole = `${text} ${p.key}`.toLowerCase()
      if (!whole.includes(wanted)) continue
      ;(text.toLowerCase().startsWith(wanted) ? starts : holds).push({ layer, feature, text })
      if (starts.length >= SHOWN) return starts
    }
  }
  return [...starts, ...holds].slice(0, SHOWN)
}

export function Search() {
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const input = useRef<HTMLInputElement>(null)
  const found = useMemo(() => find(query), [query])
  useEffect(() => input.current?.focus(), [])
  const take = (item: Found | undefined) => {
    if (!item) return
    select(item.layer, item.feature.properties.key)
    goTo(item.feature)
    overlay.value = null
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, at + 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1))
    else if (event.key === 'Enter') take(found[at])
    else return
    event.preventDefault()
  }
  return (
    <div class="overlay search" role="dialog" aria-label={t('search.label')}>
      <input
        ref={input}
        type="search"
        placeholder={t('search.hint')}
        aria-label={t('search.label')}
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
        data-testid="search-input"
      />
      {query.trim() !== '' && found.length === 0 && <p class="calm">{t('search.none', { q: query.trim() })}</p>}
      <ul class="lines">
        {found.map((item, i) => (
          <li key={`${item.layer}/${item.feature.properties.key}`}>
            <button
              type="button"
              class={i === at ? 'is-on' : ''}
              onClick={() => take(item)}
              data-testid="search-result"
            >
              <KindMark kind={String(item.feature.properties.kind ?? 'other')} size={1} state={item.layer} />
              <span>{item.text}</span>
              <small>
                {layerTitle(item.layer)}{' '}
                {item.feature.properties.kind ? `· ${coded(item.layer, 'kind', item.feature.properties.kind)}` : ''}
              </small>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
