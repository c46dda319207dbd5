/** Organisations and who has their duty, now or at a time that somebody asks about. */
import { computed, signal } from '@preact/signals'
import { type Roster, studio } from '../api/studio'
import { treeOf } from '../domain/roster'
import { stores } from './features'
import { Held } from './studio'

/** Empty: now. */
export const rosterAt = signal('')

export const rosters = new Held<Roster>(() => studio.rosters(rosterAt.peek() || null))

export const tree = computed(() => treeOf(rosters.value.value?.organisations ?? []))
export const gaps = computed(() => (rosters.value.value?.organisations ?? []).filter(({ gap }) => gap))

/** Opened branches; the first look opens the top by itself. */
export const opened = signal<ReadonlySet<string>>(new Set())
export const onlyGaps = signal(false)

export function toggle(code: string): void {
  const next = new Set(opened.peek())
  if (!next.delete(code)) next.add(code)
  opened.value = next
}

/** Teams as they are chosen from, by name. */
export function teamOptions(): (readonly [string, string])[] {
  void stores.team.version.value
  return stores.team
    .all()
    .map(({ properties: p }) => [p.key, String(p.name ?? p.key)] as const)
    .sort((a, b) => a[1].localeCompare(b[1], 'zh-CN'))
}

export function teamName(key: string): string {
  const name = stores.team.get(key)?.properties.name
  return typeof name === 'string' && name ? name : key
}
