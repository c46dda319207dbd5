/** District, street, community, grid: who has the duty of each; where nobody has, that is loud. */
import { useEffect } from 'preact/hooks'
import type { Node } from '../../domain/roster'
import { pathTo } from '../../domain/roster'
import { t } from '../../i18n'
import { gaps, onlyGaps, opened, rosterAt, rosters, toggle, tree } from '../../state/rosters'
import { useFollow } from '../../state/studio'
import { studioPick } from '../../state/view'
import { Icon } from '../Icon'
import { Empty, Loading, Time } from '../Parts'
import { Check, Field, fromLocalInput, localInput, Refused } from './Shell'

const POLL_MS = 20_000

function OnDuty({ node }: { node: Node }) {
  const { on_duty: list, gap, waiting_calls: waiting } = node.organisation
  const first = [...list].sort((a, b) => a.rank - b.rank)[0]
  return (
    <span class="tree-line">
      {gap ? (
        <b class="gap-word">{t('roster.gap')}</b>
      ) : first ? (
        <>
          {first.team_name ?? first.team_key}
          {list.length > 1 && ` +${list.length - 1}`}
          {first.until && (
            <>
              {' '}
              · {t('roster.until')} <Time at={first.until} seconds={false} />
            </>
          )}
        </>
      ) : (
        '—'
      )}
      {waiting > 0 && <b> · {t('roster.waiting', { n: waiting })}</b>}
    </span>
  )
}

function Branch({ node, depth }: { node: Node; depth: number }) {
  const { code, name, gap, rung } = node.organisation
  const quiet = onlyGaps.value
  if (quiet && !gap && node.gapsBelow === 0) return null
  const open = opened.value.has(code) || (quiet && node.gapsBelow > 0)
  const picked = studioPick.value === code
  const leaf = node.children.length === 0
  return (
    <li>
      <div class={`tree-row ${gap ? 'is-gap' : ''} ${picked ? 'is-selected' : ''}`} style={{ '--depth': depth }}>
        <button
          type="button"
          class="tree-turn"
          aria-expanded={leaf ? undefined : open}
          aria-label={t(open ? 'panel.collapse' : 'panel.expand')}
          disabled={leaf}
          onClick={() => toggle(code)}
          data-testid={`turn-${code}`}
        >
          {!leaf && <Icon name={open ? 'down' : 'right'} size={0.9} />}
        </button>
        <button
          type="button"
          class="tree-name"
          aria-current={picked ? 'true' : undefined}
          onClick={() => (studioPick.value = code)}
          onKeyDown={(event) => {
            if ((event.key === 'ArrowRight' && !open) || (event.key === 'ArrowLeft' && open)) toggle(code)
          }}
          data-testid={`organisation-${code}`}
        >
          <span class="tree-title">
            {name}
            <small>{t(`roster.rung.${rung}`)}</small>
          </span>
          <OnDuty node={node} />
        </button>
        {node.gapsBelow > 0 && !quiet && (
          <span class="gap-count" title={t('roster.gapsbelow', { n: node.gapsBelow })}>
            {t('roster.gaps.n', { n: node.gapsBelow })}
          </span>
        )}
      </div>
      {open && !leaf && (
        <ul>
          {node.children.map((child) => (
            <Branch key={child.organisation.code} node={child} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  )
}

export function RosterTree() {
  useFollow(rosters, POLL_MS, 'calls')
  const held = rosters.value.value
  const error = rosters.error.value
  // An address may have brought an organisation that lies deep in the tree.
  useEffect(() => {
    if (!held || opened.peek().size) return
    const tops = tree.peek().map(({ organisation }) => organisation.code)
    opened.value = new Set([...tops, ...pathTo(held.organisations, studioPick.peek()).slice(0, -1)])
  }, [held !== null])
  useEffect(() => {
    void rosters.load()
  }, [rosterAt.value])
  if (!held) return error ? <Refused error={error} again={() => void rosters.load()} /> : <Loading />
  const n = gaps.value.length
  return (
    <div class="studio-list" data-testid="roster-tree">
      <div class="roster-at">
        <Field label={t('roster.at')}>
          <input
            type="datetime-local"
            value={localInput(rosterAt.value || held.at)}
            onChange={(event) => (rosterAt.value = fromLocalInput(event.currentTarget.value) ?? '')}
            data-testid="roster-at"
          />
        </Field>
        <button
          type="button"
          class="button small"
          disabled={!rosterAt.value}
          onClick={() => (rosterAt.value = '')}
          data-testid="roster-now"
        >
          {t('roster.now')}
        </button>
      </div>
      {rosterAt.value && <p class="hint is-then">{t('roster.then')}</p>}
      {n > 0 ? (
        <div class="gap-banner" role="status" data-testid="roster-gaps">
          <strong>{t('roster.gaps', { n })}</strong>
          <Check label={t('roster.onlygaps')} value={onlyGaps.value} onPick={(on) => (onlyGaps.value = on)} />
        </div>
      ) : (
        <p class="check-line is-ok">{t('roster.nogaps')}</p>
      )}
      {error !== null && <Refused error={error} />}
      {held.organisations.length === 0 ? (
        <Empty title={t('roster.none')} lead={t('roster.none.lead')} />
      ) : (
        <ul class="tree">
          {tree.value.map((node) => (
            <Branch key={node.organisation.code} node={node} depth={0} />
          ))}
        </ul>
      )}
    </div>
  )
}
