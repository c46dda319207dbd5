/** The small signs of the lists: a level's shape, a case's ring, a kind's glyph; never a colour alone. */
import type { Level } from '../api/types'
import type { CaseClock } from '../domain/clocks'
import { levelName, levelShape, shapePoints } from '../domain/levels'
import { lang } from '../i18n'
import { glyph } from '../map/glyphs'

interface LevelMarkProps {
  level: Level
  size?: number
  drill?: boolean
  sign?: boolean
}

export function LevelMark({ level, size = 1.25, drill = false, sign = false }: LevelMarkProps) {
  const shape = levelShape(level)
  const points = shapePoints(shape)
    .map(([x, y]) => `${12 + x * 10.5},${12 + y * 10.5}`)
    .join(' ')
  const box = { width: `${size}rem`, height: `${size}rem` }
  return (
    <svg
      class={`level-mark level-${level}`}
      viewBox="0 0 24 24"
      style={box}
      role="img"
      aria-label={levelName(level, lang.value)}
    >
      {shape === 'circle' ? <circle cx="12" cy="12" r="9.5" /> : <polygon points={points} />}
      {sign && <path class="level-sign" d={shape === 'triangle' ? 'M12 9v6M12 17.8v.2' : 'M12 6.8v6.4M12 16.6v.2'} />}
      {drill && <path class="level-drill" d="M4 20 20 4M0 16 16 0M8 24 24 8" />}
    </svg>
  )
}

/** The 1011 ring: what is left of the allowed time; late is a full broken ring. */
export function Ring({ clock, size = 1.25 }: { clock: CaseClock | null; size?: number }) {
  const turn = 2 * Math.PI * 8
  const left = clock ? clock.left : 0
  const tone = clock?.tone ?? 'none'
  return (
    <svg
      class={`ring ring-${tone}`}
      viewBox="0 0 24 24"
      style={{ width: `${size}rem`, height: `${size}rem` }}
      aria-hidden="true"
    >
      <circle class="ring-track" cx="12" cy="12" r="8" />
      {tone === 'late' ? (
        <circle class="ring-left" cx="12" cy="12" r="8" stroke-dasharray="4.4 1.9" />
      ) : (
        <circle
          class="ring-left"
          cx="12"
          cy="12"
          r="8"
          stroke-dasharray={`${turn * left} ${turn}`}
          transform="rotate(-90 12 12)"
        />
      )}
      {tone === 'late' && <path class="ring-sign" d="M12 8v5M12 15.8v.2" />}
    </svg>
  )
}

export function KindMark({ kind, state = '', size = 1.25 }: { kind: string; state?: string; size?: number }) {
  const { path, stroke } = glyph(kind)
  return (
    <svg
      class={`kind-mark ${state}`}
      viewBox="0 0 16 16"
      style={{ width: `${size}rem`, height: `${size}rem` }}
      aria-hidden="true"
    >
      <path d={path} class={stroke ? 'kind-line' : 'kind-fill'} />
    </svg>
  )
}

export function Dot({ state, size = 0.625 }: { state: string; size?: number }) {
  return <span class={`dot dot-${state}`} style={{ width: `${size}rem`, height: `${size}rem` }} aria-hidden="true" />
}
