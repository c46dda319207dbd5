/** Layers by group, each with its sign and its switch. */
import type { CatalogueLayer, TerrainProduct } from '../api/types'
import { levelName } from '../domain/levels'
import { lang, t, title } from '../i18n'
import { FAMILIES } from '../map/parts'
import { productLayer } from '../map/products'
import { layerVisible, toggleLayer } from '../map/visibility'
import { catalogue, coded, groupTitle, layerTitle } from '../state/catalogue'
import { classes } from '../state/classes'
import { camera, layerChoice } from '../state/view'
import { KindMark, LevelMark, Ring } from './Marks'

const LEVELS = [1, 2, 3, 4] as const

function Swatch({ layer }: { layer: CatalogueLayer }) {
  switch (layer.name) {
    case 'hazard':
    case 'warning':
      return <LevelMark level={layer.name === 'warning' ? 1 : 3} size={1} />
    case 'incident':
      return <Ring clock={null} size={1.1} />
    case 'camera':
      return <KindMark kind="camera" size={1} />
    case 'sensor':
      return <KindMark kind="rain_gauge" size={1} />
    case 'team':
      return <KindMark kind="team" state="team" size={1} />
    case 'part':
      return <KindMark kind="part-cover" size={1} />
    case 'mover':
      return <KindMark kind="drone" state="mover" size={1} />
    default:
      return (
        <span
          class={`swatch swatch-${layer.name} swatch-${layer.geometry.toLowerCase().includes('line') ? 'line' : 'fill'}`}
        />
      )
  }
}

/** From afar the tone says the major class, near by the glyph what it is; what is amiss has a tone and a ring of its own. */
function PartLegend() {
  const majors = classes.part.value?.majors ?? []
  return (
    <>
      <p class="legend-line" data-testid="legend-part">
        {majors.map(({ code, title: words }) => (
          <span key={code}>
            <i class={`part-dot part-${code}`} /> {title(words)}
          </span>
        ))}
      </p>
      <p class="legend-line">
        {FAMILIES.map((family) => (
          <span key={family}>
            <KindMark kind={`part-${family}`} size={0.85} /> {t(`part.${family}`)}
          </span>
        ))}
        {(['damaged', 'lost'] as const).map((status) => (
          <span key={status}>
            <i class={`part-ring part-is-${status}`} /> {coded('part', 'status', status)}
          </span>
        ))}
      </p>
    </>
  )
}

/** What a layer's signs mean, where one sign is not enough. */
function Legend({ layer }: { layer: CatalogueLayer }) {
  const kinds: Record<string, string[]> = {
    sensor: [
      'rain_gauge',
      'crack_meter',
      'tilt_meter',
      'gnss',
      'water_level',
      'water_logging',
      'soil_moisture',
      'smoke',
    ],
    team: ['grid', 'geohazard', 'fire', 'medical', 'repair', 'patrol'],
    mover: ['drone', 'vehicle', 'team_device'],
  }
  if (layer.name === 'hazard') {
    return (
      <p class="legend-line">
        {LEVELS.map((level) => (
          <span key={level}>
            <LevelMark level={level} size={0.85} /> {levelName(level, lang.value)}
          </span>
        ))}
      </p>
    )
  }
  if (layer.name === 'part') return <PartLegend />
  const list = kinds[layer.name]
  if (!list) return null
  return (
    <p class="legend-line">
      {list.map((kind) => (
        <span key={kind}>
          <KindMark kind={kind} size={0.85} state={layer.name} /> {coded(layer.name, 'kind', kind)}
        </span>
      ))}
    </p>
  )
}

function LayerRow({ layer }: { layer: CatalogueLayer }) {
  const on = layerVisible(layer.name)
  const zoom = camera.value?.zoom ?? 99
  const hidden = on && zoom < layer.minzoom
  return (
    <li class="layer-row">
      <label>
        <Swatch layer={layer} />
        <span class="layer-name">{layerTitle(layer.name)}</span>
        {hidden && <small>{t('layers.from', { z: layer.minzoom })}</small>}
        <input
          type="checkbox"
          role="switch"
          checked={on}
          aria-checked={on}
          aria-label={t('layers.show', { name: layerTitle(layer.name) })}
          onChange={(event) => toggleLayer(layer.name, event.currentTarget.checked)}
          data-testid={`layer-toggle-${layer.name}`}
        />
      </label>
      {on && <Legend layer={layer} />}
    </li>
  )
}

/** A picture made of the elevation model, with the meaning of its colours. */
function Product({ product }: { product: TerrainProduct }) {
  const name = productLayer(product.name)
  const on = layerVisible(name)
  const text = title(product.title)
  return (
    <li class="layer-row">
      <label>
        <span class={`swatch swatch-terrain swatch-fill swatch-${product.name}`} />
        <span class="layer-name">{text}</span>
        <input
          type="checkbox"
          role="switch"
          checked={on}
          aria-checked={on}
          aria-label={t('layers.show', { name: text })}
          onChange={(event) => toggleLayer(name, event.currentTarget.checked)}
          data-testid={`layer-toggle-${name}`}
        />
      </label>
      {on && product.legend.length > 0 && (
        <ul class="raster-legend" data-testid={`legend-${name}`}>
          {product.legend.map((item) => (
            <li key={`${item.from}/${item.to}/${item.colour}`}>
              <i style={{ background: item.colour }} />
              {title(item.title) || [item.from, item.to].filter((limit) => limit !== null).join('–')}
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}

/** What people switch most stands first; a group that is new here goes before the base map. */
const ORDER = ['hazards', 'events', 'teams', 'assets', 'grids']
function rank(group: string): number {
  const at = ORDER.indexOf(group)
  return at >= 0 ? at : group === 'base' ? 99 : 50
}

export function LayersPanel() {
  const layers = catalogue.value?.layers ?? []
  const groups = new Map<string, CatalogueLayer[]>()
  for (const layer of layers) {
    // Tables without a shape on this map have nothing to switch.
    if (layer.name.startsWith('heat')) continue
    groups.set(layer.group, [...(groups.get(layer.group) ?? []), layer])
  }
  const terrainOn = layerVisible('terrain')
  return (
    <div data-testid="layers-panel">
      {[...groups]
        .sort(([a], [b]) => rank(a) - rank(b))
        .map(([group, list]) => (
          <section class="section" key={group}>
            <h3 class="section-head">{groupTitle(group)}</h3>
            <ul class="layer-list">
              {list.map((layer) => (
                <LayerRow key={layer.name} layer={layer} />
              ))}
            </ul>
          </section>
        ))}
      {catalogue.value?.terrain && (
        <section class="section">
          <h3 class="section-head">{t('layers.products')}</h3>
          <ul class="layer-list">
            <li class="layer-row">
              <label>
                <span class="swatch swatch-terrain swatch-fill" />
                <span class="layer-name">{t('layers.terrain')}</span>
                <input
                  type="checkbox"
                  role="switch"
                  checked={terrainOn}
                  aria-checked={terrainOn}
                  aria-label={t('layers.show', { name: t('layers.terrain') })}
                  onChange={(event) => toggleLayer('terrain', event.currentTarget.checked)}
                  data-testid="layer-toggle-terrain"
                />
              </label>
            </li>
            {(catalogue.value.terrain.products ?? []).map((product) => (
              <Product key={product.name} product={product} />
            ))}
          </ul>
        </section>
      )}
      {Object.keys(layerChoice.value).length > 0 && (
        <button type="button" class="button" onClick={() => (layerChoice.value = {})}>
          {t('layers.reset')}
        </button>
      )}
    </div>
  )
}
