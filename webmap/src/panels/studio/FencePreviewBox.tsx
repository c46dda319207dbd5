/** What a fence would hold, before it is made: asked anew a moment after its ground or settings change. */
import { effect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type FenceSpec, studio } from '../../api/studio'
import { count } from '../../domain/format'
import { code, t } from '../../i18n'
import { preview, previewError, previewNow, toPreview } from '../../state/fences'
import { select } from '../../state/view'
import { Loading, Section } from '../Parts'
import { areaText } from './FenceDetail'
import { MoverMark } from './FenceEvents'
import { Refused } from './Shell'

const WAIT_MS = 500

function follow(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = (of: string) => {
    studio.previewFence(JSON.parse(of) as FenceSpec).then(
      (found) => {
        if (toPreview.peek() !== of) return
        preview.value = { of, found }
        previewError.value = null
      },
      (error: unknown) => {
        if (toPreview.peek() === of) previewError.value = error
      },
    )
  }
  const dispose = effect(() => {
    const of = toPreview.value
    clearTimeout(timer)
    previewError.value = null
    if (of !== null && preview.peek()?.of !== of) timer = setTimeout(() => ask(of), WAIT_MS)
  })
  return () => {
    clearTimeout(timer)
    dispose()
    preview.value = null
    previewError.value = null
  }
}

export function FencePreviewBox() {
  useEffect(follow, [])
  const found = previewNow.value
  const error = previewError.value
  if (toPreview.value === null) return <p class="calm">{t('fence.preview.lead')}</p>
  if (error !== null) return <Refused error={error} />
  if (!found) return <Loading />
  const figures = [
    [t('fence.area'), areaText(found.area_m2)],
    [t('fence.buildings'), count(found.buildings)],
    [t('fence.households'), count(found.households)],
    [t('fence.residents'), count(found.residents)],
    [t('fence.hazards'), count(found.hazards)],
    [t('fence.cameras'), count(found.cameras)],
    [t('fence.grids'), count(found.grids.length)],
  ] as const
  return (
    <Section title={t('fence.preview')}>
      <dl class="figures preview-figures" data-testid="fence-preview">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {found.problems.length > 0 && (
        <ul class="problems is-block">
          {found.problems.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {found.movers.length === 0 ? (
        <p class="calm">{t('fence.preview.nobody')}</p>
      ) : (
        <>
          <p class="chart-head">{t('fence.preview.inside', { n: found.movers.length })}</p>
          <ul class="preview-movers">
            {found.movers.slice(0, 30).map((row) => (
              <li key={String(row.key)}>
                <button type="button" onClick={() => select('mover', String(row.key))}>
                  <MoverMark kind={typeof row.kind === 'string' ? row.kind : null} />
                  <span>{String(row.name ?? row.key)}</span>
                  <small>{code('kind', row.kind)}</small>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  )
}
