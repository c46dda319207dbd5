/** What the heat shows: surface, window, filters, hot spots, and how it is drawn. */
import type { CatalogueSurface, CodedTitle, SurfaceKind } from '../api/types'
import { distance } from '../domain/format'
import { levelName } from '../domain/levels'
import { backText, counterpart, horizonText, nearestBack, windowText } from '../domain/window'
import { code, has, lang, t, title } from '../i18n'
import { compareAsk, counted, currentSurface, heatAsk, kindOf, pickSurface, surfaces } from '../state/heat'
import { heatLegend } from '../state/legend'
import { compare, type HeatChoice, HOT_KINDS, heat, heatTab } from '../state/view'
import { HotList } from './HotList'
import { LevelMark } from './Marks'
import { Chips, Choice, Fold } from './Parts'
import { WindowPicker } from './WindowPicker'

const KINDS: readonly SurfaceKind[] = ['density', 'risk', 'forecast']
const HALF_LIVES: readonly (number | null)[] = [null, 6, 24, 72, 168]

const change = (what: Partial<HeatChoice>) => {
  heat.value = { ...heat.value, ...what }
}

export function categoryOptions(surface: CatalogueSurface | undefined): (readonly [string, string])[] {
  return (surface?.categories ?? [])
    .map((item: string | CodedTitle) =>
      typeof item === 'string' ? ([item, code('category', item)] as const) : ([item.name, title(item.title)] as const),
    )
    .filter(([name]) => name !== '' && name !== 'all')
}

export function presetText(window: string): string {
  const key = `heat.window.${window}`
  return has(key) ? t(key) : windowText(window, lang.value)
}

function SurfaceButton({ surface }: { surface: CatalogueSurface }) {
  const on = heat.value.surface === surface.name
  return (
    <button
      type="button"
      class={on ? 'is-on' : ''}
      aria-pressed={on}
      onClick={() => pickSurface(surface.name)}
      data-testid={`heat-surface-${surface.name}`}
    >
      {title(surface.title)}
    </button>
  )
}

/** A surface that does not earn its place is named, with the reason; the evidence is one click away. */
function Withheld({ surface }: { surface: CatalogueSurface }) {
  return (
    <div class="withheld" data-testid={`heat-withheld-${surface.name}`}>
      <span class="withheld-name">
        {title(surface.title)} <em>{t('heat.withheld')}</em>
      </span>
      <p title={title(surface.why)}>{title(surface.why)}</p>
      <button type="button" class="link" onClick={() => (heatTab.value = 'backtest')}>
        {t('heat.withheld.see')}
      </button>
    </div>
  )
}

function SurfacePicker() {
  const all = surfaces()
  return (
    <div class="surfaces" data-testid="heat-surface">
      <div class="surface-group">
        <span class="surface-kind">{t('heat.surface')}</span>
        <div class="chips">
          <button
            type="button"
            class={heat.value.surface === null ? 'is-on' : ''}
            aria-pressed={heat.value.surface === null}
            onClick={() => change({ surface: null })}
          >
            {t('heat.off')}
          </button>
        </div>
      </div>
      {KINDS.map((kind) => {
        const own = all.filter((surface) => kindOf(surface) === kind)
        if (!own.length) return null
        const hidden = own.filter((surface) => surface.shown === false)
        return (
          <fieldset class="surface-group" key={kind}>
            <legend class="surface-kind">{t(`heat.kind.${kind}`)}</legend>
            <div class="chips">
              {own
                .filter((surface) => surface.shown !== false)
                .map((surface) => (
                  <SurfaceButton key={surface.name} surface={surface} />
                ))}
            </div>
            {hidden.map((surface) => (
              <Withheld key={surface.name} surface={surface} />
            ))}
          </fieldset>
        )
      })}
    </div>
  )
}

function Filters({ surface }: { surface: CatalogueSurface }) {
  const { categories, sources, severities } = heat.value
  const known = categoryOptions(surface)
  const names = known.filter(([name]) => categories.includes(name)).map(([, text]) => text)
  const said = [
    categories.length ? (names.length > 2 ? t('heat.some', { n: names.length }) : names.join('、')) : '',
    sources.length ? sources.map((name) => code('source', name)).join('、') : '',
    severities.length ? t('heat.severities', { n: severities.length }) : '',
  ].filter(Boolean)
  const density = kindOf(surface) === 'density'
  if (!known.length && !surface.sources?.length) return null
  return (
    <Fold
      title={t('heat.filters')}
      aside={said.join(' · ') || t('heat.category.all')}
      open={said.length > 0}
      testid="heat-filters"
    >
      {known.length > 0 && (
        <Chips
          label={t('heat.category')}
          value={categories}
          options={known}
          onPick={(value) => change({ categories: value })}
          testid="heat-category"
        />
      )}
      {density && (surface.sources?.length ?? 0) > 0 && (
        <Chips
          label={t('heat.source')}
          value={sources}
          options={(surface.sources ?? []).map((item) => [item.name, title(item.title)] as const)}
          onPick={(value) => change({ sources: value })}
          testid="heat-source"
        />
      )}
      {density && (
        <Chips
          label={t('heat.severity')}
          value={severities}
          options={([1, 2, 3, 4] as const)
            .map(
              (level) =>
                [
                  level as number,
                  <span class="with-mark" key={level}>
                    <LevelMark level={level} size={0.85} />
                    {levelName(level, lang.value)}
                  </span>,
                ] as const,
            )
            .concat([[0, <span key={0}>{t('heat.severity.none')}</span>]])}
          onPick={(value) => change({ severities: value })}
          testid="heat-severity"
        />
      )}
    </Fold>
  )
}

function Drawing({ surface }: { surface: CatalogueSurface }) {
  const { smooth, decay, weight, opacity } = heat.value
  const most = surface.smooth_max ?? 0
  const rings = Math.min(smooth, most)
  const density = kindOf(surface) === 'density'
  const legend = heatLegend.value
  const reach = legend?.bandwidth_m ? t('heat.bandwidth', { d: distance(legend.bandwidth_m) }) : ''
  const said = [
    most > 0 ? (rings ? t('heat.rings', { n: rings }) : t('heat.smooth.off')) : '',
    rings && legend?.bandwidth_m ? distance(legend.bandwidth_m) : '',
    decay === null ? '' : t('heat.decay.of', { h: halfLife(decay) }),
    weight === 'severity' ? t('heat.weight.severity') : '',
    `${Math.round(opacity * 100)}%`,
  ]
  return (
    <Fold title={t('heat.drawing')} aside={said.filter(Boolean).join(' · ')} testid="heat-drawing">
      {most > 0 && (
        <div>
          <Choice
            label={t('heat.smooth')}
            value={rings}
            options={Array.from({ length: most + 1 }, (_, n) => [n, n ? t('heat.rings', { n }) : t('heat.smooth.off')])}
            onPick={(value) => change({ smooth: value })}
            testid="heat-smooth"
          />
          {rings > 0 && reach && (
            <p class="hint" data-testid="heat-bandwidth">
              {reach}
            </p>
          )}
        </div>
      )}
      {density && (
        <>
          <Choice
            label={t('heat.decay')}
            value={decay ?? 0}
            options={HALF_LIVES.map((hours) => [hours ?? 0, hours === null ? t('heat.decay.off') : halfLife(hours)])}
            onPick={(hours) => change({ decay: hours || null })}
            testid="heat-decay"
          />
          <Choice
            label={t('heat.weight')}
            value={weight}
            options={[
              ['count', t('heat.weight.count')],
              ['severity', t('heat.weight.severity')],
            ]}
            onPick={(value) => change({ weight: value })}
            testid="heat-weight"
          />
        </>
      )}
      <label class="field">
        <span>
          {t('heat.opacity')} <b>{Math.round(opacity * 100)}%</b>
        </span>
        <input
          type="range"
          min="10"
          max="100"
          step="5"
          value={Math.round(opacity * 100)}
          onInput={(event) => change({ opacity: Number(event.currentTarget.value) / 100 })}
          data-testid="heat-opacity"
        />
      </label>
    </Fold>
  )
}

export function halfLife(hours: number): string {
  return hours % 24 ? t('unit.hours', { n: hours }) : t('unit.days', { n: hours / 24 })
}

/** Two windows beside each other, parted by a line that is dragged. */
function CompareControl() {
  const second = compare.value
  const base = heat.value.window.replace(/~.*$/, '')
  const backs = [...new Set(['1d', '1w', nearestBack(base), '1y'])]
  if (!second) {
    return (
      <button
        type="button"
        class="button"
        onClick={() =>
          (compare.value = { window: counterpart(heat.value.window, nearestBack(heat.value.window)), at: 0.5 })
        }
        data-testid="compare-start"
      >
        {t('compare.start')}
      </button>
    )
  }
  const set = (window: string) => {
    compare.value = { ...second, window }
  }
  return (
    <fieldset class="compare-box" data-testid="compare-box">
      <legend>{t('compare.title')}</legend>
      <Choice
        label={t('compare.with')}
        value={second.window}
        options={backs.map((back) => [`${base}~${back}`, backText(back, lang.value)] as const)}
        onPick={set}
        testid="compare-window"
      />
      <WindowPicker window={second.window} presets={[]} onPick={set} folded testid="compare-more" />
      <div class="actions">
        <button
          type="button"
          class="button small"
          onClick={() => {
            const first = heat.value.window
            change({ window: second.window })
            set(first)
          }}
        >
          {t('compare.swap')}
        </button>
        <button type="button" class="button small" onClick={() => (compare.value = null)} data-testid="compare-end">
          {t('compare.end')}
        </button>
      </div>
    </fieldset>
  )
}

export function HeatControls() {
  const surface = currentSurface()
  const choice = heat.value
  return (
    <>
      <SurfacePicker />
      {surface && (
        <>
          {title(surface.rule) && kindOf(surface) === 'risk' && <p class="hint">{title(surface.rule)}</p>}
          {counted.value && (
            <WindowPicker
              window={choice.window}
              presets={surface.windows}
              onPick={(window) => change({ window })}
              testid="heat-window"
            />
          )}
          {kindOf(surface) === 'forecast' && (surface.horizons?.length ?? 0) > 0 && (
            <Choice
              label={t('heat.horizon')}
              value={String(heatAsk.value.window ?? '')}
              options={(surface.horizons ?? []).map((item) => [item, horizonText(item, lang.value)] as const)}
              onPick={(window) => change({ window })}
              testid="heat-horizon"
            />
          )}
          <Filters surface={surface} />
          {counted.value && (
            <div class="hot-box">
              <Choice
                label={t('hot.title')}
                value={choice.hot}
                options={HOT_KINDS.map((kind) => [kind, t(`hot.kind.${kind}`)] as const)}
                onPick={(hot) => change({ hot })}
                testid="hot-kind"
              />
              {choice.hot !== 'off' && <HotList />}
            </div>
          )}
          <Drawing surface={surface} />
          {counted.value && (compareAsk.value || compare.value === null) && <CompareControl />}
          <p class="hint">{t('heat.hint')}</p>
        </>
      )}
    </>
  )
}
