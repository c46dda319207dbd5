/** The small signs of the lists: a level's shape, a case's ring, a kind's glyph; never a colour alone. */
import type { Call, Calling, Level } from '../api/types'
import type { CaseClock } from '../domain/clocks'
import { levelName, levelShape, shapePoints } from '../domain/levels'
import { lang, t } from '../i18n'
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

/** Nobody answers on any rung: the one sign that is louder than every level, in no level's colour. */
export function Octagon({ size = 1.25 }: { size?: number }) {
  const points = shapePoints('octagon')
    .map(([x, y]) => `${12 + x * 11},${12 + y * 11}`)
    .join(' ')
  return (
    <svg
      class="octagon"
      viewBox="0 0 24 24"
      style={{ width: `${size}rem`, height: `${size}rem` }}
      role="img"
      aria-label={t('calls.nobody')}
    >
      <polygon points={points} />
      <path d="M12 6.2v7.4M12 17.2v.3" />
    </svg>
  )
}

type CallingState = Calling['state'] | Call['state']

const CALLING_PATHS: Partial<Record<CallingState, string>> = {
  answered: 'M7.5 12.3l3 3 6-6.4',
  confirmed: 'M5 12.3l3 3 5.4-5.8M11.5 15l.6.3 6-6.4',
  silent: 'M8.5 8.5l7 7M15.5 8.5l-7 7',
  declined: 'M7.5 12h9',
  no_duty: 'M12 7v6M12 16.6v.2',
}

/** How a call stands: waiting is hollow, calling is half, an answer has its tick, silence a cross, nobody an octagon. */
export function CallingMark({ state, size = 1.25 }: { state: CallingState; size?: number }) {
  if (state === 'unanswered') return <Octagon size={size} />
  const path = CALLING_PATHS[state]
  return (
    <svg
      class={`calling calling-${state}`}
      viewBox="0 0 24 24"
      style={{ width: `${size}rem`, height: `${size}rem` }}
      aria-hidden="true"
    >
      <circle cx="12" cy="12" r="9" />
      {state === 'calling' && <path class="calling-half" d="M12 3a9 9 0 0 1 0 18z" />}
      {path && <path class="calling-sign" d={path} />}
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
