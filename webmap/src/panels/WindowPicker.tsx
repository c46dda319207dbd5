/** Which hours are counted: a preset, days and hours of the week, a shift back, or two instants of one's own. */
import { useState } from 'preact/hooks'
import { backText, changeWindow, daysText, localField, readWindow, span, WEEK, windowText } from '../domain/window'
import { lang, t } from '../i18n'
import { serverNow } from '../state/clock'
import { presetText } from './HeatControls'
import { Choice, Fold } from './Parts'

const DAYS = ['', 'mon-fri', 'sat,sun', ...WEEK]
const HOURS = Array.from({ length: 25 }, (_, hour) => hour)
const BACKS = ['', '1d', '1w', '1y'] as const
const DAY_MS = 86_400_000

interface PickerProps {
  window: string
  presets: readonly string[]
  onPick: (window: string) => void
  /** Without its presets, as a second choice beside another. */
  folded?: boolean
  testid: string
}

/** From and to in local time; what cannot be a span is not taken. */
function Custom({ base, onPick }: { base: string; onPick: (base: string) => void }) {
  const [given = '', until = ''] = base.includes('/') ? base.split('/') : []
  const [from, setFrom] = useState(localField(given ? new Date(given) : new Date(serverNow() - 7 * DAY_MS)))
  const [to, setTo] = useState(localField(until ? new Date(until) : new Date(serverNow())))
  const made = span(from, to)
  return (
    <div class="span-fields" data-testid="window-custom">
      <label class="field">
        <span>{t('window.from')}</span>
        <input type="datetime-local" step="3600" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>{t('window.to')}</span>
        <input type="datetime-local" step="3600" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <button type="button" class="button small" disabled={!made} onClick={() => made && onPick(made)}>
        {t('window.take')}
      </button>
      {!made && <p class="hint">{t('window.order')}</p>}
    </div>
  )
}

export function WindowPicker({ window, presets, onPick, folded = false, testid }: PickerProps) {
  const parts = readWindow(window)
  if (!parts) return null
  const { base, days, hours, back } = parts
  const plain = presets.filter((item) => !/[@~]/.test(item))
  const quick = presets.filter((item) => /[@~]/.test(item))
  const filtered = days !== '' || hours !== null || back !== '' || base.includes('/')
  const clock = (at: 0 | 1, hour: number) => {
    const next: [number, number] = [...(hours ?? [0, 24])]
    next[at] = hour
    // Past midnight is the next day's; from an hour to itself is nothing.
    if (next[0] === next[1]) next[1] = next[0] + 1
    onPick(changeWindow(window, { hours: next }))
  }
  return (
    <div class="window-box" data-testid={testid}>
      {plain.length > 0 && (
        <Choice
          label={t('heat.window')}
          value={base}
          options={plain.map((item) => [item, presetText(item)] as const)}
          onPick={(preset) => onPick(changeWindow(window, { base: preset }))}
        />
      )}
      <Fold
        title={folded ? t('window.own') : t('window.more')}
        aside={filtered || folded ? windowText(window, lang.value) : ''}
        open={filtered && !folded}
      >
        <div class="quick">
          {quick.map((item) => (
            <button
              type="button"
              key={item}
              class="button small"
              aria-pressed={item === window}
              onClick={() => onPick(item)}
            >
              {windowText(item, lang.value)}
            </button>
          ))}
          {filtered && (
            <button
              type="button"
              class="button small"
              onClick={() => onPick(changeWindow('24h', base.includes('/') ? {} : { base }))}
            >
              {t('window.plain')}
            </button>
          )}
        </div>
        <div class="field-row">
          <label class="field">
            <span>{t('window.days')}</span>
            <select
              value={days}
              onChange={(event) => onPick(changeWindow(window, { days: event.currentTarget.value }))}
            >
              {[...DAYS, ...(DAYS.includes(days) ? [] : [days])].map((item) => (
                <option key={item} value={item}>
                  {item ? daysText(item, lang.value) : t('window.everyday')}
                </option>
              ))}
            </select>
          </label>
          {([0, 1] as const).map((at) => (
            <label class="field" key={at}>
              <span>{t(at ? 'window.until' : 'window.since')}</span>
              <select value={(hours ?? [0, 24])[at]} onChange={(event) => clock(at, Number(event.currentTarget.value))}>
                {(at ? HOURS.slice(1) : HOURS.slice(0, 24)).map((hour) => (
                  <option key={hour} value={hour}>
                    {t('window.clock', { h: hour })}
                  </option>
                ))}
              </select>
            </label>
          ))}
        </div>
        <Choice
          label={t('window.back')}
          value={back}
          options={[...BACKS, ...(BACKS.some((item) => item === back) ? [] : [back])].map(
            (item) => [item as string, item ? backText(item, lang.value) : t('window.now')] as const,
          )}
          onPick={(item) => onPick(changeWindow(window, { back: item }))}
        />
        <Custom key={base} base={base} onPick={(made) => onPick(changeWindow(window, { base: made }))} />
      </Fold>
    </div>
  )
}
