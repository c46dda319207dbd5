/** The legend that stands on the map: what is counted, over which hours, in which unit, by which rule. */
import type { HeatLegend as Legend } from '../api/types'
import { distance, figure, fullTime } from '../domain/format'
import { horizonText, windowText } from '../domain/window'
import { lang, t, title } from '../i18n'
import { now } from '../state/clock'
import { counted, currentSurface, heatAsk, kindOf } from '../state/heat'
import { hotspots } from '../state/hotspots'
import { heatLegend } from '../state/legend'
import { heat, theme } from '../state/view'
import { classColours, HOT_CLASSES, notSignificant, ramp } from '../theme/ramps'
import { halfLife } from './HeatControls'
import { HotSign } from './HotList'

function area(km2: number): string {
  if (km2 >= 0.1) return `${figure(Number(km2.toPrecision(2)))} km²`
  return `${figure(Number((km2 * 1_000_000).toPrecision(2)))} m²`
}

/** `11-15 11:00 – 11-22 12:00`; a year only where it is not this one, a day only where there are two. */
function fromTo(from: string, to: string): string {
  const [first, last] = [new Date(from), new Date(to)]
  const two = (n: number) => String(n).padStart(2, '0')
  const hm = (at: Date) => `${two(at.getHours())}:${two(at.getMinutes())}`
  const day = (at: Date) => {
    const md = `${two(at.getMonth() + 1)}-${two(at.getDate())}`
    return at.getFullYear() === new Date(now.value).getFullYear() ? md : `${at.getFullYear()}-${md}`
  }
  const same = first.toDateString() === last.toDateString()
  return `${day(first)} ${hm(first)} – ${same ? '' : `${day(last)} `}${hm(last)}`
}

/** Exactly from when to when. */
export function FromTo({ legend }: { legend: Legend | null }) {
  if (!legend?.from || !legend.to) return null
  return <span title={`${fullTime(legend.from)} – ${fullTime(legend.to)}`}>{fromTo(legend.from, legend.to)}</span>
}

export function Published() {
  return (
    <p class="published" data-testid="heat-published">
      {t('heat.published')}
    </p>
  )
}

/** The classes that the outlines on the map have, hot before cold, and grey between them. */
function HotClasses() {
  const { found } = hotspots.value
  const titles = new Map<string, string>((found?.features ?? []).map(({ properties: p }) => [p.class, title(p.title)]))
  const light = theme.value === 'light'
  return (
    <ul class="hot-classes" data-testid="hot-legend">
      {HOT_CLASSES.filter((name) => titles.has(name)).map((name) => (
        <li key={name}>
          <HotSign name={name} />
          {titles.get(name)}
        </li>
      ))}
      <li>
        <span class="hot-sign is-plain" style={{ '--hot': notSignificant(light) }} />
        {t('hot.ns')}
      </li>
    </ul>
  )
}

export function HeatLegend() {
  const choice = heat.value
  const surface = currentSurface()
  if (!surface || !choice.surface) return null
  const legend = heatLegend.value
  const kind = kindOf(surface)
  const hot = choice.hot !== 'off' && counted.value
  const light = theme.value === 'light'
  const family = hot ? 'plain' : kind
  const breaks = [...new Set(legend?.breaks ?? [])].sort((a, b) => a - b)
  const colours = breaks.length ? classColours(family, light, breaks.length + 1) : ramp(family, light)
  const asked = heatAsk.value.window
  const hours = !asked ? '' : kind === 'forecast' ? horizonText(asked, lang.value) : windowText(asked, lang.value)
  const facts = [
    legend?.bandwidth_m ? t('heat.bandwidth', { d: distance(legend.bandwidth_m) }) : '',
    legend?.half_life_h ? t('heat.decay.of', { h: halfLife(legend.half_life_h) }) : '',
    legend?.weight === 'severity' ? t('heat.weight.severity') : '',
    legend ? t('heat.res', { res: legend.res }) : '',
  ].filter(Boolean)
  return (
    <div class="map-legend" data-testid="heat-legend">
      <p class="map-legend-title">
        {legend ? t('heat.legend', { title: title(surface.title), area: area(legend.cell_km2) }) : title(surface.title)}
      </p>
      <div class="map-legend-bar" style={{ opacity: Math.max(0.5, choice.opacity) }}>
        {colours.map((colour) => (
          <i key={colour} style={{ background: colour }} />
        ))}
      </div>
      <div class="map-legend-ticks">
        <span class="edge-low">{t('heat.low')}</span>
        {breaks.map((value, i) => (
          <span key={value} style={{ left: `${((i + 1) / (breaks.length + 1)) * 100}%` }}>
            {figure(Number(value.toPrecision(3)))}
          </span>
        ))}
        <span class="edge-high">{t('heat.high')}</span>
      </div>
      {hot && <HotClasses />}
      <p class="map-legend-foot">
        {[title(legend?.unit ?? surface.unit), title(legend?.window) || hours].filter(Boolean).join(' · ')}
      </p>
      <p class="map-legend-foot is-fine">
        <FromTo legend={legend} />
      </p>
      <p class="map-legend-foot is-fine">{facts.join(' · ')}</p>
      {title(legend?.rule) && <p class="map-legend-foot is-fine">{title(legend?.rule)}</p>}
      {legend?.published && <Published />}
    </div>
  )
}
