/** What the studio pages hold in common: an answer that list and page share, followed while somebody looks. */
import { type Signal, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError } from '../api/client'
import { paced } from '../domain/pace'
import { onLiveEvent } from './live'

export class Held<T> {
  readonly value: Signal<T | null> = signal<T | null>(null)
  readonly error: Signal<unknown> = signal<unknown>(null)
  private asked = 0
  private shown = 0
  private open = 0

  constructor(private readonly ask: () => Promise<T>) {}

  /** Whether an answer is still awaited: on a slow line asking again would only make it slower. */
  get asking(): boolean {
    return this.open > 0
  }

  /** The last answer stands until the next is there; one that was overtaken by a later one's is let go. */
  async load(): Promise<void> {
    const turn = ++this.asked
    this.open++
    try {
      const value = await this.ask()
      if (turn < this.shown) return
      this.shown = turn
      this.value.value = value
      this.error.value = null
    } catch (error) {
      if (turn >= this.shown) this.error.value = error
    } finally {
      this.open--
    }
  }

  /** A different question: what was answered to the last one is none of it. */
  forget(): void {
    this.shown = ++this.asked
    this.value.value = null
    this.error.value = null
  }
}

/** Loads now, every so often while the page is seen, and soon after the stream says that something happened. */
export function useFollow(held: Held<unknown>, everyMs: number, ...events: string[]): void {
  useEffect(() => {
    void held.load()
    const timer = setInterval(() => {
      if (!document.hidden && !held.asking) void held.load()
    }, everyMs)
    const soon = paced(400, () => void held.load())
    const ends = events.map((name) => onLiveEvent(name, soon.run))
    return () => {
      clearInterval(timer)
      soon.stop()
      for (const end of ends) end()
    }
  }, [held, everyMs])
}

/** A door whose owner is not there yet answers so; that is no fault of what was asked. */
export const isNotYet = (error: unknown): boolean => error instanceof ApiError && error.status === 503
