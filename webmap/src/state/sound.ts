/** One short tone per level, off until a person allows it; only unacknowledged red repeats. */
import type { Level } from '../api/types'
import { soundOn } from './view'

let context: AudioContext | null = null

/** Must be called from a click: browsers give no sound otherwise. */
export function allowSound(on: boolean): void {
  soundOn.value = on
  if (!on) return
  context ??= new AudioContext()
  void context.resume()
  tone(4)
}

const PITCH_HZ: Record<Level, readonly number[]> = { 1: [880, 660, 880], 2: [784, 659], 3: [659], 4: [523] }

export function tone(level: Level): void {
  if (!soundOn.peek()) return
  context ??= new AudioContext()
  if (context.state !== 'running') return
  let at = context.currentTime + 0.02
  for (const hz of PITCH_HZ[level]) {
    const oscillator = context.createOscillator()
    const gain = context.createGain()
    oscillator.type = 'sine'
    oscillator.frequency.value = hz
    gain.gain.setValueAtTime(0, at)
    gain.gain.linearRampToValueAtTime(0.18, at + 0.02)
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.28)
    oscillator.connect(gain).connect(context.destination)
    oscillator.start(at)
    oscillator.stop(at + 0.3)
    at += 0.24
  }
}
