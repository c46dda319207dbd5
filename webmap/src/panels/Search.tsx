/** `/`: find a thing of any layer by its name or code, go there, and open its card. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { t } from '../i18n'
import { fitTo, flyTo, mapCentre } from '../map/map'
import { familyOf } from '../map/parts'
import { layerSpec, layerTitle } from '../state/catalogue'
import { askHits, byLayer, type Hit, heldHits, hitBeside, hitName, showLayerOf } from '../state/search'
import { overlay, select } from '../state/view'
import { KindMark } from './Marks'

/** Between two strokes of somebody who types: nobody waits for what is asked then. */
const PAUSE_MS = 150
/** Degrees: what is smaller is a point on the map. */
const SMALL = 0.0004
const CLOSE = 17

interface Answer {
  words: string
  hits: Hit[]
  more: boolean
  alone: boolean
}

function goToHit(hit: Hit): void {
  const [lon, lat] = hit.point
  const [w, s, e, n] = hit.bbox ?? [lon, lat, lon, lat]
  if (Math.max(e - w, n - s) < SMALL) {
    // Near enough for the layer to be drawn there.
    flyTo(lon, lat, Math.max(15.5, Math.min(CLOSE, (layerSpec(hit.layer)?.minzoom ?? 0) + 2)))
    return
  }
  // Two opposite corners have the bounds of the whole.
  fitTo(
    {
      type: 'MultiPoint',
      coordinates: [
        [w, s],
        [e, n],
      ],
    },
    CLOSE,
  )
}

/** The answer to the words that stand there; until it comes, and without a line, what this page holds. */
function useAnswer(words: string): { hits: Hit[]; asking: boolean; more: boolean; alone: boolean } {
  const [answer, setAnswer] = useState<Answer | null>(null)
  const held = useMemo(() => heldHits(words), [words])
  useEffect(() => {
    if (!words) return
    const stop = new AbortController()
    const ask = async () => {
      try {
        const found = await askHits(words, mapCentre(), stop.signal)
        setAnswer({ words, ...found, alone: false })
      } catch {
        // The words are others by now, or the line is down: the page's own list stands.
        if (!stop.signal.aborted) setAnswer({ words, hits: [], more: false, alone: true })
      }
    }
    const timer = setTimeout(() => void ask(), PAUSE_MS)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [words])
  if (!words || answer?.words !== words) return { hits: held, asking: words !== '', more: false, alone: false }
  if (answer.alone) return { hits: held, asking: false, more: false, alone: true }
  return { hits: answer.hits, asking: false, more: answer.more, alone: false }
}

function markOf(hit: Hit): string {
  if (hit.layer === 'part') return `part-${familyOf(hit.kind)}`
  return hit.layer === 'camera' ? 'camera' : (hit.kind ?? 'other')
}

function Line({ hit, on, take }: { hit: Hit; on: boolean; take: () => void }) {
  const line = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (on) line.current?.scrollIntoView({ block: 'nearest' })
  }, [on])
  return (
    <li ref={line}>
      <button type="button" class={on ? 'is-on' : ''} onClick={take} data-testid="search-result" data-layer={hit.layer}>
        <KindMark kind={markOf(hit)} size={1} state={hit.layer} />
        <span>{hitName(hit)}</span>
        <small>{hitBeside(hit)}</small>
      </button>
    </li>
  )
}

export function Search() {
  const [text, setText] = useState('')
  const [words, setWords] = useState('')
  const [at, setAt] = useState(0)
  const composing = useRef(false)
  const input = useRef<HTMLInputElement>(null)
  const { hits, asking, more, alone } = useAnswer(words)
  const groups = byLayer(hits)
  const walked = groups.flatMap(([, group]) => group)
  const here = Math.min(at, walked.length - 1)
  useEffect(() => input.current?.focus(), [])
  const typed = (value: string) => {
    setText(value)
    // Half a word of an input method is no question.
    if (composing.current) return
    setWords(value.trim())
    setAt(0)
  }
  const take = (hit: Hit | undefined) => {
    if (!hit) return
    showLayerOf(hit)
    select(hit.layer, hit.key)
    goToHit(hit)
    overlay.value = null
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    if (event.key === 'ArrowDown') setAt(Math.min(walked.length - 1, here + 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(0, here - 1))
    else if (event.key === 'Enter') take(walked[here])
    else return
    event.preventDefault()
  }
  return (
    <div class="overlay search" role="dialog" aria-label={t('search.label')}>
      <input
        ref={input}
        type="search"
        maxLength={64}
        placeholder={t('search.hint')}
        aria-label={t('search.label')}
        value={text}
        onInput={(event) => typed(event.currentTarget.value)}
        onCompositionStart={() => {
          composing.current = true
        }}
        onCompositionEnd={(event) => {
          composing.current = false
          typed(event.currentTarget.value)
        }}
        onKeyDown={onKeyDown}
        data-testid="search-input"
      />
      <p class="calm" role="status" data-testid="search-says">
        {alone && t('search.alone')}
        {more && t('search.more')}
        {asking && hits.length === 0 && t('search.asking')}
        {words !== '' && !asking && !alone && hits.length === 0 && t('search.none', { q: words })}
      </p>
      <div class="search-found" aria-busy={asking} data-testid="search-found">
        {groups.map(([layer, group]) => (
          <section key={layer}>
            <h3>{layerTitle(layer)}</h3>
            <ul class="lines">
              {group.map((hit) => (
                <Line key={hit.key} hit={hit} on={hit === walked[here]} take={() => take(hit)} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
  )
}
