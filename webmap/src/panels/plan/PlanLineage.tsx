/** A grid's ancestors and heirs through the editions, in its detail. */
import { type Lineage, plans } from '../../api/plans'
import { percent } from '../../domain/planBalance'
import { t } from '../../i18n'
import { problemText } from '../../state/toast'
import { select } from '../../state/view'
import { Loading, Section, Time, useLoad } from '../Parts'
import './PlanParts'

type Ancestor = Lineage['before'][number]

function Line({ one }: { one: Ancestor }) {
  return (
    <li class={`is-${one.relation}`}>
      <button
        type="button"
        onClick={() => select('grid', `${one.edition}/${one.code}`)}
        data-testid={`lineage-${one.edition}-${one.code}`}
      >
        <b>{one.edition}</b>
        <span class="mono">{one.code}</span>
        <small>
          {t(`plans.relation.${one.relation}`)}
          {one.share < 0.9995 && one.share > 0 && ` · ${percent(one.share, one.share < 0.01 ? 1 : 0)}`}
          {one.valid_from && (
            <>
              {' '}
              · <Time at={one.valid_from} seconds={false} />
            </>
          )}
        </small>
      </button>
    </li>
  )
}

export function PlanLineage({ edition, code }: { edition: string; code: string }) {
  const loaded = useLoad(() => plans.lineage(edition, code), [edition, code])
  if (loaded.state === 'failed') return <p class="calm">{problemText(loaded.error)}</p>
  if (!loaded.value) return <Loading />
  const { before, after } = loaded.value
  return (
    <Section title={t('plans.lineage')}>
      {before.length === 0 && after.length === 0 && <p class="calm">{t('plans.lineage.none')}</p>}
      {after.length > 0 && (
        <div class="lineage" data-testid="lineage-after">
          <h4>{t('plans.lineage.after')}</h4>
          <ol>
            {after.map((one) => (
              <Line key={`${one.edition}/${one.code}`} one={one} />
            ))}
          </ol>
        </div>
      )}
      {before.length > 0 && (
        <div class="lineage" data-testid="lineage-before">
          <h4>{t('plans.lineage.before')}</h4>
          <ol>
            {before.map((one) => (
              <Line key={`${one.edition}/${one.code}`} one={one} />
            ))}
          </ol>
        </div>
      )}
    </Section>
  )
}
