/** The brush and the lasso: what of the ground lies under the pointer, or inside a line, to be given to another grid. */
import { effect } from '@preact/signals'
import type { Feature, Position } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { plans } from '../api/plans'
import { contains } from '../domain/geo'
import { ringOfStroke } from '../domain/lasso'
import { plan } from '../state/plan'
import { beginStroke, lasso, paint, painted, paintKind, paintTo } from '../state/planPaint'

const REACH_PX = 5
type Painted = readonly [key: string, feature: Feature]

/** Buildings as the map shows them; the same one may come from two tiles, cut at their edge. */
function buildingsAt(map: MapLibre, point: { x: number; y: number }): Painted[] {
  const layers = ['building', 'building-3d'].filter((id) => map.getLayer(id))
  const box: [[number, number], [number, number]] = [
    [point.x - REACH_PX, point.y - REACH_PX],
    [point.x + REACH_PX, point.y + REACH_PX],
  ]
  return map.queryRenderedFeatures(box, { layers }).flatMap(({ geometry, properties }): Painted[] => {
    const key = properties.key === undefined ? '' : String(properties.key)
    return key ? [[key, { type: 'Feature', geometry, properties: { key } }]] : []
  })
}

/** Street blocks and cells are asked of the server, grid by grid, as the pointer comes to them. */
class Parts {
  private readonly known = new Map<string, Promise<Feature[]>>()
  private readonly there = new Map<string, Feature[]>()

  /** `later` is called with what lies there once it is known, where it is not yet. */
  at(grid: string, point: Position, later?: (found: Painted[]) => void): Painted[] {
    const kind = paintKind.peek()
    const now = plan.peek()
    if (kind === 'buildings' || !now) return []
    const name = `${kind} ${now.plan.version} ${grid}`
    const found = this.there.get(name)
    if (found) return this.under(found, point)
    this.ask(name, now.plan.key, grid)
    if (later) {
      this.known.get(name)?.then(
        (features) => kind === paintKind.peek() && later(this.under(features, point)),
        () => {},
      )
    }
    return []
  }

  private under(features: readonly Feature[], point: Position): Painted[] {
    return features.flatMap((feature): Painted[] => {
      if (!contains(feature.geometry, point)) return []
      const { cell, at } = feature.properties ?? {}
      if (cell) return [[String(cell), feature]]
      // A block is called by a place in it, which stays where it is when the plan moves on.
      const inside = (at as Position | undefined) ?? point
      return [[inside.join(' '), { ...feature, properties: { ...feature.properties, at: [...inside] } }]]
    })
  }

  private ask(name: string, key: string, grid: string): void {
    if (this.known.has(name)) return
    const kind = paintKind.peek()
    const asked = plans.blocks(key, grid, kind).then(({ features }) => features)
    this.known.set(name, asked)
    asked.then(
      (features) => this.there.set(name, features),
      // Asked again when the pointer next comes by.
      () => this.known.delete(name),
    )
  }

  forget(): void {
    this.known.clear()
    this.there.clear()
  }
}

export interface Brush {
  /** The stroke begins: what it first touches says whether it paints or takes paint off. */
  down(point: { x: number; y: number }, at: Position, grid: string | null): void
  over(point: { x: number; y: number }, at: Position, grid: string | null): void
  up(): void
  end(): void
}

export function createBrush(map: MapLibre): Brush {
  const parts = new Parts()
  let erase: boolean | null = null
  const forget = effect(() => {
    void paintKind.value
    parts.forget()
  })
  let stroke = 0
  const touched = (point: { x: number; y: number }, at: Position, grid: string | null): Painted[] => {
    // What is the grid's already needs no paint.
    if (!grid || grid === paintTo.peek()) return []
    if (paintKind.peek() === 'buildings') return buildingsAt(map, point)
    const mine = stroke
    // A quick stroke is over the ground before what lies there has come.
    const later = (found: Painted[]) => mine === stroke && paint(found, false)
    return parts.at(grid, at, erase === null || erase ? undefined : later)
  }
  return {
    down(point, at, grid) {
      stroke++
      beginStroke()
      erase = false
      const found = touched(point, at, grid)
      erase = found.length > 0 && found.every(([key]) => painted.peek().has(key))
      paint(found, erase)
    },
    over(point, at, grid) {
      if (erase === null) {
        // Fetched ahead, so that the stroke finds it.
        touched(point, at, grid)
        return
      }
      paint(touched(point, at, grid), erase)
    },
    up() {
      erase = null
    },
    end: forget,
  }
}

/** Closer together than this on the screen are one place. */
const STEP_PX = 3

export interface Lasso {
  down(point: { x: number; y: number }): void
  over(point: { x: number; y: number }): void
  /** The line is closed, and what is inside is painted. */
  up(): void
  drop(): void
}

/** A line drawn around ground with the button held. */
export function createLasso(map: MapLibre): Lasso {
  let line: { x: number; y: number }[] = []
  let count = 0
  const ground = ({ x, y }: { x: number; y: number }): Position => map.unproject([x, y]).toArray()
  return {
    down({ x, y }) {
      line = [{ x, y }]
    },
    over({ x, y }) {
      const last = line.at(-1)
      if (!last || Math.hypot(x - last.x, y - last.y) < STEP_PX) return
      line.push({ x, y })
      lasso.value = line.map(ground)
    },
    up() {
      const ring = ringOfStroke(line, ground)
      line = []
      lasso.value = null
      if (!ring) return
      beginStroke()
      const feature: Feature = { type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] }, properties: {} }
      paint([[`area ${count++}`, feature]], false)
    },
    drop() {
      line = []
      lasso.value = null
    },
  }
}
