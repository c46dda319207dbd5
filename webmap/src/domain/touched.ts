/**
 * What the stream said while a list was on its way: the list was put together before it, so the stream is newer.
 * Several loads may be under way at once; each has its own set, because each was asked at another time.
 */
export class Touched {
  private readonly loads = new Set<Set<string>>()

  /** The stream has said something of this key. */
  note(key: string): void {
    for (const load of this.loads) load.add(key)
  }

  /** A list is asked for: the keys that it must not overwrite gather in the answer, until `end`. */
  begin(): ReadonlySet<string> {
    const load = new Set<string>()
    this.loads.add(load)
    return load
  }

  end(load: ReadonlySet<string>): void {
    this.loads.delete(load as Set<string>)
  }
}

/** The list as it was asked for, with what the stream said of its keys meanwhile in its place. */
export function merged<T>(
  list: ReadonlyMap<string, T>,
  held: ReadonlyMap<string, T>,
  touched: ReadonlySet<string>,
): Map<string, T> {
  const next = new Map(list)
  for (const key of touched) {
    const said = held.get(key)
    if (said === undefined) next.delete(key)
    else next.set(key, said)
  }
  return next
}
