/** The hot and cold spots in a list, the largest first; a click looks at one. */
import { count, figure } from '../domain/format'
import { t, title } from '../i18n'
import { fitTo } from '../map/map'
import { hotspots } from '../state/hotspots'
import { problemText } from '../state/toast'
import { theme } from '../state/view'
import { hotColour } from '../theme/ramps'
import { Empty, Loading, Row } from './Parts'

const SHOWN = 40

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

export function HotList() {
  const { found, state, error } = hotspots.value
  if (state === 'failed') return <p class="calm">{problemText(error)}</p>
  if (!found) return <Loading />
  const list = [...found.features].sort((a, b) => b.properties.cells - a.properties.cells)
  if (!list.length) return <Empty title={t('hot.none')} lead={t('hot.none.lead')} />
  const { meta } = found
  return (
    <>
      <p class="hint" data-testid="hot-method">
        {title(meta.method)} {t('hot.tested', { n: count(meta.cells_tested), res: meta.res })}
      </p>
      <ul class="rows hot-list" data-testid="hot-list">
        {list.slice(0, SHOWN).map(({ geometry, properties: p }) => (
          <Row
            key={`${p.class}/${p.cells}/${p.z_max}/${p.area_km2}`}
            mark={<HotSign name={p.class} title={title(p.title)} />}
            title={title(p.title)}
            aside={t('hot.cells', { n: count(p.cells) })}
            line={[
              t('hot.events', { n: count(p.events) }),
              `z ${figure(Number(p.z_max.toPrecision(3)))}`,
              `p ${p.p_min < 0.0001 ? '<0.0001' : figure(Number(p.p_min.toPrecision(2)))}`,
              figure(Number(p.area_km2.toPrecision(2)), 'km²'),
            ].join(' · ')}
            onClick={() => fitTo(geometry)}
            testid="hot-item"
          />
        ))}
      </ul>
      {list.length > SHOWN && <p class="hint">{t('now.more', { n: list.length - SHOWN })}</p>}
    </>
  )
}
