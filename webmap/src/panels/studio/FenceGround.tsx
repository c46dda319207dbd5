/** Where a fence is: drawn, or taken from something that is on the map, and then following it. */
import { useEffect } from 'preact/hooks'
import type { FenceSource } from '../../api/studio'
import { t } from '../../i18n'
import { fitTo } from '../../map/map'
import { layerVisible, toggleLayer } from '../../map/visibility'
import { beginDrawing, corners, leaveDrawing } from '../../state/draw'
import { stores } from '../../state/features'
import { editFence } from '../../state/fences'
import { type Picked, picking } from '../../state/pick'
import { isPhone } from '../../state/view'
import { DrawBox, ringShape } from '../DrawBox'
import { Field, Figure, Pick } from './Shell'

type Source = FenceSource['type']
const TYPES: readonly Source[] = ['polygon', 'grids', 'hazard_zone', 'cells', 'buffer', 'mover']

/** What may be clicked for each type of ground. */
const PICKED: Partial<Record<Source, readonly string[]>> = {
  grids: ['grid'],
  hazard_zone: ['hazard'],
  cells: ['heat'],
  buffer: ['hazard', 'sensor', 'camera', 'team', 'building', 'incident'],
  mover: ['mover'],
}

const BEGIN_M = { buffer: 200, mover: 300 } as const

/** A grid's code without its edition, which the fence follows by itself. */
const gridCode = ({ key, properties }: Picked) => String(properties.code ?? key.split('/').at(-1) ?? key)

const toggled = (list: readonly string[] | null | undefined, one: string): string[] =>
  list?.includes(one) ? list.filter((item) => item !== one) : [...(list ?? []), one]

function take(source: FenceSource, picked: Picked): FenceSource {
  switch (source.type) {
    case 'grids':
      return { ...source, codes: toggled(source.codes, gridCode(picked)) }
    case 'cells':
      return { ...source, cells: toggled(source.cells, picked.key) }
    case 'buffer':
      return { ...source, layer: picked.layer, key: picked.key }
    default:
      return { ...source, key: picked.key }
  }
}

function List({ list, drop }: { list: readonly string[]; drop: (one: string) => void }) {
  return (
    <div class="chips picked-list">
      {list.map((one) => (
        <button type="button" key={one} class="is-on mono" title={t('fence.drop')} onClick={() => drop(one)}>
          {one} ×
        </button>
      ))}
    </div>
  )
}

function named(layer: 'hazard' | 'mover', chosen: string | null | undefined): (readonly [string, string])[] {
  void stores[layer].version.value
  const all = stores[layer].all().map(({ properties: p }) => [p.key, String(p.name ?? p.key)] as const)
  all.sort((a, b) => a[1].localeCompare(b[1], 'zh-CN'))
  const missing = chosen && !all.some(([key]) => key === chosen) ? [[chosen, chosen] as const] : []
  return [['', t('fence.pickone')] as const, ...missing, ...all]
}

export function FenceGround({ source }: { source: FenceSource }) {
  const set = (next: FenceSource) => editFence({ source: next })
  const { type } = source
  useEffect(() => {
    const layers = PICKED[type]
    if (!layers) return
    if (type === 'grids' && !layerVisible('grid')) toggleLayer('grid', true)
    return () => {
      picking.value = null
    }
  }, [type])
  useEffect(() => {
    const layers = PICKED[type]
    picking.value = layers ? { layers, take: (picked) => set(take(source, picked)) } : null
  }, [source])
  useEffect(
    () => () => {
      picking.value = null
      leaveDrawing()
    },
    [],
  )
  const radius = (least: keyof typeof BEGIN_M) => (
    <Figure
      label={t('fence.radius')}
      unit="m"
      min={1}
      max={50_000}
      value={source.radius_m ?? BEGIN_M[least]}
      onInput={(radius_m) => set({ ...source, radius_m })}
      testid="fence-radius"
    />
  )
  return (
    <fieldset class="studio-group" data-testid="fence-ground">
      <legend>{t('fence.ground')}</legend>
      <div class="chips" role="radiogroup" aria-label={t('fence.ground')}>
        {TYPES.map((name) => (
          <button
            type="button"
            key={name}
            class={name === type ? 'is-on' : ''}
            aria-pressed={name === type}
            onClick={() => {
              leaveDrawing()
              if (name === type) return
              set({ type: name, ...(name === 'buffer' || name === 'mover' ? { radius_m: BEGIN_M[name] } : {}) })
            }}
            data-testid={`ground-${name}`}
          >
            {t(`fence.source.${name}`)}
          </button>
        ))}
      </div>
      {type === 'polygon' && (
        <>
          <div class="quick">
            <button
              type="button"
              class="button small"
              aria-pressed={corners.value !== null}
              onClick={() =>
                beginDrawing((ring) => {
                  const shape = ringShape(ring)
                  if (shape) set({ type: 'polygon', geometry: shape as unknown as Record<string, unknown> })
                })
              }
              data-testid="fence-draw"
            >
              {t(source.geometry ? 'fence.draw.again' : 'effect.area.draw')}
            </button>
            {source.geometry && (
              <button
                type="button"
                class="button small"
                onClick={() => fitTo(source.geometry as unknown as GeoJSON.Geometry, 16)}
              >
                {t('fence.look')}
              </button>
            )}
          </div>
          <DrawBox />
          {!source.geometry && !corners.value && <p class="hint">{t('fence.draw.lead')}</p>}
        </>
      )}
      {type === 'grids' && (
        <>
          <p class="hint">{t('fence.grids.lead')}</p>
          <List list={source.codes ?? []} drop={(one) => set({ ...source, codes: toggled(source.codes, one) })} />
        </>
      )}
      {type === 'cells' && (
        <>
          <p class="hint">{t('fence.cells.lead')}</p>
          <Field label={t('fence.cells')}>
            <textarea
              class="mono"
              rows={2}
              spellcheck={false}
              value={(source.cells ?? []).join(' ')}
              onChange={(event) =>
                set({ ...source, cells: event.currentTarget.value.split(/[\s,，]+/).filter(Boolean) })
              }
              data-testid="fence-cells"
            />
          </Field>
        </>
      )}
      {type === 'hazard_zone' && (
        <Pick
          label={t('fence.hazard')}
          value={source.key ?? ''}
          options={named('hazard', source.key)}
          onPick={(key) => set({ ...source, key: key || null })}
          testid="fence-hazard"
        />
      )}
      {type === 'buffer' && (
        <>
          <p class="hint">{t('fence.buffer.lead')}</p>
          <p class="picked-one" data-testid="fence-asset">
            {source.key ? (
              <>
                <b class="mono">{source.key}</b> · {source.layer}
              </>
            ) : (
              t('fence.pickone')
            )}
          </p>
          {radius('buffer')}
        </>
      )}
      {type === 'mover' && (
        <div class="field-grid is-two">
          <Pick
            label={t('fence.mover')}
            value={source.key ?? ''}
            options={named('mover', source.key)}
            onPick={(key) => set({ ...source, key: key || null })}
            testid="fence-mover"
          />
          {radius('mover')}
        </div>
      )}
      {(type === 'hazard_zone' || type === 'mover') && !isPhone.value && <p class="hint">{t('fence.orclick')}</p>}
    </fieldset>
  )
}
