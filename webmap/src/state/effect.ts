/** The last answer to "did it help?", held for the map to draw beside the panel. */
import { signal } from '@preact/signals'
import type { Effect } from '../api/types'

export const effectFound = signal<Effect | null>(null)
/** The area it was asked for, as a shape; a grid's is looked up. */
export const effectArea = signal<GeoJSON.Geometry | null>(null)
