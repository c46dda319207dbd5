/** The brush: what of the ground lies under the pointer, to be given to another grid. */
import { effect } from '@preact/signals'
import type { Feature, Position } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { plans } from '../api/plans'
import { contains } from '../domain/geo'
import { plan } from '../state/plan'
import { paint, painted, paintKind, paintTo } from '../state/planTools'

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

  at(grid: string, point: Position): Painted[] {
    const kind = paintKind.peek()
    const now = plan.peek()
    if (kind === 'buildings' || !now) return []
    const name = `${kind} ${now.plan.version} ${grid}`
    const found = this.there.get(name)
    if (!found) {
      this.ask(name, now.plan.key, grid)
      return []
    }
    return found.flatMap((feature, i): Painted[] => {
      if (!contains(feature.geometry, point)) return []
      const { cell, at } = feature.properties ?? {}
      if (kind === 'cells') return cell ? [[String(cell), feature]] : []
      const inside = (at as Position | undefined) ?? point
      return [[`${grid} ${i}`, { ...feature, properties: { ...feature.properties, at: [...inside] } }]]
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
  const touched = (point: { x: number; y: number }, at: Position, grid: string | null): Painted[] => {
    // What is the grid's already needs no paint.
    if (!grid || grid === paintTo.peek()) return []
    return paintKind.peek() === 'buildings' ? buildingsAt(map, point) : parts.at(grid, at)
  }
  return {
    down(point, at, grid) {
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
