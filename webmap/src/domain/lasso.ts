/** A line drawn around some ground by hand, as a ring: the loop that it makes, without the tails and the trembling. */
import type { Position } from 'geojson'

interface Dot {
  x: number
  y: number
}

/** Corners that stand off the line between their neighbours by more than `reach`; Douglas and Peucker's way. */
export function thinned<T extends Dot>(line: readonly T[], reach: number): T[] {
  if (line.length < 3) return [...line]
  const keep = new Set([0, line.length - 1])
  const open: [number, number][] = [[0, line.length - 1]]
  for (let part = open.pop(); part; part = open.pop()) {
    const [from, to] = part
    const a = line[from] as T
    const b = line[to] as T
    const length = Math.hypot(b.x - a.x, b.y - a.y)
    let far = -1
    let most = reach
    for (let i = from + 1; i < to; i++) {
      const { x, y } = line[i] as T
      const off =
        length === 0
          ? Math.hypot(x - a.x, y - a.y)
          : Math.abs((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x)) / length
      if (off > most) {
        most = off
        far = i
      }
    }
    if (far > 0) {
      keep.add(far)
      open.push([from, far], [far, to])
    }
  }
  return line.filter((_, i) => keep.has(i))
}

/** Where two stretches cross, or null. */
function crossing(a: Dot, b: Dot, c: Dot, d: Dot): Dot | null {
  const cross = (b.x - a.x) * (d.y - c.y) - (b.y - a.y) * (d.x - c.x)
  if (cross === 0) return null
  const t = ((c.x - a.x) * (d.y - c.y) - (c.y - a.y) * (d.x - c.x)) / cross
  const u = ((c.x - a.x) * (b.y - a.y) - (c.y - a.y) * (b.x - a.x)) / cross
  if (t < 0 || t > 1 || u < 0 || u > 1) return null
  return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }
}

/** The longest loop that a line closes by crossing itself; all of it where it closes none. Ends are not repeated. */
export function loopOf(line: readonly Dot[]): Dot[] {
  for (let span = line.length - 2; span >= 2; span--) {
    for (let i = 0; i + span + 1 < line.length; i++) {
      const j = i + span
      const at = crossing(line[i] as Dot, line[i + 1] as Dot, line[j] as Dot, line[j + 1] as Dot)
      if (at) return [at, ...line.slice(i + 1, j + 1)]
    }
  }
  return [...line]
}

const area = (ring: readonly Dot[]) =>
  Math.abs(
    ring.reduce((sum, { x, y }, i) => {
      const next = ring[(i + 1) % ring.length] as Dot
      return sum + x * next.y - next.x * y
    }, 0) / 2,
  )

/** Less than this on the screen was a click, or a slip. */
const LEAST_PX2 = 60
const TREMBLE_PX = 1.5

/** The ring of a stroke on the screen, closed and on the ground; null when it goes around nothing. */
export function ringOfStroke(stroke: readonly Dot[], ground: (at: Dot) => Position): Position[] | null {
  const loop = loopOf(thinned(stroke, TREMBLE_PX))
  if (loop.length < 3 || area(loop) < LEAST_PX2) return null
  const ring = loop.map(ground)
  return [...ring, ring[0] as Position]
}
