/** How hard drawing is for this screen: movement gives way where it would starve everything else. */

/** Smooth to the eye, and kind to a screen that runs for weeks. */
const EVEN_MS = 40
/** Slower than this from one frame to the next, and drawing is what the machine is busy with. */
const HEAVY_MS = 90

/** A long frame is remembered this long by half: a slow screen stays slow, a hiccup is forgotten. */
const HALF_LIFE_MS = 3000

export class Effort {
  private costMs = 16

  /** Told the time from each frame to the next while something moves. */
  note(frameMs: number): void {
    const span = Math.min(2000, Math.max(0, frameMs))
    this.costMs = Math.max(span, this.costMs * 0.5 ** (span / HALF_LIFE_MS))
  }

  /** Whether motion for its own sake is too much. */
  get heavy(): boolean {
    return this.costMs > HEAVY_MS
  }

  /** Milliseconds to leave between redraws: on a slow screen at most a sixth of its time goes to motion. */
  get spacingMs(): number {
    return this.heavy ? Math.min(3000, this.costMs * 6) : EVEN_MS
  }
}

/** One screen, one measure. */
export const effort = new Effort()
