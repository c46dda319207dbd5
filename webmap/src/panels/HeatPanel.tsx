/** The heat controls, and the legend that stands on the map. */
import { api } from '../api/client'
import type { CatalogueSurface, CodedTitle } from '../api/types'
import { figure } from '../domain/format'
import { code, has, t, title } from '../i18n'
import { catalogue } from '../state/catalogue'
import { camera, heat, theme } from '../state/view'
import { gradient, ramp } from '../theme/ramps'
import { Choice, useLoad } from './Parts'

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
  heat.value = { ...now, surface: name, window, category: names.includes(now.category) ? now.category : '' }
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
          <Choice
            label={t('heat.smooth')}
            value={choice.smooth}
            options={[
              [0, t('heat.smooth.0')],
              [1, t('heat.smooth.1')],
              [2, t('heat.smooth.2')],
            ]}
            onPick={(smooth) => (heat.value = { ...choice, smooth })}
            testid="heat-smooth"
          />
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

/** Breaks as the door states them for the zoom that is on screen. */
export function HeatLegend() {
  const choice = heat.value
  const surface = currentSurface()
  const z = Math.max(0, Math.floor(camera.value?.zoom ?? 12))
  const loaded = useLoad(async () => {
    if (!choice.surface) return null
    const { category, window, smooth } = choice
    return api.heatLegend(choice.surface, z, { category, window, smooth })
  }, [choice.surface, choice.category, choice.window, choice.smooth, z])
  if (!surface || !choice.surface) return null
  const legend = loaded.state === 'failed' ? null : loaded.value
  const colours = ramp(choice.surface, theme.value === 'light')
  const breaks = legend?.breaks ?? []
  const unit = legend?.unit || surface.unit
  return (
    <div class="map-legend" data-testid="heat-legend">
      <p class="map-legend-title">
        {legend ? t('heat.legend', { title: title(surface.title), area: area(legend.cell_km2) }) : title(surface.title)}
      </p>
      <div class="map-legend-bar" style={{ background: gradient(colours), opacity: Math.max(0.5, choice.opacity) }} />
      <div class="map-legend-ticks">
        {breaks.length > 0 ? (
          breaks.map((value, i) => (
            <span key={`${i}-${value}`} style={{ left: `${((i + 1) / (breaks.length + 1)) * 100}%` }}>
              {figure(Number(value.toPrecision(3)))}
            </span>
          ))
        ) : (
          <>
            <span class="edge-low">{t('heat.low')}</span>
            <span class="edge-high">{t('heat.high')}</span>
          </>
        )}
      </div>
      <p class="map-legend-foot">
        <span>{t('heat.low')}</span>
        <span>
          {windowTitle(choice.window)} · {title(unit)}
          {legend && ` · ${t('heat.res', { res: legend.res })}`}
        </span>
        <span>{t('heat.high')}</span>
      </p>
    </div>
  )
}
