/** How old a thing is and how that is said: fresh is solid, late is dimmed, stale is hatched, unknown is a dash. */
import type { Lang } from '../i18n'

export type AgeState = 'fresh' | 'late' | 'stale' | 'unknown'

/** Seconds after which a thing of this layer counts as late, then as stale. */
export const AGE_LIMITS_S: Record<string, readonly [late: number, stale: number]> = {
  sensor: [900, 3600],
  mover: [60, 600],
}

export function ageState(ageS: number | null, limits: readonly [number, number]): AgeState {
  if (ageS === null || Number.isNaN(ageS)) return 'unknown'
  if (ageS >= limits[1]) return 'stale'
  return ageS >= limits[0] ? 'late' : 'fresh'
}

export function secondsSince(iso: string | null | undefined, nowMs: number): number | null {
  if (!iso) return null
  const at = Date.parse(iso)
  return Number.isNaN(at) ? null : Math.max(0, (nowMs - at) / 1000)
}

/** A length of time in one unit and a half: `52 秒`, `18 分`, `3 小时 20 分`, `4 天`. */
export function spanText(seconds: number, lang: Lang): string {
  const s = Math.max(0, Math.floor(seconds))
  const zh = lang === 'zh'
  if (s < 60) return zh ? `${s} 秒` : `${s} s`
  const minutes = Math.floor(s / 60)
  if (minutes < 60) return zh ? `${minutes} 分` : `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) {
    const rest = minutes % 60
    if (zh) return rest ? `${hours} 小时 ${rest} 分` : `${hours} 小时`
    return rest ? `${hours} h ${rest} min` : `${hours} h`
  }
  const days = Math.floor(hours / 24)
  return zh ? `${days} 天` : `${days} d`
}

export function agoText(seconds: number | null, lang: Lang): string {
  if (seconds === null) return '—'
  return lang === 'zh' ? `${spanText(seconds, lang)}前` : `${spanText(seconds, lang)} ago`
}

/** What stands beside a thing that is no longer fresh: its age when late, since when it stopped when stale. */
export function staleText(seconds: number | null, lang: Lang): string {
  if (seconds === null) return '—'
  return lang === 'zh' ? `停 ${spanText(seconds, lang)}` : `silent ${spanText(seconds, lang)}`
}
