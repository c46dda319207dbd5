/** The hot and cold spots in a list: each class with its figures, then each patch, the largest first; a click looks at one. */
import type { Polygon } from 'geojson'
import type { HotspotProperties, Hotspots } from '../api/types'
import { count, figure } from '../domain/format'
import { areaKm2, middleOf } from '../domain/geo'
import { t, title } from '../i18n'
import { fitTo, placeNear } from '../map/map'
import { hotspots } from '../state/hotspots'
import { problemText } from '../state/toast'
import { theme } from '../state/view'
import { hotColour } from '../theme/ramps'
import { Published } from './HeatLegend'
import { Empty, Loading, Row } from './Parts'

const SHOWN = 30

export function HotSign({ name, title: text }: { name: string; title?: string }) {
  const colour = hotColour(name, theme.value === 'light')
  const cold = name.startsWith('cold')
  return (
    <span
      class={`hot-sign ${cold ? 'is-cold' : ''}`}
      style={{ '--hot': colour }}
      role="img"
      aria-label={text ?? name}
    />
  )
}

interface Patch {
  shape: Polygon
  km2: number
  of: HotspotProperties
}

/** An outline is of a whole class: what a person looks at is one place of it. */
function patchesOf(found: Hotspots): Patch[] {
  return found.features
    .flatMap(({ geometry, properties }) =>
      geometry.coordinates.map((coordinates) => ({
        shape: { type: 'Polygon' as const, coordinates },
        km2: areaKm2(coordinates),
        of: properties,
      })),
    )
    .sort((a, b) => b.km2 - a.km2)
}

function Classes({ found }: { found: Hotspots }) {
  return (
    <table class="scores" data-testid="hot-classes">
      <tbody>
        {found.features.map(({ properties: p }) => (
          <tr key={p.class}>
            <th>
              <HotSign name={p.class} title={title(p.title)} /> {title(p.title)}
            </th>
            <td>{t('hot.cells', { n: count(p.cells) })}</td>
            <td>{t('hot.events', { n: count(p.events) })}</td>
            <td>z {figure(Number(p.z_max.toPrecision(2)))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export function HotList() {
  const { found, state, error } = hotspots.value
  if (state === 'failed') return <p class="calm">{problemText(error)}</p>
  if (!found) return <Loading />
  if (!found.features.length) return <Empty title={t('hot.none')} lead={t('hot.none.lead')} />
  const { meta } = found
  const list = patchesOf(found)
  return (
    <>
      <Classes found={found} />
      <p class="hint">{t('hot.patches')}</p>
      <ul class="rows hot-list" data-testid="hot-list">
        {list.slice(0, SHOWN).map(({ shape, km2, of }) => {
          const [lon, lat] = middleOf(shape)
          const cellKm2 = of.cells > 0 ? of.area_km2 / of.cells : 0
          const cells = cellKm2 > 0 ? Math.max(1, Math.round(km2 / cellKm2)) : 0
          return (
            <Row
              key={`${of.class}/${lon}/${lat}`}
              mark={<HotSign name={of.class} title={title(of.title)} />}
              title={placeNear(lon, lat) ?? title(of.title)}
              aside={figure(Number(km2.toPrecision(2)), 'km²')}
              line={`${title(of.title)} · ${t('hot.about', { n: count(cells) })}`}
              onClick={() => fitTo(shape)}
              testid="hot-item"
            />
          )
        })}
      </ul>
      {list.length > SHOWN && <p class="hint">{t('now.more', { n: list.length - SHOWN })}</p>}
      <p class="hint" data-testid="hot-method">
        {title(meta.method)} {t('hot.tested', { n: count(meta.cells_tested), res: meta.res })}
      </p>
      {meta.published && <Published />}
    </>
  )
}
