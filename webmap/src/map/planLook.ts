/** Brings a grid or a place of a plan before the eye, because a person asked for it. */
import { shapeOf } from '../domain/topology'
import { pickGrid, plan, planMark } from '../state/plan'
import { fitTo, flyTo } from './map'

/** Picks a grid and looks at the whole of it. */
export function showGrid(id: string): void {
  const model = plan.peek()
  const grid = model?.grids.get(id)
  if (!model || !grid) return
  pickGrid(id)
  const shape = shapeOf(model.arcs, grid)
  if (shape.coordinates.length > 0) fitTo(shape, 17)
  else flyTo(grid.at[0] ?? 0, grid.at[1] ?? 0)
}

/** Marks a place and goes there; null takes the mark away. */
export function showWhere(where: GeoJSON.Geometry | null): void {
  planMark.value = where
  if (where?.type === 'Point') flyTo(where.coordinates[0] ?? 0, where.coordinates[1] ?? 0, 17)
  else if (where) fitTo(where, 18)
}
