/** The last six hours at the foot of the map: rain as bars, cases as a line, warnings as their signs. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Timeline } from '../api/types'
import { clockTime, count, figure } from '../domain/format'
import { levelName } from '../domain/levels'
import { lang, t } from '../i18n'
import { now } from '../state/clock'
import { TIMELINE_HOURS, timeline } from '../state/timeline'
import { select, timelineOpen, zoomFactor } from '../state/view'
import { placeOf } from '../state/warnings'
import { Icon } from './Icon'
import { LevelMark } from './Marks'

const HOUR_MS = 3_600_000

function Axis({ x, from, to, y }: { x: (ms: number) => number; from: number; to: number; y: number }) {
  const hours: number[] = []
  // An hour too near an edge has no room for its name.
  const edge = 20
  for (let at = Math.ceil(from / HOUR_MS) * HOUR_MS; at <= to; at += HOUR_MS) {
    if (x(at) > x(from) + edge && x(at) < x(to) - edge) hours.push(at)
  }
  return (
    <g class="tl-axis">
      {hours.map((at) => (
        <g key={at}>
          <line x1={x(at)} x2={x(at)} y1={4} y2={y - 12} />
          <text x={x(at)} y={y}>
            {clockTime(new Date(at).toISOString(), to, false)}
          </text>
        </g>
      ))}
    </g>
  )
}

function Drawing({ data, width, height }: { data: Timeline; width: number; height: number }) {
  const k = zoomFactor.value
  const to = Math.floor(now.value / 10_000) * 10_000
  const from = to - TIMELINE_HOURS * HOUR_MS
  const foot = height - 20 * k
  const x = (ms: number) => ((ms - from) / (to - from)) * (width - 8) + 4
  const step = Math.max(2, ((data.bucket_s * 1000) / (to - from)) * (width - 8))
  const inside = <T,>(list: [string, T][]) =>
    list
      .map(([at, value]) => [Date.parse(at), value] as const)
      .filter(([at]) => at >= from - data.bucket_s * 1000 && at <= to)
  const rain = inside(data.rain)
  const cases = inside(data.incidents)
  const maxRain = Math.max(1, ...rain.map(([, mm]) => mm ?? 0))
  const maxCases = Math.max(4, ...cases.map(([, n]) => n))
  const top = 22 * k
  const yCases = (n: number) => foot - 3 - (n / maxCases) * (foot - top - 8)
  const line = cases
    .map(([at, n], i) => `${i ? 'L' : 'M'}${x(at + data.bucket_s * 500).toFixed(1)} ${yCases(n).toFixed(1)}`)
    .join('')
  return (
    <svg width={width} height={height} role="img" aria-label={`${t('timeline.title')} · ${t('timeline.past')}`}>
      <Axis x={x} from={from} to={to} y={height - 5 * k} />
      <line class="tl-foot" x1="4" x2={width - 4} y1={foot} y2={foot} />
      {rain.map(
        ([at, mm]) =>
          mm !== null &&
          mm > 0 && (
            <rect
              key={at}
              class="tl-rain"
              x={x(at) + step * 0.15}
              width={step * 0.7}
              y={foot - (mm / maxRain) * (foot - top)}
              height={(mm / maxRain) * (foot - top)}
            >
              <title>{`${clockTime(new Date(at).toISOString(), to, false)} ${t('timeline.rain')} ${figure(mm, 'mm')}`}</title>
            </rect>
          ),
      )}
      {line && <path class="tl-cases" d={line} />}
      {cases.map(([at, n]) => (
        <rect key={at} class="tl-hit" x={x(at)} width={step} y={top} height={foot - top}>
          <title>{`${clockTime(new Date(at).toISOString(), to, false)} ${t('timeline.incidents')} ${t('timeline.count', { n: count(n) })}`}</title>
        </rect>
      ))}
      <line class="tl-now" x1={width - 4} x2={width - 4} y1={2} y2={foot} />
    </svg>
  )
}

interface Mark {
  left: number
  worst: Timeline['warnings'][number]
  n: number
}

/** Marks nearer to each other than this are one, shown as the worst of them. */
const MARK_PX = 30

function group(warnings: Timeline['warnings'], place: (ms: number) => number | null): Mark[] {
  const marks: Mark[] = []
  for (const warning of [...warnings].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const left = place(Date.parse(warning.at))
    if (left === null) continue
    const last = marks.at(-1)
    if (!last || left - last.left > MARK_PX) marks.push({ left, worst: warning, n: 1 })
    else {
      last.n++
      if (warning.level < last.worst.level) last.worst = warning
    }
  }
  return marks
}

/** Warnings stand over the drawing as buttons, so that they can be reached by key. */
function Marks({ data, width }: { data: Timeline; width: number }) {
  const to = now.value
  const from = to - TIMELINE_HOURS * HOUR_MS
  const place = (ms: number) => (ms >= from && ms <= to ? ((ms - from) / (to - from)) * (width - 8) + 4 : null)
  return (
    <>
      {group(data.warnings, place).map(({ left, worst, n }) => {
        const name = `${levelName(worst.level, lang.value)} ${placeOf(worst.title, worst.level)}`
        const more = n > 1 ? ` · ${t('warning.more', { n: n - 1 })}` : ''
        return (
          <button
            type="button"
            key={`${worst.key}${worst.at}`}
            class="tl-mark"
            style={{ left: `${left}px` }}
            title={`${clockTime(worst.at, to)} ${name}${more}`}
            aria-label={`${name}${more}`}
            onClick={() => select('warning', worst.key)}
            data-testid="timeline-warning"
          >
            <LevelMark level={worst.level} size={0.9} />
            {n > 1 && <small>{n}</small>}
          </button>
        )
      })}
    </>
  )
}

export function TimelineBar() {
  const host = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState({ width: 0, height: 0 })
  const open = timelineOpen.value
  useEffect(() => {
    const node = host.current
    if (!node) return
    const watch = new ResizeObserver(() => setSize({ width: node.clientWidth, height: node.clientHeight }))
    watch.observe(node)
    return () => watch.disconnect()
  }, [open])
  const data = timeline.value
  const empty = data && data.rain.length === 0 && data.incidents.length === 0 && data.warnings.length === 0
  return (
    <section class={`timeline ${open ? '' : 'is-closed'}`} aria-label={t('timeline.past')} data-testid="timeline">
      <header>
        <strong>{t('timeline.title')}</strong>
        <span class="tl-key">
          <i class="tl-key-rain" /> {t('timeline.rain')}
        </span>
        <span class="tl-key">
          <i class="tl-key-cases" /> {t('timeline.incidents')}
        </span>
        <span class="grow" />
        <span>{t('timeline.past')}</span>
        <button
          type="button"
          class="icon-button small"
          aria-expanded={open}
          aria-label={open ? t('panel.collapse') : t('panel.expand')}
          onClick={() => (timelineOpen.value = !open)}
        >
          <Icon name={open ? 'down' : 'up'} size={1} />
        </button>
      </header>
      {open && (
        <div class="tl-body" ref={host}>
          {data && !empty && size.width > 0 && size.height > 40 * zoomFactor.value && (
            <>
              <Drawing data={data} width={size.width} height={size.height} />
              <Marks data={data} width={size.width} />
            </>
          )}
          {empty && <p class="calm">{t('timeline.none')}</p>}
        </div>
      )}
    </section>
  )
}
