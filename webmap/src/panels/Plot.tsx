/** A small chart (uPlot): lines, bars, points and a band over time or over a share; its caption says what the pointer is on. */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { figure } from '../domain/format'
import { lang } from '../i18n'
import { theme, zoomFactor } from '../state/view'

export interface PlotSeries {
  label: string
  values: (number | null)[]
  /** A colour of the theme, by the name of its custom property. */
  colour: string
  kind?: 'line' | 'dash' | 'bars' | 'points' | 'edge'
}

export interface PlotProps {
  /** Seconds since 1970 where `time`, else plain figures; ascending. */
  x: number[]
  time?: boolean
  series: PlotSeries[]
  /** The two series between which the ground is tinted, upper first. */
  band?: readonly [number, number]
  /** Ruled lines across or down, with a word. */
  rules?: { x?: number; y?: number; text: string; colour?: string }[]
  /** Times whose ground is tinted, each in a colour of the theme; a strong one has an edge. */
  spans?: { from: number; to: number; colour: string; strong?: boolean }[]
  height?: number
  /** Limits of the scales where the data does not say them. */
  xRange?: [number, number]
  yRange?: [number, number]
  xText?: (value: number) => string
  yText?: (value: number) => string
  label: string
  testid?: string
}

const two = (n: number) => String(n).padStart(2, '0')
const DAY_S = 86_400

function timeText(spanS: number): (seconds: number) => string {
  return (seconds) => {
    const at = new Date(seconds * 1000)
    const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`
    return spanS > 2.5 * DAY_S ? day : `${two(at.getHours())}:${two(at.getMinutes())}`
  }
}

function drawRules(plot: uPlot, rules: PlotProps['rules'], colour: (name: string) => string, factor: number): void {
  const { left, top, width, height } = plot.bbox
  const pen = plot.ctx
  pen.save()
  pen.lineWidth = devicePixelRatio
  pen.font = `${Math.round(11 * factor * devicePixelRatio)}px ${colour('font')}`
  for (const { x, y, text, colour: own = 'muted' } of rules ?? []) {
    const across = y !== undefined
    const at = Math.round(across ? plot.valToPos(y, 'y', true) : plot.valToPos(x ?? 0, 'x', true))
    if (across ? at < top || at > top + height : at < left || at > left + width) continue
    pen.strokeStyle = colour(own)
    pen.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio])
    pen.beginPath()
    pen.moveTo(across ? left : at, across ? at : top)
    pen.lineTo(across ? left + width : at, across ? at : top + height)
    pen.stroke()
    pen.setLineDash([])
    const right = !across && at > left + width * 0.7
    pen.textAlign = right ? 'right' : 'left'
    pen.textBaseline = across ? 'bottom' : 'top'
    // A halo, as labels on the map have: a line may run right through the words.
    pen.strokeStyle = colour('panel')
    pen.lineWidth = 3 * devicePixelRatio
    pen.lineJoin = 'round'
    const place = [across ? left + 4 : at + (right ? -5 : 5), across ? at - 2 : top + 2] as const
    pen.strokeText(text, ...place)
    pen.fillStyle = colour('text')
    pen.fillText(text, ...place)
    pen.lineWidth = devicePixelRatio
  }
  pen.restore()
}

function drawSpans(plot: uPlot, spans: PlotProps['spans'], colour: (name: string) => string): void {
  const { left, top, width, height } = plot.bbox
  const pen = plot.ctx
  pen.save()
  for (const { from, to, colour: name, strong } of spans ?? []) {
    const a = Math.max(left, plot.valToPos(from, 'x', true))
    // A short one on a long foot would be nothing at all.
    const b = Math.min(left + width, Math.max(plot.valToPos(to, 'x', true), a + 2 * devicePixelRatio))
    if (b <= a) continue
    pen.fillStyle = colour(name)
    pen.globalAlpha = strong ? 0.3 : 0.16
    pen.fillRect(a, top, b - a, height)
    pen.globalAlpha = 1
    pen.fillRect(a, top, b - a, (strong ? 4 : 2) * devicePixelRatio)
  }
  pen.restore()
}

export function Plot(props: PlotProps) {
  const { x, time = false, series, band, rules, spans, height = 120, xRange, yRange, label, testid } = props
  const host = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number | null>(null)
  const [look, factor, words] = [theme.value, zoomFactor.value, lang.value]
  const span = (x.at(-1) ?? 0) - (x[0] ?? 0)
  const xText = props.xText ?? (time ? timeText(span) : (value: number) => figure(value))
  const yText = props.yText ?? ((value: number) => figure(value))
  const shape = JSON.stringify([x, series, band, rules, spans, xRange, yRange])

  useEffect(() => {
    const node = host.current
    if (!node || x.length === 0) return
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
    const axis = { stroke: colour('muted'), font: `${Math.round(11.5 * factor)}px ${colour('font')}` }
    const bars = Math.max(1.5, Math.min(14 * factor, (0.62 * node.clientWidth) / Math.max(1, x.length)))
    const plot = new uPlot(
      {
        width: node.clientWidth,
        height: height * factor,
        padding: [8 * factor, 8 * factor, 0, 0],
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        legend: { show: false },
        scales: {
          x: { time, ...(xRange ? { range: xRange } : {}) },
          y: {
            range: (_plot, low, high) => {
              if (yRange) return yRange
              const [bottom, top] = [Math.min(0, low ?? 0), Math.max(high ?? 0, 0)]
              const pad = (top - bottom || 1) * 0.1
              return [bottom < 0 ? bottom - pad : 0, top + pad]
            },
          },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            ticks: { show: false },
            size: 20 * factor,
            space: 58 * factor,
            values: (_plot, splits) => splits.map(xText),
          },
          {
            ...axis,
            grid: { stroke: colour('line-soft'), width: 1 },
            ticks: { show: false },
            size: 42 * factor,
            space: 26 * factor,
            values: (_plot, splits) => splits.map(yText),
          },
        ],
        series: [
          {},
          ...series.map(({ kind = 'line', colour: name, label: text }): uPlot.Series => {
            if (kind === 'bars') {
              return {
                label: text,
                fill: colour(name),
                stroke: colour(name),
                width: 0,
                points: { show: false },
                paths: uPlot.paths.bars?.({ size: [0.7, bars] }) as uPlot.Series.PathBuilder,
              }
            }
            if (kind === 'points') {
              return {
                label: text,
                stroke: colour(name),
                width: 1.2,
                points: { show: true, size: 6, fill: colour(name) },
              }
            }
            return {
              label: text,
              stroke: kind === 'edge' ? 'transparent' : colour(name),
              width: 2 * factor,
              ...(kind === 'dash' ? { dash: [5, 4] } : {}),
              points: { show: kind === 'line' && x.length < 3 },
            }
          }),
        ],
        bands: band ? [{ series: [band[0] + 1, band[1] + 1], fill: colour('accent-soft') }] : [],
        hooks: {
          drawClear: [(self) => drawSpans(self, spans, colour)],
          draw: [(self) => drawRules(self, rules, colour, factor)],
          setCursor: [(self) => setAt(self.cursor.idx ?? null)],
        },
      },
      [x, ...series.map(({ values }) => values)] as uPlot.AlignedData,
      node,
    )
    const watch = new ResizeObserver(() => plot.setSize({ width: node.clientWidth, height: height * factor }))
    watch.observe(node)
    return () => {
      watch.disconnect()
      plot.destroy()
    }
  }, [shape, look, factor, words, height, time])

  if (x.length === 0) return null
  const spot = at === null ? null : x[at]
  return (
    <figure class="chart" data-testid={testid}>
      <div ref={host} role="img" aria-label={label} />
      <figcaption>
        {spot !== null && spot !== undefined && <span>{xText(spot)}</span>}
        {series.map(({ label: text, values, colour: name, kind }) => {
          if (kind === 'edge') return null
          const value = at === null ? null : values[at]
          return (
            <span key={text}>
              <i class={`key-${kind ?? 'line'}`} style={{ '--key': `var(--${name})` }} />
              {text}
              {value !== null && value !== undefined && <b> {yText(value)}</b>}
            </span>
          )
        })}
      </figcaption>
    </figure>
  )
}

/** Days as seconds, for a chart's foot: a bare date is noon of that day, so that no zone moves it to its neighbour. */
export function seconds(at: string): number {
  return Date.parse(/^\d{4}-\d\d-\d\d$/.test(at) ? `${at}T12:00:00` : at) / 1000
}
