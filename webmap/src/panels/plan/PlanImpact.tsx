/** What publishing would change: things and people that change hands, teams that gain and lose, figures of old and new. */
import { useEffect, useState } from 'preact/hooks'
import { type Impact, type Indicator, plans } from '../../api/plans'
import { count } from '../../domain/format'
import { loadText, signed } from '../../domain/planBalance'
import { areaText } from '../../domain/planFiles'
import { code, lang, t, title } from '../../i18n'
import { fitTo } from '../../map/map'
import { plan, planOverlay } from '../../state/plan'
import { gridPlace, planImpact, showGrids, useOfPlan } from '../../state/planPanels'
import { Empty, Loading, Section } from '../Parts'
import { FromTo, MoreRows, Said } from './PlanParts'
import '../../theme/planReview.css'

const STEP = 20

function Handed({ impact }: { impact: Impact }) {
  return (
    <dl class="plan-handed" data-testid="impact-handed">
      {impact.handed.map(({ kind, title: words, count: n, households, residents }) => (
        <div key={kind} class={n === 0 ? 'is-none' : ''} data-testid={`impact-${kind}`}>
          <dt>{title(words)}</dt>
          <dd>
            <b>{count(n)}</b>
            {households !== null && households !== undefined && households > 0 && (
              <> · {t('plans.households', { n: count(households) })}</>
            )}
            {residents !== null && residents !== undefined && residents > 0 && (
              <> · {t('plans.residents', { n: count(residents) })}</>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Teams({ impact }: { impact: Impact }) {
  if (impact.teams.length === 0) return <p class="calm">{t('plans.teams.none')}</p>
  const text = (side: Record<string, number>, sign: 1 | -1): string => {
    const { grids = 0, households = 0, buildings = 0, parts: things = 0 } = side
    const parts = [
      grids === 0 ? '' : t('plans.ngrids', { n: signed(sign * grids) }),
      households === 0 && buildings === 0
        ? ''
        : t('plans.moved', { b: signed(sign * buildings), h: signed(sign * households) }),
      things === 0 ? '' : t('plans.nparts', { n: signed(sign * things) }),
    ]
    return parts.filter(Boolean).join(' · ') || '—'
  }
  return (
    <table class="plan-table is-plain" data-testid="impact-teams">
      <thead>
        <tr>
          <th scope="col">{t('plans.team')}</th>
          <th scope="col">{t('plans.gains')}</th>
          <th scope="col">{t('plans.loses')}</th>
        </tr>
      </thead>
      <tbody>
        {impact.teams.map((team) => (
          <tr key={team.team_key}>
            <th scope="row">{team.team_name}</th>
            <td>{text(team.gains, 1)}</td>
            <td>{text(team.loses, -1)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** What goes over from one grid to another: homes first, then all that there is any of; bare ground by its size. */
function given(impact: Impact, { counts, households }: Impact['exchanges'][number]): string {
  const buildings = counts.building ?? 0
  const homes = buildings || households ? [t('plans.moved', { b: count(buildings), h: count(households) })] : []
  const things = impact.handed
    .filter(({ kind }) => kind !== 'building' && counts[kind])
    .map(({ kind, title: words }) => `${title(words)} ${count(counts[kind])}`)
  return [...homes, ...things].join(' · ') || areaText(counts.area_m2 ?? 0)
}

function Exchanges({ impact }: { impact: Impact }) {
  const [shown, setShown] = useState(STEP)
  const names = new Map(impact.teams.map((team) => [team.team_key, team.team_name]))
  const teamName = (key: string | null) => (key ? (names.get(key) ?? key) : t('plans.team.none'))
  const list = [...impact.exchanges].sort((a, b) => b.households - a.households)
  return (
    <>
      <ul class="plan-moves" data-testid="impact-exchanges">
        {list.slice(0, shown).map((one) => (
          <li key={`${one.grid}/${one.to}`}>
            <button
              type="button"
              onClick={() => {
                const ground = impact.difference.features as GeoJSON.Feature[] | undefined
                const place = ground?.find(
                  ({ properties: p }) => p?.grid === one.grid && p?.to === one.to && ground.length > 0,
                )
                const ids = [one.grid, one.to].filter((id): id is string => id !== null)
                showGrids(ids)
                if (place) fitTo(place.geometry, 17)
              }}
            >
              <b>
                {gridPlace(one.grid)} → {gridPlace(one.to)}
              </b>
              <small>{given(impact, one)}</small>
              {one.team !== one.to_team && (
                <span>
                  {teamName(one.team)} → {teamName(one.to_team)}
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
      <MoreRows left={list.length - shown} onMore={() => setShown(shown + 5 * STEP)} />
    </>
  )
}

function IndicatorLine({ one, measure }: { one: Indicator; measure: string }) {
  const figure = (side: Record<string, number> | null) => count(side?.[measure])
  return (
    <tr class={`is-${one.state}`}>
      <th scope="row">
        <button type="button" onClick={() => showGrids([one.grid])}>
          {one.label}
        </button>
        <small>{t(`plans.change.${one.state}`)}</small>
      </th>
      <td>
        <FromTo from={figure(one.before)} to={figure(one.after)} />
      </td>
      <td>
        <FromTo
          from={loadText(one.load_before)}
          to={loadText(one.load_after)}
          better={
            one.load_before === null || one.load_after === null
              ? undefined
              : Math.abs(one.load_after - 1) < Math.abs(one.load_before - 1)
          }
        />
      </td>
    </tr>
  )
}

function Indicators({ impact }: { impact: Impact }) {
  const measures = plan.value?.model.measures ?? []
  const [measure, setMeasure] = useState(
    measures.find(({ key }) => key === 'incidents')?.key ?? measures[0]?.key ?? 'households',
  )
  const [shown, setShown] = useState(STEP)
  const list = impact.indicators.filter(({ state }) => state !== 'same')
  if (list.length === 0) return <p class="calm">{t('plans.indicators.none')}</p>
  return (
    <>
      <table class="plan-table is-plain" data-testid="impact-indicators">
        <thead>
          <tr>
            <th scope="col">{t('plans.grid')}</th>
            <th scope="col">
              <select
                value={measure}
                aria-label={t('plans.measure')}
                onChange={(event) => setMeasure(event.currentTarget.value)}
              >
                {measures.map(({ key, title: words }) => (
                  <option key={key} value={key}>
                    {title(words)}
                  </option>
                ))}
              </select>
            </th>
            <th scope="col">{t('plans.load')}</th>
          </tr>
        </thead>
        <tbody>
          {list.slice(0, shown).map((one) => (
            <IndicatorLine key={one.grid} one={one} measure={measure} />
          ))}
        </tbody>
      </table>
      <MoreRows left={list.length - shown} onMore={() => setShown(shown + 5 * STEP)} />
    </>
  )
}

/** Grids that stay on their ground with another code, name, kind or team. */
function Described({ list }: { list: Impact['described'] }) {
  const [shown, setShown] = useState(STEP)
  const value = (what: string, said: string | null) =>
    said === null ? '—' : what === 'kind' || what === 'special' ? code(what, said) : said
  return (
    <>
      <ul class="plan-described" data-testid="impact-described">
        {list.slice(0, shown).map((one) => (
          <li key={one.grid}>
            <button type="button" onClick={() => showGrids([one.grid])}>
              {gridPlace(one.grid)}
            </button>
            <dl>
              {one.changes.map(({ what, before, after }) => (
                <div key={what}>
                  <dt>{t(`plans.described.${what}`)}</dt>
                  <dd>
                    <FromTo from={value(what, before)} to={value(what, after)} />
                  </dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ul>
      <MoreRows left={list.length - shown} onMore={() => setShown(shown + 5 * STEP)} />
    </>
  )
}

export function PlanImpact() {
  useOfPlan(planImpact, 'edit')
  const impact = planImpact.value.value
  const error = planImpact.error.value
  const key = plan.value?.plan.key
  useEffect(() => {
    const ground = impact?.difference as unknown as GeoJSON.FeatureCollection | undefined
    planOverlay.value = ground?.features?.length ? ground : null
    return () => {
      planOverlay.value = null
    }
  }, [impact])
  if (!impact) {
    return error ? <Said error={error} again={() => void planImpact.load()} /> : <Loading />
  }
  const { described } = impact
  const nothing =
    impact.exchanges.length === 0 && described.length === 0 && impact.handed.every(({ count: n }) => n === 0)
  const late = plan.value !== null && impact.version !== plan.value.plan.version
  return (
    <div class={`plan-body ${late ? 'is-late' : ''}`} data-testid="plan-impact" data-version={impact.version}>
      <Section
        title={t('plans.impact')}
        aside={
          key && (
            <a
              class="link"
              href={`${plans.reportPath(key)}?lang=${lang.value}`}
              target="_blank"
              rel="noopener"
              data-testid="impact-report"
            >
              {t('plans.report')}
            </a>
          )
        }
      >
        {error !== null && <Said error={error} again={() => void planImpact.load()} />}
        {impact.mended && (
          <p class="hint" data-testid="impact-mended">
            {t('plans.mended.alone', {
              m2: areaText(impact.mended.area_m2),
              n: count(impact.mended.grids),
              b: count(impact.mended.counts.building),
              h: count(impact.mended.households),
            })}
          </p>
        )}
        {nothing ? (
          <Empty title={t('plans.impact.none')} lead={t('plans.impact.none.lead')} />
        ) : (
          <Handed impact={impact} />
        )}
      </Section>
      {!nothing && (
        <>
          <Section title={t('plans.teams')}>
            <Teams impact={impact} />
          </Section>
          {described.length > 0 && (
            <Section title={t('plans.described')} aside={count(described.length)}>
              <Described list={described} />
            </Section>
          )}
          <Section title={t('plans.exchanges')} aside={count(impact.exchanges.length)}>
            <Exchanges impact={impact} />
          </Section>
          <Section title={t('plans.indicators')}>
            <Indicators impact={impact} />
          </Section>
        </>
      )}
    </div>
  )
}
