/** What the search shows: the server's answer over every layer, and what this page holds while that is asked for. */
import { api } from '../api/client'
import type { FoundThing, MapFeature } from '../api/types'
import { middleOf } from '../domain/geo'
import { lang } from '../i18n'
import { layerVisible, toggleLayer } from '../map/visibility'
import { attribute, coded, layerSpec } from './catalogue'
import { spoken } from './classes'
import { LIVE_LAYERS, stores } from './features'

export type Hit = Omit<FoundThing, 'match' | 'bbox'> & { bbox: FoundThing['bbox'] | null }

/** Told at most; the door says whether there are more. */
const SHOWN = 30
const HELD = 12
/** Somebody who types waits for no answer longer than this. */
const LIMIT_MS = 4000

/** Live things of this page whose name or key holds these words: at once, and without a line. */
export function heldHits(words: string): Hit[] {
  const wanted = words.normalize('NFKC').trim().toLowerCase()
  if (!wanted) return []
  const starts: Hit[] = []
  const holds: Hit[] = []
  for (const layer of LIVE_LAYERS) {
    if (layer === 'warning' || !layerSpec(layer)) continue
    for (const feature of stores[layer].features.values()) {
      const name = String(feature.properties.name ?? feature.properties.title ?? feature.properties.key)
      const place = `${name} ${feature.properties.key}`.toLowerCase().indexOf(wanted)
      if (place >= 0) (place === 0 ? starts : holds).push(held(layer, name, feature))
      if (starts.length >= HELD) return starts
    }
  }
  return [...starts, ...holds].slice(0, HELD)
}

function held(layer: string, name: string, feature: MapFeature): Hit {
  const { key, kind } = feature.properties
  const [lon = 0, lat = 0] = middleOf(feature.geometry)
  return {
    layer,
    key,
    name,
    name_en: null,
    kind: typeof kind === 'string' ? kind : null,
    by: 'name',
    text: name,
    place: null,
    point: [lon, lat],
    bbox: null,
  }
}

/** Asks the server; aborted by its signal, or by itself when it takes too long. */
export async function askHits(
  words: string,
  near: readonly [number, number] | null,
  signal: AbortSignal,
): Promise<{ hits: Hit[]; more: boolean }> {
  const own = new AbortController()
  const stop = () => own.abort()
  const late = setTimeout(stop, LIMIT_MS)
  signal.addEventListener('abort', stop)
  try {
    const found = await api.search(words, SHOWN, near, own.signal)
    // A layer that the catalogue does not tell of has no title and no place on the map.
    return { hits: found.items.filter((hit) => layerSpec(hit.layer)), more: found.more }
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', stop)
  }
}

/** In the order of the first of each layer, so that arrows walk as the eye does. */
export function byLayer(hits: readonly Hit[]): [layer: string, hits: Hit[]][] {
  const groups = new Map<string, Hit[]>()
  for (const hit of hits) {
    const group = groups.get(hit.layer)
    if (group) group.push(hit)
    else groups.set(hit.layer, [hit])
  }
  return [...groups]
}

/** What it is called, in the language of the page where it has a name in it. */
export function hitName(hit: Hit): string {
  if (lang.value === 'en' && hit.name_en) return hit.name_en
  if (hit.layer === 'part') return spoken('part', hit.name)
  if (hit.layer === 'incident') return spoken(hit.kind === 'part' ? 'part' : 'matter', hit.name)
  return hit.name
}

/** What sort, the code or address that answered where its name did not, and where it lies. */
export function hitBeside(hit: Hit): string {
  const by = attribute(hit.layer, 'kind') ? 'kind' : String(layerSpec(hit.layer)?.style?.by ?? '')
  const kind = hit.kind && attribute(hit.layer, by)?.values ? coded(hit.layer, by, hit.kind) : ''
  // Parts of a street are called alike: their code tells them apart.
  if (hit.layer === 'part') return [hit.key, hit.place ?? ''].filter(Boolean).join(' · ')
  const other = hit.by !== 'name' && hit.by !== 'name_en' && hit.text !== hit.name ? hit.text : ''
  // A grid that is named after its community says where it is.
  const place = hit.place && !hit.name.startsWith(hit.place) ? hit.place : ''
  return [kind, other, place].filter(Boolean).join(' · ')
}

/** A thing that was looked for is to be seen. */
export function showLayerOf(hit: Hit): void {
  if (!layerVisible(hit.layer)) toggleLayer(hit.layer, true)
}
