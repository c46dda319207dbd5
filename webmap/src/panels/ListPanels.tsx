/** The whole lists behind the rail: warnings in force and ended, and every open case. */
import { useState } from 'preact/hooks'
import { api } from '../api/client'
import { levelName } from '../domain/levels'
import { lang, t } from '../i18n'
import { flyTo } from '../map/map'
import { openCases } from '../state/cases'
import { select } from '../state/view'
import { detailVersion, warningName, warnings } from '../state/warnings'
import { LevelMark } from './Marks'
import { CaseRow, WarningRow } from './NowList'
import { Choice, Empty, Row, Section, Time, useLoad } from './Parts'

function PastWarnings() {
  const loaded = useLoad(() => api.warnings('all'), [detailVersion.value])
  const list = loaded.state === 'failed' ? [] : (loaded.value ?? [])
  const ended = list.filter((warning) => warning.state === 'ended')
  if (ended.length === 0) return <p class="calm">{t('why.last.none')}</p>
  return (
    <ul class="rows">
      {ended
        .sort((a, b) => b.raised_at.localeCompare(a.raised_at))
        .slice(0, 100)
        .map((warning) => (
          <Row
            key={warning.key}
            mark={<LevelMark level={warning.level} drill={warning.drill} />}
            title={warningName(warning)}
            aside={<Time at={warning.raised_at} seconds={false} />}
            line={`${levelName(warning.level, lang.value)} · ${t('warning.ended')}`}
            tone="is-past"
            onClick={() => {
              select('warning', warning.key)
              flyTo(warning.lon, warning.lat, 14.5)
            }}
          />
        ))}
    </ul>
  )
}

export function WarningsPanel() {
  const [scope, setScope] = useState<'active' | 'all'>('active')
  const list = warnings.value
  return (
    <>
      <Choice
        label={t('rail.warnings')}
        value={scope}
        options={[
          ['active', t('warning.active')],
          ['all', t('warning.ended')],
        ]}
        onPick={setScope}
      />
      {scope === 'all' ? (
        <PastWarnings />
      ) : list.length === 0 ? (
        <Empty title={t('warning.none')} lead={t('warning.none.lead')} />
      ) : (
        <ul class="rows" data-testid="warning-list">
          {list.map((warning) => (
            <WarningRow key={warning.key} warning={warning} />
          ))}
        </ul>
      )}
    </>
  )
}

/** A list this long is read by scrolling; beyond it the map is the better view. */
const CASES_SHOWN = 150

export function CasesPanel() {
  const all = openCases.value
  if (all.length === 0) return <Empty title={t('case.none')} lead={t('case.none.lead')} />
  const followUp = all.filter((item) => item.clock?.phase === 'follow_up')
  const late = all.filter((item) => item.clock?.tone === 'late' && item.clock.phase !== 'follow_up')
  const running = all.filter((item) => item.clock && item.clock.tone !== 'late' && item.clock.phase !== 'follow_up')
  const plain = all.filter((item) => !item.clock)
  const groups = [
    { title: t('case.late'), items: late },
    { title: t('case.noclock'), items: plain },
    { title: t('case.running'), items: running },
    { title: t('case.followup'), items: followUp },
  ]
  return (
    <>
      {groups.map(
        ({ title, items }) =>
          items.length > 0 && (
            <Section key={title} title={title} aside={items.length}>
              <ul class="rows" data-testid="incident-list">
                {items.slice(0, CASES_SHOWN).map((item) => (
                  <CaseRow key={item.feature.properties.key} item={item} />
                ))}
              </ul>
            </Section>
          ),
      )}
    </>
  )
}
