/** A reading over time against its threshold (uPlot): the reading as a line, rain beside it as bars. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Level, Series } from '../api/types'
import { figure } from '../domain/format'
import { lang } from '../i18n'
import { theme, zoomFactor } from '../state/view'

export interface ChartProps {
  series: Series[]
  threshold?: { value: number; text: string; level: Level } | null
  height?: number
}

function isRain(series: Series): boolean {
  return /rain|雨/i.test(`${series.property ?? ''} ${series.datastream_key} ${series.name}`)
}

function align(list: Series[]): uPlot.AlignedData {
  const times = [...new Set(list.flatMap(({ points }) => points.map(([at]) => Date.parse(at) / 1000)))].sort(
    (a, b) => a - b,
  )
  const index = new Map(times.map((time, i) => [time, i]))
  const columns = list.map(({ points }) => {
    // Nothing at a time that only the other reading has: not a gap in this one.
    const column: (number | null | undefined)[] = Array(times.length).fill(undefined)
    for (const [at, value] of points) {
      const i = index.get(Date.parse(at) / 1000)
      if (i !== undefined) column[i] = value
    }
    return column
  })
  return [times, ...columns] as uPlot.AlignedData
}

/** Left to itself a bar is as wide as neighbouring times are apart, which the other reading may have made dense. */
function barWidth(item: Series, width: number): number {
  return Math.min(18, Math.max(2, (0.5 * width) / Math.max(1, item.points.length)))
}

const two = (n: number) => String(n).padStart(2, '0')
const hm = (seconds: number) => {
  const at = new Date(seconds * 1000)
  return `${two(at.getHours())}:${two(at.getMinutes())}`
}

/** The first reading, and beside it rain on a scale of its own, or else a second reading in the same unit. */
function chosen(series: Series[]): Series[] {
  const [first, ...rest] = series.filter(({ points }) => points.length > 0)
  if (!first) return []
  const beside = rest.find(isRain) ?? rest.find(({ unit }) => unit === first.unit)
  return beside ? [first, beside] : [first]
}

export function Chart({ series, threshold = null, height = 132 }: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const shown = chosen(series)
  const look = theme.value
  const factor = zoomFactor.value
  const words = lang.value
  const shape = JSON.stringify([
    shown.map(({ datastream_key, points }) => [datastream_key, points.length, points.at(-1)]),
    threshold,
  ])

  useEffect(() => {
    const node = host.current
    if (!node || shown.length === 0) return
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
    const lineColour = threshold ? colour(`level-${threshold.level}`) : colour('accent')
    const font = `${Math.round(11.5 * factor)}px ${colour('font')}`
    const grid = { stroke: colour('line-soft'), width: 1 }

    const plot = new uPlot(
      {
        width: node.clientWidth,
        height: height * factor,
        padding: [10 * factor, 6, 0, 0],
        cursor: { y: false, points: { size: 6 } },
        legend: { show: false },
        scales: {
          x: { time: true },
          y: {
            range: (_plot, low, high) => {
              const top = Math.max(high ?? 0, threshold?.value ?? Number.NEGATIVE_INFINITY)
              const bottom = Math.min(low ?? 0, threshold?.value ?? Number.POSITIVE_INFINITY)
              const pad = (top - bottom || Math.abs(top) || 1) * 0.14
              return [bottom >= 0 && bottom - pad < 0 ? 0 : bottom - pad, top + pad]
            },
          },
          y2: { range: (_plot, _low, high) => [0, (high || 1) * 1.8] },
        },
        axes: [
          {
            stroke: colour('muted'),
            font,
            grid: { show: false },
            ticks: { show: false },
            size: 20 * factor,
            values: (_plot, splits) => splits.map(hm),
            space: 64 * factor,
          },
          { stroke: colour('muted'), font, grid, ticks: { show: false }, size: 40 * factor, space: 30 * factor },
        ],
        series: [
          {},
          ...shown.map((item, i) =>
            isRain(item) && i > 0
              ? {
                  label: item.name,
                  scale: 'y2',
                  fill: colour('bar'),
                  stroke: 'transparent',
                  width: 0,
                  points: { show: false },
                  paths: uPlot.paths.bars?.({
                    size: [0.7, 18 * factor, barWidth(item, node.clientWidth)],
                  }) as uPlot.Series.PathBuilder,
                }
              : {
                  label: item.name,
                  scale: 'y',
                  stroke: i === 0 ? lineColour : colour('muted'),
                  width: i === 0 ? 2 * factor : 1.2,
                  spanGaps: false,
                  points: { show: item.points.length < 3 },
                },
          ),
        ],
        hooks: {
          draw: [
            (self) => {
              if (!threshold) return
              const y = self.valToPos(threshold.value, 'y', true)
              const { left, width, top } = self.bbox
              const pen = self.ctx
              pen.save()
              pen.strokeStyle = lineColour
              pen.globalAlpha = 0.9
              pen.setLineDash([6, 5])
              pen.lineWidth = devicePixelRatio
              pen.beginPath()
              pen.moveTo(left, y)
              pen.lineTo(left + width, y)
              pen.stroke()
              pen.setLineDash([])
              pen.globalAlpha = 1
              pen.fillStyle = colour('text')
              pen.font = `${Math.round(11.5 * factor * devicePixelRatio)}px ${colour('font')}`
              pen.textAlign = 'left'
              pen.textBaseline = 'bottom'
              // A halo, as labels on the map have: the reading may run right through the words.
              pen.strokeStyle = colour('panel')
              pen.lineWidth = 4 * devicePixelRatio
              pen.lineJoin = 'round'
              pen.strokeText(threshold.text, left + 6, Math.max(y - 3, top + 12 * factor * devicePixelRatio))
              pen.fillText(threshold.text, left + 6, Math.max(y - 3, top + 12 * factor * devicePixelRatio))
              pen.restore()
            },
          ],
        },
      },
      align(shown),
      node,
    )
    const watch = new ResizeObserver(() => plot.setSize({ width: node.clientWidth, height: height * factor }))
    watch.observe(node)
    return () => {
      watch.disconnect()
      plot.destroy()
    }
  }, [shape, look, factor, words, height])

  if (shown.length === 0) return null
  return (
    <figure class="chart" data-testid="chart">
      <div ref={host} />
      <figcaption>
        {shown.map((item, i) => {
          const last = item.points.at(-1)
          return (
            <span key={item.datastream_key}>
              <i
                class={
                  i === 0
                    ? threshold
                      ? `bar-level level-${threshold.level}`
                      : 'bar-accent'
                    : isRain(item)
                      ? 'bar-rain'
                      : 'bar-muted'
                }
              />
              {item.name} {last && <b>{figure(last[1], item.unit)}</b>}
            </span>
          )
        })}
      </figcaption>
    </figure>
  )
}
