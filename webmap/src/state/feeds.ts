/** How each feed is doing; its age goes on counting between the server's words. */
import { computed, signal } from '@preact/signals'
import { api } from '../api/client'
import type { Feed } from '../api/types'
import { secondsSince } from '../domain/age'
import { now } from './clock'

export const feeds = signal<Feed[] | null>(null)

const SEVERITY: Record<Feed['state'], number> = { stale: 0, late: 1, ok: 2, idle: 3 }

export const feedSummary = computed(() => {
  const used = (feeds.value ?? []).filter((feed) => feed.state !== 'idle')
  return {
    known: feeds.value !== null,
    all: used.length,
    ok: used.filter((feed) => feed.state === 'ok').length,
    late: used.filter((feed) => feed.state === 'late').length,
    stale: used.filter((feed) => feed.state === 'stale').length,
  }
})

export const deadFeeds = computed(() =>
  (feeds.value ?? [])
    .filter((feed) => feed.state === 'stale' || feed.state === 'late')
    .sort((a, b) => SEVERITY[a.state] - SEVERITY[b.state]),
)

export function feedAgeS(feed: Feed): number | null {
  return secondsSince(feed.last_at, now.value) ?? feed.age_s
}

export async function loadFeeds(): Promise<void> {
  feeds.value = await api.feeds()
}

export function noteFeed(feed: Feed): void {
  const list = feeds.value ?? []
  const known = list.some((item) => item.name === feed.name)
  feeds.value = known ? list.map((item) => (item.name === feed.name ? { ...item, ...feed } : item)) : [...list, feed]
}
