/** Drawing a line on the map. Behind this small interface stands terra-draw; nothing else of the page knows it. */
import type { Position } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import {
  type HexColor,
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawModeUndoRedo,
  TerraDrawRenderMode,
} from 'terra-draw'
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter'

export interface SketchOptions {
  /** Where a point goes that is placed here; undefined: it stays. */
  cling: (at: Position) => Position | undefined
  /** How many corners the line has so far. */
  changed: (corners: number) => void
  finished: (line: Position[]) => void
  colour: string
  paper: string
}

export interface Sketch {
  /** Waits for the first corner of a line. */
  begin(): void
  /** As if the last corner had been clicked again; false when there is no line yet. */
  finish(): boolean
  /** Drops the line that is being drawn; false when there is none. */
  cancel(): boolean
  /** Takes the last corner back; false when there is none. */
  back(): boolean
  /** No more lines. */
  rest(): void
  end(): void
}

const LINE = 'linestring'
const REST = 'rest'
const FIRST = 2

export function createSketch(map: MapLibre, options: SketchOptions): Sketch {
  let clung = new Map<string, Position>()
  let corners: Position[] = []
  const nine = (at: Position) => at.map((one) => one.toFixed(9)).join(' ')
  const exact = (at: Position): Position => clung.get(nine(at)) ?? at

  const line = new TerraDrawLineStringMode({
    pointerDistance: 12,
    // Keys are this page's own: it knows what Escape means now.
    keyEvents: null,
    snapping: {
      toCustom: ({ lng, lat }) => {
        const at = options.cling([lng, lat])
        if (at) clung.set(nine(at), at)
        return at
      },
    },
    styles: {
      lineStringColor: options.colour as HexColor,
      lineStringWidth: 3,
      closingPointColor: options.paper as HexColor,
      closingPointWidth: 6,
      closingPointOutlineColor: options.colour as HexColor,
      closingPointOutlineWidth: 2,
      snappingPointColor: options.colour as HexColor,
      snappingPointWidth: 5,
      snappingPointOutlineColor: options.paper as HexColor,
      snappingPointOutlineWidth: 2,
    },
  })
  const draw = new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map, prefixId: 'sketch', coordinatePrecision: 9 }),
    modes: [line, new TerraDrawRenderMode({ modeName: REST, styles: {} })],
    undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
  })

  /** The line in the making as terra-draw holds it: its last position follows the pointer. */
  const drawn = (): Position[] => {
    const feature = draw
      .getSnapshot()
      .find(({ geometry, properties }) => geometry.type === 'LineString' && properties.mode === LINE)
    return feature?.geometry.type === 'LineString' ? feature.geometry.coordinates : []
  }
  const clear = () => {
    clung = new Map()
    corners = []
    draw.clear()
    options.changed(0)
  }

  draw.start()
  draw.setMode(REST)
  draw.on('finish', () => {
    const coordinates = drawn().map(exact)
    clear()
    if (coordinates.length >= FIRST) options.finished(coordinates)
  })
  draw.on('change', () => {
    if (draw.getMode() !== LINE) return
    const coordinates = drawn()
    const placed = Math.max(0, coordinates.length - 1)
    if (placed !== corners.length) {
      corners = coordinates.slice(0, placed)
      options.changed(placed)
    }
  })

  const again = () => {
    // A mode that is left drops what it had begun.
    draw.setMode(REST)
    clear()
    draw.setMode(LINE)
  }
  return {
    begin: again,
    finish() {
      const placed = drawn().slice(0, -1).map(exact)
      if (placed.length < FIRST) return false
      again()
      options.finished(placed)
      return true
    },
    cancel() {
      if (drawn().length === 0) return false
      again()
      return true
    },
    back() {
      if (drawn().length === 0) return false
      if (corners.length < FIRST || !draw.undo()) again()
      return true
    },
    rest() {
      draw.setMode(REST)
      clear()
    },
    end() {
      if (map.style) draw.stop()
    },
  }
}
