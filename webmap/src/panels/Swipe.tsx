/** Two windows side by side: a line parts the map, its left the first window and its right the second. */
import { windowText } from '../domain/window'
import { lang, t, title } from '../i18n'
import { createBeside } from '../map/compare'
import { comparing, heatAsk } from '../state/heat'
import { heatLegend, legendBeside } from '../state/legend'
import { compare } from '../state/view'
import { FromTo } from './HeatLegend'
import { SwipeFrame } from './SwipeFrame'

function place(at: number): void {
  const now = compare.peek()
  if (now) compare.value = { ...now, at }
}

export function Swipe() {
  const second = comparing.value
  // Breaks are quantiles of what there is: none of them, nothing there.
  const empty = legendBeside.value !== null && legendBeside.value.breaks.length === 0
  return (
    <SwipeFrame
      at={second?.at ?? 0.5}
      label={t('compare.move')}
      build={createBeside}
      onMove={place}
      onEnd={() => (compare.value = null)}
      left={
        <>
          {title(heatLegend.value?.window) || windowText(heatAsk.value.window ?? '', lang.value)}
          <small>
            <FromTo legend={heatLegend.value} />
          </small>
        </>
      }
      right={
        <>
          {title(legendBeside.value?.window) || windowText(second?.window ?? '', lang.value)}
          <small>
            <FromTo legend={legendBeside.value} />
          </small>
          {empty && <em data-testid="swipe-empty">{t('compare.empty')}</em>}
        </>
      }
    />
  )
}
