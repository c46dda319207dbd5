/** The one grid that is picked: its figures in full, and what is said of it without moving its ground. */
import { useState } from 'preact/hooks'
import type { Operation, PlanGrid } from '../../api/plans'
import { count, figure } from '../../domain/format'
import { loadText } from '../../domain/planBalance'
import { t, title } from '../../i18n'
import { stores } from '../../state/features'
import { edit, plan, planEditable, planSlow } from '../../state/plan'
import { Section } from '../Parts'

const SPECIAL = ['', 'school', 'estate', 'industrial', 'hospital', 'market', 'other'] as const
type Special = (typeof SPECIAL)[number]

const areaText = (m2: number) => (m2 >= 100_000 ? `${(m2 / 1e6).toFixed(2)} km²` : `${count(m2)} m²`)

export function PlanGridCard({ grid }: { grid: PlanGrid }) {
  const [name, setName] = useState(grid.name)
  const may = planEditable.value
  const busy = planSlow.value
  const model = plan.value?.model
  const say = (change: Partial<Extract<Operation, { op: 'describe' }>>) =>
    void edit({ op: 'describe', grid: grid.id, ...change })
  const teams = [...stores.team.features.values()].map(({ properties: p }) => [p.key, String(p.name ?? p.key)] as const)
  const team = teams.find(([key]) => key === grid.team_key)
  return (
    <Section title={t('plans.picked')} aside={areaText(grid.area_m2)}>
      <div class="plan-card" data-testid="plan-grid">
        <header>
          <strong>{grid.label}</strong>
          <span class="mono muted">{grid.code ?? t('plans.code.none')}</span>
          <b>{loadText(grid.load)}</b>
        </header>
        <dl class="plan-measures">
          {model?.measures.map(({ key, title: words, unit }) => (
            <div key={key}>
              <dt>{title(words)}</dt>
              <dd>
                {key.endsWith('_m') ? figure((grid.measures[key] ?? 0) / 1000, 'km') : figure(grid.measures[key], unit)}
              </dd>
            </div>
          ))}
        </dl>
        {may ? (
          <div class="field-grid is-two">
            <label class="field">
              <span>{t('plans.name')}</span>
              <input
                value={name}
                maxLength={120}
                onInput={(event) => setName(event.currentTarget.value)}
                onChange={() => name.trim() !== grid.name && say({ name: name.trim() })}
                data-testid="grid-name"
              />
            </label>
            <label class="field">
              <span>{t('plans.special')}</span>
              <select
                value={grid.special ?? ''}
                disabled={busy}
                onChange={(event) => {
                  const special = event.currentTarget.value as Special
                  say({ special, kind: special ? 'special' : 'unit' })
                }}
                data-testid="grid-special"
              >
                {SPECIAL.map((one) => (
                  <option key={one} value={one}>
                    {t(`plans.special.${one || 'none'}`)}
                  </option>
                ))}
              </select>
            </label>
            <label class="field">
              <span>{t('plans.team')}</span>
              <select
                value={grid.team_key ?? ''}
                disabled={busy}
                onChange={(event) => say({ team_key: event.currentTarget.value })}
                data-testid="grid-team"
              >
                <option value="">{t('plans.team.none')}</option>
                {grid.team_key && !team && <option value={grid.team_key}>{grid.team_key}</option>}
                {teams.map(([key, text]) => (
                  <option key={key} value={key}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={grid.locked}
                disabled={busy}
                onChange={(event) => say({ locked: event.currentTarget.checked })}
                data-testid="grid-locked"
              />
              <span>{t('plans.locked')}</span>
            </label>
          </div>
        ) : (
          <p class="muted">
            {[
              grid.name,
              grid.special ? t(`plans.special.${grid.special as Special}` as 'plans.special.other') : '',
              team?.[1] ?? grid.team_key ?? t('plans.team.none'),
              grid.locked ? t('plans.locked') : '',
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
        )}
      </div>
    </Section>
  )
}
