/** What the checker found, beside the field that it found it in. */
import type { RuleProblem } from '../../api/studio'
import { t } from '../../i18n'
import { checked } from '../../state/rules'

/** `levels[0].when` and `levels.0.when` are the same place. */
export const placeOf = (where: string) => where.replaceAll(/\[(\d+)\]/g, '.$1').replace(/^spec\./, '')

export function problemsAt(at: string): RuleProblem[] {
  const place = placeOf(at)
  return (checked.value?.problems ?? []).filter(({ where }) => placeOf(where) === place)
}

export function Problems({ at }: { at: string }) {
  const found = problemsAt(at)
  if (found.length === 0) return null
  return (
    <ul class="problems" role="status" data-testid={`problems-${placeOf(at)}`}>
      {found.map(({ message }) => (
        <li key={message}>{message}</li>
      ))}
    </ul>
  )
}

interface ExpressionProps {
  label: string
  at: string
  value: string
  placeholder?: string
  disabled: boolean
  onInput: (text: string) => void
}

/** An expression; where the checker names a column, the line stands again below with that place marked. */
export function Expression({ label, at, value, placeholder, disabled, onInput }: ExpressionProps) {
  const found = problemsAt(at)
  const column = found.find((problem) => problem.column !== null && problem.column !== undefined)?.column
  const spot = column === null || column === undefined ? null : Math.min(Math.max(0, column - 1), value.length)
  const end = spot === null ? 0 : (/^(\w+|.)/s.exec(value.slice(spot))?.[0].length ?? 0)
  return (
    <label class="field expression">
      <span>{label}</span>
      <textarea
        class="mono"
        rows={Math.min(5, Math.max(1, Math.ceil(value.length / 58)))}
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        disabled={disabled}
        aria-invalid={found.length > 0}
        maxLength={1000}
        onInput={(event) => onInput(event.currentTarget.value)}
        data-testid={`expression-${placeOf(at)}`}
      />
      {spot !== null && (
        <code class="marked" aria-hidden="true" data-testid={`marked-${placeOf(at)}`}>
          {value.slice(0, spot)}
          <mark>{value.slice(spot, spot + end) || ' '}</mark>
          {value.slice(spot + end)}
        </code>
      )}
      <Problems at={at} />
    </label>
  )
}

/** What was found in places that have no field of their own. */
export function OtherProblems({ shown }: { shown: (place: string) => boolean }) {
  const rest = (checked.value?.problems ?? []).filter(({ where }) => !shown(placeOf(where)))
  if (rest.length === 0) return null
  return (
    <ul class="problems is-block" role="status" data-testid="problems-other">
      {rest.map(({ where, message }) => (
        <li key={`${where} ${message}`}>
          {where && <code>{where}</code>} {message || t('rule.problem')}
        </li>
      ))}
    </ul>
  )
}
