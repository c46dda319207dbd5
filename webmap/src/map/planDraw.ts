/** A plan's model on the map: what changed is sent and no more, so that three thousand grids stay smooth. */
import { effect } from '@preact/signals'
import type { Feature, Position } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import type { PlanArc, PlanGrid } from '../api/plans'
import { bordersOf, type PlanModel, shapeOf, toneOf } from '../domain/topology'
import {
  plan,
  planMark,
  planOthers,
  planOverlay,
  planPick,
  planPinOpen,
  planPins,
  planTool,
  planTrouble,
} from '../state/plan'
import { lasso, painted } from '../state/planPaint'
import { ghost, hovered } from '../state/planTools'
import { collection, Keyed, Marked, put, Together } from './planKeyed'
import { both, NEW, type PlanSource } from './planStyle'

const polygon = (ring: Position[], role: string): Feature => ({
  type: 'Feature',
  geometry: { type: 'Polygon', coordinates: [ring] },
  properties: { role },
})

const tone = (model: PlanModel, grid: PlanGrid) => toneOf(grid.load, model.model.tolerance)

/** Ground without its load: an edit weighs a whole community anew, but moves the borders of a few grids. */
function gridFeature(model: PlanModel, { id, grid }: Shaped): Feature {
  return { type: 'Feature', id, geometry: shapeOf(model.arcs, grid), properties: { id } }
}

export function arcFeature(arc: PlanArc): Feature {
  return {
    type: 'Feature',
    id: arc.id,
    geometry: { type: 'LineString', coordinates: arc.xy },
    properties: { id: arc.id, fixed: arc.fixed },
  }
}

/** The short name and the load beside it; a lock and a fault are said too. */
export function labelText(grid: PlanGrid, trouble: 'error' | 'warning' | undefined): string {
  const words = [grid.label || grid.code || grid.id, grid.load.toFixed(2)]
  if (trouble === 'error') words.unshift('!')
  if (grid.locked) words.push('\u{1F512}\u{FE0E}')
  return words.join(' ')
}

function labelFeature({ id, at, ...said }: Labelled): Feature {
  return { type: 'Feature', id, geometry: { type: 'Point', coordinates: at }, properties: { id, ...said } }
}

/** What is drawn of a grid's ground; the same object for as long as its borders stay. */
interface Shaped {
  id: string
  grid: PlanGrid
  borders: readonly (PlanArc | undefined)[]
}

function shaped(model: PlanModel, grid: PlanGrid, old: Shaped | undefined): Shaped {
  if (old?.grid === grid) return old
  const borders = [...bordersOf(grid)].map((id) => model.arcs.get(id))
  const stays =
    old?.borders.length === borders.length &&
    borders.every((arc, i) => arc === old.borders[i]) &&
    String(old.grid.rings) === String(grid.rings) &&
    String(old.grid.polygons) === String(grid.polygons)
  return stays ? old : { id: grid.id, grid, borders }
}

/** What is written into a grid; the same object for as long as it reads the same. */
interface Labelled {
  id: string
  at: PlanGrid['at']
  text: string
  tone: string
  changed: boolean
}

function labelled(
  model: PlanModel,
  grid: PlanGrid,
  trouble: 'error' | 'warning' | undefined,
  old: Labelled | undefined,
): Labelled {
  const now = {
    id: grid.id,
    at: grid.at,
    text: labelText(grid, trouble),
    tone: tone(model, grid),
    changed: grid.changed,
  }
  const stays =
    old?.text === now.text &&
    old.tone === now.tone &&
    old.changed === now.changed &&
    old.at[0] === now.at[0] &&
    old.at[1] === now.at[1]
  return stays ? old : now
}

/** How a grid is filled, told to the map beside its ground: no ground is cut into tiles again for it. */
class Toned {
  private told = new Map<string, string>()

  constructor(private readonly map: MapLibre) {}

  show(labels: ReadonlyMap<string, Labelled>): void {
    const told = new Map<string, string>()
    for (const [id, { tone, changed }] of labels) {
      const now = `${tone} ${changed}`
      told.set(id, now)
      if (this.told.get(id) === now) continue
      for (const source of both('plan-grids')) this.map.setFeatureState({ source, id }, { tone, changed })
    }
    this.told = told
  }
}

/** Follows the plan and what is done to it; what comes back stops. */
export function drawPlan(map: MapLibre): () => void {
  const swap = () => inOneFrame(NEW)
  const grids = new Keyed<string, Shaped>(map, 'plan-grids', (one) => gridFeature(plan.peek() as PlanModel, one), swap)
  const arcs = new Keyed<number, PlanArc>(map, 'plan-arcs', arcFeature, swap)
  const labels = new Keyed<string, Labelled>(map, 'plan-labels', labelFeature, swap)
  const toned = new Toned(map)
  const together = new Together(map)
  let shapes = new Map<string, Shaped>()
  let texts = new Map<string, Labelled>()

  const inOneFrame = (sources: readonly PlanSource[]) =>
    together.wait(sources, () => {
      for (const keyed of [arcs, grids, labels]) keyed.hide()
      toned.show(texts)
    })

  const picked = new Marked<string>(map, both('plan-grids', 'plan-labels'), 'picked')
  const pickedArcs = new Marked<number>(map, both('plan-arcs'), 'picked')
  const fresh = new Marked<number>(map, both('plan-arcs'), 'fresh')
  const dimmed = new Marked<string>(map, both('plan-grids', 'plan-labels'), 'dimmed')
  const hover = new Marked<string>(map, both('plan-grids'), 'hover')

  const endings = [
    effect(() => {
      const model = plan.value
      const trouble = planTrouble.value
      const nextShapes = new Map<string, Shaped>()
      const nextTexts = new Map<string, Labelled>()
      for (const [id, grid] of model?.grids ?? []) {
        nextShapes.set(id, shaped(model as PlanModel, grid, shapes.get(id)))
        nextTexts.set(id, labelled(model as PlanModel, grid, trouble.get(id), texts.get(id)))
      }
      shapes = nextShapes
      texts = nextTexts
      // Lines first: they are what the eye is on.
      const lines = arcs.show(model?.arcs ?? new Map<number, PlanArc>())
      inOneFrame([...lines, ...grids.show(shapes), ...labels.show(texts)])
    }),
    effect(() => {
      const model = plan.value
      const picks = planPick.value
      picked.show(picks)
      pickedArcs.show(
        [...picks].flatMap((id) => {
          const grid = model?.grids.get(id)
          return grid ? [...bordersOf(grid)] : []
        }),
      )
    }),
    effect(() => fresh.show(planOthers.value?.arcs ?? [])),
    effect(() => hover.show(hovered.value ? [hovered.value] : [])),
    effect(() => {
      const now = ghost.value
      put(map, 'plan-ghost', now.lines)
      dimmed.show(now.dimmed)
    }),
    effect(() => put(map, 'plan-overlay', planOverlay.value ?? collection([]))),
    effect(() => {
      // What was drawn around is looked through, to what it takes in.
      const role = planTool.value === 'lasso' ? 'around' : 'painted'
      const pieces: Feature[] = [...painted.value.values()].map((one) => ({
        ...one,
        properties: { ...one.properties, role },
      }))
      const line = lasso.value
      if (line && line.length > 2) pieces.push(polygon([...line, line[0] as Position], role))
      put(map, 'plan-paint', collection(pieces))
    }),
    effect(() => {
      const geometry = planMark.value
      put(map, 'plan-mark', collection(geometry ? [{ type: 'Feature', geometry, properties: {} }] : []))
    }),
    effect(() => {
      const open = planPinOpen.value
      put(
        map,
        'plan-pins',
        collection(
          planPins.value.map(({ id, at, resolved }, i) => ({
            type: 'Feature',
            geometry: { type: 'Point', coordinates: [...at] },
            properties: { id, number: String(i + 1), resolved, open: id === open },
          })),
        ),
      )
    }),
  ]
  return () => {
    for (const end of endings) end()
    for (const kept of [together, grids, arcs, labels]) kept.end()
  }
}
