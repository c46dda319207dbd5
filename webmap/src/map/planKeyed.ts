/** Features that are told apart, drawn so that what changes of thousands costs as much as what changes. */
import type { Feature, FeatureCollection } from 'geojson'
import type { GeoJSONSource, Map as MapLibre, MapSourceDataEvent } from 'maplibre-gl'
import type { LargeSource, PlanSource } from './planStyle'

export const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features })

export function put(map: MapLibre, source: PlanSource, data: FeatureCollection): void {
  map.getSource<GeoJSONSource>(source)?.setData(data)
}

/** What of a keyed set is new or different, and what is gone: by identity, as nothing in a model is ever changed. */
export function differs<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): { put: V[]; gone: K[] } {
  const put: V[] = []
  for (const [key, value] of after) if (before.get(key) !== value) put.push(value)
  const gone: K[] = []
  for (const key of before.keys()) if (!after.has(key)) gone.push(key)
  return { put, gone }
}

/** Past this share of what there is, sending all of it is quicker. */
const MOST = 0.3
/** What changed is laid into the large source once the hand has rested this long, or once there is this much of it. */
const REST_MS = 4000
const SOON_MS = 100
const MANY = 400

/**
 * A large source, and a small one over it with what changed since: an edit cuts a few features into tiles and not
 * thousands. What the large one still has of them is hidden (`stale`) until they are laid into it, at rest.
 */
export class Keyed<K extends string | number, V extends { id: K }> {
  /** As the large source draws it. */
  private whole: ReadonlyMap<K, V> = new Map()
  /** What is being laid into the large source; until that is drawn it may show the one or the other. */
  private coming: ReadonlyMap<K, V> | null = null
  private now: ReadonlyMap<K, V> = new Map()
  private over: readonly V[] = []
  private hidden: K[] = []
  private readonly stale: Marked<K>
  private rest: ReturnType<typeof setTimeout> | undefined
  private turn = 0

  /** `swap` is called when the large one has taken over from the small one: `hide` is due in that frame. */
  constructor(
    private readonly map: MapLibre,
    private readonly source: LargeSource,
    private readonly feature: (value: V) => Feature,
    private readonly swap: () => void,
  ) {
    this.stale = new Marked<K>(map, [source], 'stale')
  }

  /** Sends what is to be drawn; `hide` is for when it is. Answers with the sources that have to be waited for. */
  show(now: ReadonlyMap<K, V>): PlanSource[] {
    this.now = now
    const { put: over, gone } = differs(this.whole, now)
    const all = over.length + gone.length > now.size * MOST
    if (all) {
      this.end()
      this.coming = null
      this.whole = now
      put(this.map, this.source, collection([...now.values()].map(this.feature)))
    }
    this.lay()
    return all ? [this.source, `${this.source}-new`] : [`${this.source}-new`]
  }

  hide(): void {
    this.stale.show(this.hidden)
  }

  end(): void {
    this.turn++
    clearTimeout(this.rest)
  }

  private lay(): void {
    const there = this.coming ? [this.whole, this.coming] : [this.whole]
    const over = [...this.now.values()].filter((value) => there.some((known) => known.get(value.id) !== value))
    if (over.length !== this.over.length || over.some((value, i) => value !== this.over[i])) {
      put(this.map, `${this.source}-new`, collection(over.map(this.feature)))
    }
    this.over = over
    const gone = there.flatMap((known) => [...known.keys()].filter((id) => !this.now.has(id)))
    this.hidden = [...gone, ...over.map(({ id }) => id).filter((id) => there.some((known) => known.has(id)))]
    this.waitForRest(over.length + gone.length)
  }

  private waitForRest(much: number): void {
    clearTimeout(this.rest)
    if (much === 0 || this.coming) return
    this.rest = setTimeout(
      () => {
        // Whoever moves the map is not at rest, and no frame of theirs can be held back.
        if (this.map.isMoving()) this.waitForRest(much)
        else void this.settle()
      },
      much > MANY ? SOON_MS : REST_MS,
    )
  }

  /** Lays what changed into the large source; the small one keeps showing it until the large one does. */
  private async settle(): Promise<void> {
    const mine = ++this.turn
    const settled = this.now
    const { put: add, gone } = differs(this.whole, settled)
    this.coming = settled
    // What is new is in the small one already: it comes into the large one hidden, or it would be drawn twice.
    this.lay()
    this.hide()
    const source = this.map.getSource<GeoJSONSource>(this.source)
    await source?.updateData({ remove: [...gone, ...add.map(({ id }) => id)], add: add.map(this.feature) })
    whenLoaded(this.map, [this.source], () => {
      if (mine !== this.turn) return
      this.whole = settled
      this.coming = null
      this.lay()
      this.swap()
    })
  }
}

/** Calls back once, when the sources' tiles are all there. */
function whenLoaded(map: MapLibre, sources: readonly PlanSource[], then: () => void): () => void {
  const look = (event?: MapSourceDataEvent) => {
    // News of a source comes before its tiles are asked anew.
    if (event?.sourceDataType === 'metadata') return
    if (!sources.every((source) => !map.getSource(source) || map.isSourceLoaded(source))) return
    stop()
    then()
  }
  const stop = () => map.off('sourcedata', look)
  map.on('sourcedata', look)
  look()
  return stop
}

/** No longer is a frame held back for what belongs into it. */
const HELD_MS = 150

/**
 * What belongs together is drawn in one frame: frames are held back until all of it has been cut into tiles. Without
 * this each piece would draw the whole map as it comes, and a border would be gone before the new one is there.
 */
export class Together {
  private drop: (() => void) | null = null
  private wanted = false
  private readonly awaited = new Set<PlanSource>()

  constructor(private readonly map: MapLibre) {}

  /** `then` is done with the sources' tiles there, before the frame; it overtakes what was to be done before it. */
  wait(sources: readonly PlanSource[], then: () => void): void {
    this.drop?.()
    this.hold()
    for (const source of sources) this.awaited.add(source)
    const done = () => {
      this.drop?.()
      this.awaited.clear()
      then()
      this.release()
    }
    const late = setTimeout(done, HELD_MS)
    let stop = () => {}
    this.drop = () => {
      this.drop = null
      clearTimeout(late)
      stop()
    }
    stop = whenLoaded(this.map, [...this.awaited], done)
  }

  end(): void {
    this.drop?.()
    this.release()
  }

  private hold(): void {
    if (this.map.isMoving()) return
    this.map.triggerRepaint = () => {
      this.wanted = true
    }
  }

  private release(): void {
    // The class's own again.
    Reflect.deleteProperty(this.map, 'triggerRepaint')
    if (this.wanted) this.map.triggerRepaint()
    this.wanted = false
  }
}

/** Marks some features of a source, and unmarks those that were. */
export class Marked<K extends string | number> {
  private on = new Set<K>()

  constructor(
    private readonly map: MapLibre,
    private readonly sources: readonly PlanSource[],
    private readonly name: string,
  ) {}

  show(now: Iterable<K>): void {
    const next = new Set(now)
    for (const id of this.on) if (!next.has(id)) this.set(id, false)
    for (const id of next) if (!this.on.has(id)) this.set(id, true)
    this.on = next
  }

  private set(id: K, on: boolean): void {
    for (const source of this.sources) this.map.setFeatureState({ source, id }, { [this.name]: on })
  }
}
