/** The small word beside the pointer: what it is, and the two or three figures one looks for first. */
import type { Counted } from '../api/types'
import { agoText, secondsSince } from '../domain/age'
import { caseClock, clockText } from '../domain/clocks'
import { count, figure } from '../domain/format'
import { contains } from '../domain/geo'
import { asLevel, levelName } from '../domain/levels'
import { code, lang, t, title } from '../i18n'
import { coded, layerTitle } from '../state/catalogue'
import { calledAs, className } from '../state/classes'
import { serverNow } from '../state/clock'
import { isLive, stores } from '../state/features'
import { currentSurface } from '../state/heat'
import { hotspots } from '../state/hotspots'
import { byHazard, threatText } from '../state/warnings'
import type { Hit } from './interact'

type P = Record<string, unknown>

function lines(layer: string, p: P): string[] {
  const at = serverNow()
  switch (layer) {
    case 'hazard': {
      const level = asLevel(p.level)
      const warning = byHazard.value.get(String(p.key))
      return [
        [coded(layer, 'kind', p.kind), level && levelName(level, lang.value)].filter(Boolean).join(' · '),
        warning ? `${t('rail.warnings')} ${levelName(warning.level, lang.value)}` : '',
        threatText(p as unknown as Counted),
      ]
    }
    case 'sensor': {
      const value =
        p.last_value === null || p.last_value === undefined ? '—' : figure(p.last_value, p.last_unit as string)
      return [coded(layer, 'kind', p.kind), `${value} · ${agoText(secondsSince(p.last_at as string, at), lang.value)}`]
    }
    case 'mover': {
      const parts = [coded(layer, 'kind', p.kind)]
      if (typeof p.altitude_m === 'number') parts.push(`${Math.round(p.altitude_m)} m`)
      if (typeof p.speed_mps === 'number') parts.push(figure(p.speed_mps, 'm/s'))
      if (typeof p.battery_pct === 'number') parts.push(`${Math.round(p.battery_pct)} %`)
      return [parts.join(' · '), agoText(secondsSince(p.seen_at as string, at), lang.value)]
    }
    case 'incident': {
      const clock = caseClock(p, at)
      return [
        `${coded(layer, 'status', p.status)} · ${coded(layer, 'source', p.source)}`,
        clock ? clockText(clock, lang.value) : '',
      ]
    }
    case 'team':
      return [
        `${coded(layer, 'kind', p.kind)} · ${coded(layer, 'status', p.status)}`,
        p.members ? t('why.members', { n: count(p.members) }) : '',
      ]
    case 'warning':
      // A grid of its calling, or the zone itself.
      return p.grid
        ? [code('calling', p.state), p.residents === undefined ? '' : t('why.members', { n: count(p.residents) })]
        : []
    case 'camera':
      return [coded(layer, 'status', p.status)]
    case 'part':
      return [className(layer, p), p.status ? coded(layer, 'status', p.status) : ''].filter(
        (line) => line !== calledAs(layer, p),
      )
    case 'building':
      return [
        [coded(layer, 'use', p.use), p.floors ? `${p.floors} F` : '', p.height_m ? figure(p.height_m, 'm') : '']
          .filter(Boolean)
          .join(' · '),
      ]
    case 'grid':
      return [String(p.code ?? '')]
    default:
      return []
  }
}

function element(tag: string, className: string, text: string): HTMLElement {
  const node = document.createElement(tag)
  node.className = className
  node.textContent = text
  return node
}

/** What is significant about a place, as the outlines on the map say it. */
function hotspotAt(at: [number, number]): string {
  const found = hotspots.peek().found?.features.find(({ geometry }) => contains(geometry, at))
  return found ? title(found.properties.title) : ''
}

export function tipContent(hit: Hit, at: [number, number]): HTMLElement | null {
  const { layer, key } = hit
  const held = isLive(layer) && !hit.feature.properties.grid ? stores[layer].features.get(key)?.properties : undefined
  const p: P = held ?? hit.feature.properties
  const box = document.createElement('div')
  if (layer === 'cluster') {
    box.append(element('strong', 'tip-name', t('map.cluster', { n: count(p.point_count) })))
    return box
  }
  if (layer === 'heat') {
    const surface = currentSurface()
    if (!surface) return null
    box.append(
      element('strong', 'tip-name', figure(p.value, title(surface.unit))),
      element('div', 'tip-kind', title(surface.title)),
    )
    const spot = hotspotAt(at)
    if (spot) box.append(element('div', 'tip-line', spot))
    box.append(element('div', 'tip-line', t('heat.hint')))
    return box
  }
  box.append(element('strong', 'tip-name', calledAs(layer, p, key)))
  box.append(element('div', 'tip-kind', layerTitle(layer)))
  for (const line of lines(layer, p)) if (line) box.append(element('div', 'tip-line', line))
  return box
}
