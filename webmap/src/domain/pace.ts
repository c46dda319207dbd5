/** Runs `work` at once, then at most once in `ms` (a figure, or one asked each time), and always once more after the last call. */
export function paced(
  ms: number | (() => number),
  work: () => void,
): {
  run: () => void
  later: () => void
  stop: () => void
} {
  let timer: ReturnType<typeof setTimeout> | null = null
  let last = Number.NEGATIVE_INFINITY
  const now = () => {
    timer = null
    last = performance.now()
    work()
  }
  return {
    run() {
      if (timer) return
      const due = last + (typeof ms === 'number' ? ms : ms()) - performance.now()
      if (due <= 0) now()
      else timer = setTimeout(now, due)
    },
    /** Not at once: when the time from now is over, unless it is due sooner. */
    later() {
      timer ??= setTimeout(now, typeof ms === 'number' ? ms : ms())
    },
    stop() {
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}
