/** All fences by state, and what happened at them last. */
import { useState } from 'preact/hooks'
import type { Fence, FenceState } from '../../api/studio'
import { distance } from '../../domain/format'
import { t } from '../../i18n'
import { NEW } from '../../state/fences'
import { mayEditFences } from '../../state/session'
import { studioPick } from '../../state/view'
import { LevelMark } from '../Marks'
import { Empty, Row, Section } from '../Parts'
import { FenceEvents } from './FenceEvents'

export const FENCE_STATES: readonly FenceState[] = ['broken', 'in_force', 'resting', 'scheduled', 'expired']

/** A state's own sign: told apart by its shape, and by the same stroke that the map draws it in. */
export function StateSign({ state }: { state: FenceState }) {
  return <i class={`fence-sign is-${state}`} aria-hidden="true" />
}

export function groundText(fence: Fence): string {
  const { type, codes, cells, radius_m: radius } = fence.source
  const n = type === 'grids' ? codes?.length : type === 'cells' ? cells?.length : null
  if (n) return t('fence.ground.n', { what: t(`fence.source.${type}`), n })
  if (radius && (type === 'buffer' || type === 'mover')) return `${t(`fence.source.${type}`)} ${distance(radius)}`
  return t(`fence.source.${type}`)
}

const SHOWN = 200

export function FenceList({ list }: { list: Fence[] }) {
  const [words, setWords] = useState('')
  const wanted = words.trim().toLowerCase()
  const found = wanted ? list.filter(({ name, key }) => `${name} ${key}`.toLowerCase().includes(wanted)) : list
  return (
    <>
      {mayEditFences.value && (
        <button
          type="button"
          class="button studio-new desk-only"
          onClick={() => (studioPick.value = NEW)}
          data-testid="fence-new"
        >
          {t('fence.new')}
        </button>
      )}
      {list.length === 0 && <Empty title={t('fence.none')} lead={t('fence.none.lead')} />}
      {list.length > 12 && (
        <input
          class="studio-filter"
          type="search"
          value={words}
          placeholder={t('studio.filter')}
          aria-label={t('studio.filter')}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      )}
      {FENCE_STATES.map((state) => {
        const of = found.filter((fence) => fence.state === state)
        if (of.length === 0) return null
        return (
          <Section key={state} title={t(`fence.state.${state}`)} aside={of.length}>
            <ul class="rows">
              {of.slice(0, SHOWN).map((fence) => (
                <Row
                  key={fence.key}
                  mark={<StateSign state={state} />}
                  title={fence.name}
                  aside={
                    fence.inside > 0 ? (
                      t('fence.inside.n', { n: fence.inside })
                    ) : fence.level ? (
                      <LevelMark level={fence.level} size={0.9} />
                    ) : undefined
                  }
                  line={fence.problem ?? `${t(`fence.kind.${fence.kind}`)} · ${groundText(fence)}`}
                  tone={state === 'broken' ? 'is-stale' : state === 'in_force' ? '' : 'is-late'}
                  onClick={() => (studioPick.value = fence.key)}
                  testid={`fence-${fence.key}`}
                />
              ))}
            </ul>
          </Section>
        )
      })}
      <Section title={t('fence.events')}>
        <FenceEvents />
      </Section>
    </>
  )
}
