/** The heat controls, and the legend that stands on the map. */
import type { CatalogueSurface, CodedTitle } from '../api/types'
import { figure } from '../domain/format'
import { code, has, t, title } from '../i18n'
import { catalogue } from '../state/catalogue'
import { heatLegend } from '../state/legend'
import { heat, theme } from '../state/view'
import { classColours, ramp } from '../theme/ramps'
import { Choice } from './Parts'

const SMOOTH = [0, 1, 2] as const

function categoryTitle(category: string | CodedTitle): readonly [string, string] {
  if (typeof category !== 'string') return [category.name, title(category.title)]
  return [category, category === '' || category === 'all' ? t('heat.category.all') : code('category', category)]
}

function windowTitle(window: string): string {
  const key = `heat.window.${window}`
  return has(key) ? t(key) : window
}

export function currentSurface(): CatalogueSurface | undefined {
  return catalogue.value?.surfaces.find((surface) => surface.name === heat.value.surface)
}

/** Switches the surface; category and window stay where the new surface has them too. */
export function pickSurface(name: string): void {
  const surface = catalogue.value?.surfaces.find((item) => item.name === name)
  const now = heat.value
  if (!surface) {
    heat.value = { ...now, surface: null }
    return
  }
  const names = surface.categories.map((item) => (typeof item === 'string' ? item : item.name))
  const window = surface.windows.includes(now.window)
    ? now.window
    : (surface.windows.at(1) ?? surface.windows[0] ?? now.window)
  const smooth = Math.min(now.smooth, surface.smooth_max ?? 2)
  heat.value = { ...now, surface: name, window, smooth, category: names.includes(now.category) ? now.category : '' }
}

export function HeatPanel() {
  const choice = heat.value
  const surface = currentSurface()
  const surfaces = catalogue.value?.surfaces ?? []
  const categories = (surface?.categories ?? []).map(categoryTitle).filter(([name]) => name !== '' && name !== 'all')
  return (
    <div class="heat-panel" data-testid="heat-panel">
      <Choice
        label={t('heat.surface')}
        value={choice.surface ?? ''}
        options={[['', t('heat.off')], ...surfaces.map((item) => [item.name, title(item.title)] as const)]}
        onPick={pickSurface}
        testid="heat-surface"
      />
      {surface && (
        <>
          {categories.length > 0 && (
            <label class="field">
              <span>{t('heat.category')}</span>
              <select
                value={choice.category}
                onChange={(event) => (heat.value = { ...choice, category: event.currentTarget.value })}
                data-testid="heat-category"
              >
                <option value="">{t('heat.category.all')}</option>
                {categories.map(([name, text]) => (
                  <option key={name} value={name}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
          )}
          {surface.windows.length > 1 && (
            <Choice
              label={t('heat.window')}
              value={choice.window}
              options={surface.windows.map((item) => [item, windowTitle(item)] as const)}
              onPick={(window) => (heat.value = { ...choice, window })}
              testid="heat-window"
            />
          )}
          {(surface.smooth_max ?? 2) > 0 && (
            <Choice
              label={t('heat.smooth')}
              value={choice.smooth}
              options={SMOOTH.slice(0, (surface.smooth_max ?? 2) + 1).map((n) => [n, t(`heat.smooth.${n}`)] as const)}
              onPick={(smooth) => (heat.value = { ...choice, smooth })}
              testid="heat-smooth"
            />
          )}
          <label class="field">
            <span>
              {t('heat.opacity')} <b>{Math.round(choice.opacity * 100)}%</b>
            </span>
            <input
              type="range"
              min="10"
              max="100"
              step="5"
              value={Math.round(choice.opacity * 100)}
              onInput={(event) => (heat.value = { ...choice, opacity: Number(event.currentTarget.value) / 100 })}
              data-testid="heat-opacity"
            />
          </label>
          <p class="hint">{t('heat.hint')}</p>
        </>
      )}
    </div>
  )
}

function area(km2: number): string {
  if (km2 >= 0.1) return `${figure(Number(km2.toPrecision(2)))} km²`
  return `${figure(Number((km2 * 1_000_000).toPrecision(2)))} m²`
}

/** Classes between the breaks that the door states for the zoom on screen. */
export function HeatLegend() {
  const choice = heat.value
  const surface = currentSurface()
  if (!surface || !choice.surface) return null
  const legend = heatLegend.value
  const light = theme.value === 'light'
  const breaks = [...new Set(legend?.breaks ?? [])].sort((a, b) => a - b)
  const colours = breaks.length ? classColours(choice.surface, light, breaks.length + 1) : ramp(choice.surface, light)
  const facts = [
    surface.windows.length ? windowTitle(choice.window) : '',
    title(surface.unit),
    legend ? t('heat.res', { res: legend.res }) : '',
  ]
  return (
    <div class="map-legend" data-testid="heat-legend">
      <p class="map-legend-title">
        {legend ? t('heat.legend', { title: title(surface.title), area: area(legend.cell_km2) }) : title(surface.title)}
      </p>
      <div class="map-legend-bar" style={{ opacity: Math.max(0.5, choice.opacity) }}>
        {colours.map((colour) => (
          <i key={colour} style={{ background: colour }} />
        ))}
      </div>
      <div class="map-legend-ticks">
        <span class="edge-low">{t('heat.low')}</span>
        {breaks.map((value, i) => (
          <span key={value} style={{ left: `${((i + 1) / (breaks.length + 1)) * 100}%` }}>
            {figure(Number(value.toPrecision(3)))}
          </span>
        ))}
        <span class="edge-high">{t('heat.high')}</span>
      </div>
      <p class="map-legend-foot">{facts.filter(Boolean).join(' · ')}</p>
    </div>
  )
}
