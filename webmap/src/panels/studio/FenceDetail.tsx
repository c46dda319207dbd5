/** One fence: its settings, who is there now, what happened. */
import { useEffect, useState } from 'preact/hooks'
import { type Fence, studio } from '../../api/studio'
import { count, distance } from '../../domain/format'
import { levelName } from '../../domain/levels'
import { code, lang, t } from '../../i18n'
import { fitTo } from '../../map/map'
import { dropFenceDraft, fences, insiders, workOn } from '../../state/fences'
import { mayEditFences } from '../../state/session'
import { useFollow } from '../../state/studio'
import { attempt } from '../../state/toast'
import { select, studioPick } from '../../state/view'
import { LevelMark } from '../Marks'
import { Loading, Row, Section, Time } from '../Parts'
import { FenceEvents, MoverMark } from './FenceEvents'
import { groundText, StateSign } from './FenceList'
import { Refused, Sure, weekdayNames } from './Shell'

const POLL_MS = 5000

export function areaText(m2: number | null): string {
  if (m2 === null) return '—'
  return m2 >= 100_000 ? `${(m2 / 1e6).toFixed(2)} km²` : `${count(m2)} m²`
}

function Insiders() {
  useFollow(insiders, POLL_MS, 'fence')
  useEffect(() => {
    insiders.forget()
    void insiders.load()
  }, [studioPick.value])
  const list = insiders.value.value
  if (!list) return insiders.error.value ? <Refused error={insiders.error.value} /> : <Loading />
  if (list.length === 0) return <p class="calm">{t('fence.inside.none')}</p>
  return (
    <ul class="rows" data-testid="fence-inside">
      {list.map((item) => (
        <Row
          key={item.mover_key}
          mark={<MoverMark kind={item.kind} />}
          title={item.mover_name ?? item.mover_key}
          aside={t(`fence.pair.${item.state}`)}
          line={
            <>
              {t('fence.since')} <Time at={item.since} /> · {Math.round(item.probability * 100)}% ·{' '}
              {item.distance_m < 0
                ? t('fence.deep', { d: distance(-item.distance_m) })
                : t('fence.away', { d: distance(item.distance_m) })}
            </>
          }
          onClick={() => select('mover', item.mover_key)}
        />
      ))}
    </ul>
  )
}

function Facts({ fence }: { fence: Fence }) {
  const days = fence.weekdays.map((n) => weekdayNames()[n]?.[1] ?? '').join(' ')
  const band =
    fence.floor_m !== null || fence.ceiling_m !== null ? `${fence.floor_m ?? '—'} – ${fence.ceiling_m ?? '—'} m` : null
  const list = (kinds: readonly string[]) =>
    kinds.map((kind) => t(`fence.event.${kind as Fence['events'][number]}`)).join('、')
  const rows: (readonly [string, string | null])[] = [
    [t('fence.ground'), `${groundText(fence)} · ${areaText(fence.area_m2)}`],
    [t('fence.eventsof'), list(fence.events) || '—'],
    [
      t('fence.raises'),
      fence.level && fence.warn_on.length
        ? `${levelName(fence.level, lang.value)} · ${list(fence.warn_on)}`
        : t('fence.raises.none'),
    ],
    [t('fence.oncreate'), t(`fence.create.${fence.on_create}`)],
    [t('fence.odds'), t('fence.odds.said', { a: Math.round(fence.enter_p * 100), b: Math.round(fence.exit_p * 100) })],
    [t('fence.approach'), fence.approach_m ? distance(fence.approach_m) : null],
    [t('fence.dwell'), fence.dwell_s ? t('studio.minutes', { n: Math.round(fence.dwell_s / 60) }) : null],
    [t('fence.hours'), fence.hours === '0-24' && !days ? null : [days, fence.hours].filter(Boolean).join(' · ')],
    [t('fence.band'), band],
    [t('fence.movers'), fence.mover_kinds.map((kind) => code('kind', kind)).join('、') || null],
    [t('fence.team'), fence.team_key ?? null],
    [t('fence.note'), fence.note || null],
  ]
  return (
    <dl class="facts">
      {rows.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
      {(fence.valid_from || fence.valid_until) && (
        <div>
          <dt>{t('fence.valid')}</dt>
          <dd>
            <Time at={fence.valid_from ?? null} seconds={false} /> –{' '}
            <Time at={fence.valid_until ?? null} seconds={false} />
          </dd>
        </div>
      )}
      <div>
        <dt>{t('fence.changed')}</dt>
        <dd>
          {fence.changed_by} · <Time at={fence.changed_at} seconds={false} />
        </dd>
      </div>
    </dl>
  )
}

export function FenceDetail({ fence }: { fence: Fence }) {
  const [armed, setArmed] = useState(false)
  const shape = fence.geometry as unknown as GeoJSON.Geometry | null
  const remove = () =>
    attempt(async () => {
      await studio.deleteFence(fence.key)
      dropFenceDraft(fence.key)
      studioPick.value = ''
      await fences.load()
    })
  return (
    <div class="fence-detail" data-testid="fence-detail">
      <header class="fence-head">
        <StateSign state={fence.state} />
        <h3>{fence.name}</h3>
        {fence.level && <LevelMark level={fence.level} size={1} />}
      </header>
      <p class="muted">
        {t(`fence.state.${fence.state}`)} · {t(`fence.kind.${fence.kind}`)}
        {fence.inside > 0 && ` · ${t('fence.inside.n', { n: fence.inside })}`}
      </p>
      {fence.problem && <p class="problems is-block">{fence.problem}</p>}
      <div class="quick">
        <button type="button" class="button small" disabled={!shape} onClick={() => shape && fitTo(shape, 16)}>
          {t('fence.look')}
        </button>
        {mayEditFences.value && (
          <>
            <button type="button" class="button small desk-only" onClick={() => workOn(fence)} data-testid="fence-edit">
              {t('studio.edit')}
            </button>
            <Sure
              text={t('studio.delete')}
              ask={t('fence.delete.sure')}
              armed={armed}
              onArm={setArmed}
              onSure={() => void remove()}
              testid="fence-delete"
            />
          </>
        )}
      </div>
      <Section title={t('fence.inside')}>
        <Insiders />
      </Section>
      <Section title={t('fence.settings')}>
        <Facts fence={fence} />
      </Section>
      <Section title={t('fence.events')}>
        <FenceEvents />
      </Section>
    </div>
  )
}
