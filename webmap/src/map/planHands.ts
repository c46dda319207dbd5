/** The pointer on the plan: what each tool does when it is moved, pressed and let go. */
import { batch, effect } from '@preact/signals'
import type { Feature, Position } from 'geojson'
import type { Map as MapLibre, MapMouseEvent } from 'maplibre-gl'
import { arcsWith, gridUnder, nearestBorder, nearestCorner } from '../domain/near'
import { bordersOf } from '../domain/topology'
import {
  edit,
  pickGrid,
  plan,
  planAsking,
  planClash,
  planEditable,
  planPick,
  planPinOpen,
  planRefused,
  planTool,
} from '../state/plan'
import { paintTo } from '../state/planPaint'
import { corner, dragging, hovered, sketched, toggleLocks } from '../state/planTools'
import { theme } from '../state/view'
import { readPalette } from '../theme/palette'
import { createBrush, createLasso } from './planBrush'
import { put } from './planKeyed'
import { cling, metresPerPixel } from './planSnap'
import { gridDrawnAt } from './planStyle'
import { createSketch, type Sketch } from './sketch'

const CORNER_PX = 10
const BORDER_PX = 7
/** Less than this between press and release is a click. */
const STILL_PX = 3
/** More corners than this at once are a smear. */
const MANY = 1500

type Held =
  | { kind: 'corner'; at: Position; fixed: boolean }
  | { kind: 'border'; arc: number; at: Position; fixed: boolean }

const lngLat = ({ lngLat: { lng, lat } }: MapMouseEvent): Position => [lng, lat]

export interface Hands {
  sketch: Sketch
  end(): void
}

export function startHands(map: MapLibre): Hands {
  const canvas = map.getCanvas()
  const brush = createBrush(map)
  const lasso = createLasso(map)
  let held: { what: Held; from: { x: number; y: number }; moved: boolean } | null = null
  let painting = false
  let around = false
  /** The button went down on a corner or a border: the click that follows is none upon a grid. */
  let tookHold = false
  let near: Held | null = null

  const gridAt = (point: { x: number; y: number }): string | null => gridDrawnAt(map, point)

  const gridOn = (at: Position): string | null => gridAt(map.project([at[0] ?? 0, at[1] ?? 0]))

  const refuse = (reason: string, at: Position) => {
    planRefused.value = { reason, text: '', where: null, at: [at[0] ?? 0, at[1] ?? 0], operation: null }
  }

  const drawn = (line: Position[]) => {
    const end = line.at(-1) as [number, number]
    if (planTool.peek() === 'reshape') {
      void edit({ op: 'reshape', line: line as [number, number][] }, end)
      return
    }
    const [only, ...more] = planPick.peek()
    const grid = gridUnder(line, gridOn, more.length === 0 ? only : null)
    if (grid) void edit({ op: 'split', grid, line: line as [number, number][] }, end)
    else refuse('no-face', end)
  }

  const makeSketch = () => {
    const p = readPalette(theme.peek())
    return createSketch(map, {
      cling: (at) => cling(map, at)?.at,
      changed: (n) => {
        sketched.value = n
      },
      finished: drawn,
      colour: p.accent,
      paper: p.panel,
    })
  }
  const sketch = makeSketch()

  const hold = (at: Position): Held | null => {
    const model = plan.peek()
    if (!model) return null
    const scale = metresPerPixel(map)
    const found = nearestCorner(model.arcs.values(), at, CORNER_PX * scale)
    if (found) {
      const fixed = arcsWith(model.arcs.values(), found.at).some((arc) => arc.fixed)
      return { kind: 'corner', at: found.at, fixed }
    }
    const border = nearestBorder(model.arcs.values(), at, BORDER_PX * scale)
    return border && { kind: 'border', arc: border.arc.id, at: border.at, fixed: border.arc.fixed }
  }

  /** Corners that can be taken hold of: of the picked grids, else of the one under the pointer. */
  const corners = () => {
    const model = plan.peek()
    const dot = (at: Position, role: string): Feature => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: at },
      properties: { role },
    })
    const features: Feature[] = []
    if (model && planTool.peek() === 'edge') {
      const picks = planPick.peek()
      const wanted = picks.size > 0 ? [...picks] : hovered.peek() ? [hovered.peek() as string] : []
      const arcs = new Set(
        wanted.flatMap((id) => {
          const grid = model.grids.get(id)
          return grid ? [...bordersOf(grid)] : []
        }),
      )
      for (const id of arcs) {
        const arc = model.arcs.get(id)
        if (!arc || features.length > MANY) continue
        for (const [i, at] of arc.xy.entries()) {
          const node = i === 0 || i === arc.xy.length - 1
          features.push(dot(at, arc.fixed ? 'fixed' : node ? 'node' : 'corner'))
        }
      }
      const op = dragging.peek()
      if (op && 'to' in op && Array.isArray(op.to)) features.push(dot(op.to as Position, 'held'))
      else if (near) features.push(dot(near.at, near.fixed ? 'fixed' : near.kind === 'corner' ? 'held' : 'near'))
      const chosen = corner.peek()
      if (chosen) features.push(dot(chosen, 'held'))
    }
    put(map, 'plan-corners', { type: 'FeatureCollection', features })
  }

  const cursor = () => {
    const tool = planTool.peek()
    if (planAsking.peek()) canvas.style.cursor = 'crosshair'
    else if (tool === 'edge')
      canvas.style.cursor = held ? 'grabbing' : near ? (near.fixed ? 'not-allowed' : 'grab') : ''
    else if (tool === 'split' || tool === 'reshape' || tool === 'paint' || tool === 'lasso')
      canvas.style.cursor = 'crosshair'
    else canvas.style.cursor = hovered.peek() ? 'pointer' : ''
  }

  let last: MapMouseEvent | null = null
  let frame = 0
  const look = () => {
    frame = 0
    if (!last) return
    const at = lngLat(last)
    const tool = planTool.peek()
    if (held) {
      if (!held.moved) return
      const but = held.what.kind === 'corner' ? held.what.at : null
      const to = (cling(map, at, but)?.at ?? at) as [number, number]
      const from = held.what.at as [number, number]
      dragging.value =
        held.what.kind === 'corner' ? { op: 'move', at: from, to } : { op: 'insert', arc: held.what.arc, at: from, to }
      corners()
      return
    }
    const grid = gridAt(last.point)
    if (grid !== hovered.peek()) hovered.value = grid
    if (tool === 'edge' && planEditable.peek()) near = hold(at)
    if (tool === 'paint') brush.over(last.point, at, grid)
    if (tool === 'edge') corners()
    cursor()
  }

  const move = (event: MapMouseEvent) => {
    last = event
    if (held && Math.hypot(event.point.x - held.from.x, event.point.y - held.from.y) > STILL_PX) held.moved = true
    // A stroke must not lose what lies between two frames.
    if (painting) brush.over(event.point, lngLat(event), gridAt(event.point))
    else if (around) lasso.over(event.point)
    else if (!frame) frame = requestAnimationFrame(look)
  }

  const down = (event: MapMouseEvent) => {
    if (event.originalEvent.button !== 0 || !planEditable.peek() || planAsking.peek()) return
    const at = lngLat(event)
    const tool = planTool.peek()
    tookHold = false
    if (tool === 'edge') {
      const what = hold(at)
      if (!what) return
      tookHold = true
      event.preventDefault()
      if (what.fixed) {
        refuse('border', at)
        return
      }
      planRefused.value = null
      held = { what, from: event.point, moved: false }
    } else if (tool === 'paint' && paintTo.peek() && !event.originalEvent.altKey) {
      event.preventDefault()
      painting = true
      brush.down(event.point, at, gridAt(event.point))
    } else if (tool === 'lasso' && paintTo.peek() && !event.originalEvent.altKey) {
      event.preventDefault()
      around = true
      lasso.down(event.point)
    }
  }

  const up = () => {
    if (painting) {
      painting = false
      brush.up()
    }
    if (around) {
      around = false
      lasso.up()
    }
    if (!held) return
    const { what, moved } = held
    held = null
    const operation = dragging.peek()
    near = null
    if (moved && operation && 'to' in operation) {
      // In one step: a frame without the ghost would have to be drawn before the answer could be.
      batch(() => {
        corner.value = null
        void edit(operation, operation.to as unknown as [number, number])
        dragging.value = null
      })
    } else {
      dragging.value = null
      if (!moved && what.kind === 'corner') corner.value = what.at
      corners()
    }
    cursor()
  }

  const click = (event: MapMouseEvent) => {
    const at = lngLat(event) as [number, number]
    const grid = gridAt(event.point)
    const asking = planAsking.peek()
    if (asking) {
      planAsking.value = null
      asking(at, grid)
      return
    }
    const { shiftKey, ctrlKey, metaKey, altKey } = event.originalEvent
    const tool = planTool.peek()
    if (tool === 'select' || tool === 'snap') {
      const [pin] = map.queryRenderedFeatures(event.point, { layers: ['plan-pin'] })
      if (pin) planPinOpen.value = Number(pin.properties.id)
      else pickGrid(grid, shiftKey || ctrlKey || metaKey || (tool === 'snap' && grid !== null))
    } else if (tool === 'merge') {
      if (grid) pickGrid(grid, true)
    } else if (tool === 'lock') {
      if (grid) void toggleLocks([grid])
    } else if (tool === 'paint' || tool === 'lasso') {
      if (grid && (altKey || !paintTo.peek())) paintTo.value = grid
    } else if (tool === 'building') pickGrid(grid)
    else if (tool === 'edge' && !tookHold) {
      corner.value = null
      pickGrid(grid)
    }
  }

  const leave = () => {
    last = null
    hovered.value = null
  }
  map.on('mousemove', move)
  map.on('mousedown', down)
  map.on('click', click)
  map.on('mouseout', leave)
  addEventListener('pointerup', up)
  const tools = effect(() => {
    const tool = planTool.value
    const drawing = planEditable.value && (tool === 'split' || tool === 'reshape')
    if (drawing && !planAsking.value) sketch.begin()
    else sketch.rest()
    near = null
    cursor()
  })
  const shown = effect(() => {
    void [planTool.value, planPick.value, plan.value, hovered.value, corner.value, planRefused.value, planClash.value]
    corners()
  })
  return {
    sketch,
    end() {
      cancelAnimationFrame(frame)
      tools()
      shown()
      brush.end()
      removeEventListener('pointerup', up)
      map.off('mousemove', move)
      map.off('mousedown', down)
      map.off('click', click)
      map.off('mouseout', leave)
      canvas.style.cursor = ''
      lasso.drop()
      sketch.end()
    },
  }
}
