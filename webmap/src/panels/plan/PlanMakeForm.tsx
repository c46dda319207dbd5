/** A new plan: its name, what ground it is about, and which edition it branches off. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../../api/client'
import { type EditionRepairs, plans } from '../../api/plans'
import { t } from '../../i18n'
import { catalogue } from '../../state/catalogue'
import { editions, openAndLook, planList } from '../../state/planPanels'
import { Choice } from '../Parts'
import { Said } from './PlanParts'
import { MendAsk, mendingOf } from './Repairs'

type Level = 'city' | 'district' | 'street' | 'community'
interface Area {
  code: string
  name: string
  parent: string
}

/** Areas do not move while a page is open. */
const known = new Map<Level, Area[]>()

async function areasOf(level: Level): Promise<Area[]> {
  const held = known.get(level)
  if (held) return held
  const found = (await api.items('area', { level })).map(({ properties: p }) => ({
    code: String(p.code ?? p.key),
    name: String(p.name ?? p.code ?? p.key),
    parent: String(p.parent_code ?? ''),
  }))
  found.sort((a, b) => a.code.localeCompare(b.code))
  known.set(level, found)
  return found
}

export function PlanMakeForm({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [note, setNote] = useState('')
  const [level, setLevel] = useState<Level>('city')
  const [areas, setAreas] = useState<Area[]>([])
  const [words, setWords] = useState('')
  const [scope, setScope] = useState('')
  const [base, setBase] = useState('')
  const [mending, setMending] = useState<EditionRepairs | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  useEffect(() => {
    setScope('')
    setAreas([])
    if (level === 'city') return
    let current = true
    areasOf(level).then(
      (found) => current && setAreas(found),
      (problem: unknown) => current && setError(problem),
    )
    return () => {
      current = false
    }
  }, [level])
  const wanted = words.trim().toLowerCase()
  const found = wanted ? areas.filter((area) => `${area.name} ${area.code}`.toLowerCase().includes(wanted)) : areas
  const make = async (repairs: { accept_repairs?: string; tolerance_m?: number } = {}) => {
    setBusy(true)
    setError(null)
    try {
      const made = await plans.make({
        name: name.trim(),
        note: note.trim(),
        base: base || null,
        scope: level === 'city' ? null : scope,
        ...repairs,
      })
      void planList.load()
      onClose()
      openAndLook(made)
    } catch (problem) {
      const asked = mendingOf(problem)
      if (asked) setMending(asked)
      // What would be mended is the answer to looking; only another post's being quicker is said besides.
      setError(asked ? null : problem)
      setBusy(false)
    }
  }
  return (
    <>
      <form
        class="plan-make"
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
        data-testid="plan-make"
      >
        <label class="field">
          <span>{t('plans.planname')}</span>
          <input
            value={name}
            maxLength={120}
            required
            ref={field}
            placeholder={t('plans.planname.hint', { city: catalogue.value?.city.name ?? '' })}
            onInput={(event) => setName(event.currentTarget.value)}
            data-testid="make-name"
          />
        </label>
        <Choice<Level>
          label={t('plans.scope')}
          value={level}
          options={[
            ['city', t('plans.scope.city')],
            ['district', t('plans.scope.district')],
            ['street', t('plans.scope.street')],
            ['community', t('plans.scope.community')],
          ]}
          onPick={setLevel}
          testid="make-level"
        />
        {level !== 'city' && (
          <>
            {areas.length > 12 && (
              <input
                type="search"
                value={words}
                placeholder={t('plans.find')}
                aria-label={t('plans.find')}
                onInput={(event) => setWords(event.currentTarget.value)}
                data-testid="make-find"
              />
            )}
            <select
              value={scope}
              required
              aria-label={t('plans.scope')}
              onChange={(event) => setScope(event.currentTarget.value)}
              data-testid="make-scope"
            >
              <option value="">{areas.length === 0 ? t('detail.loading') : t('plans.choose')}</option>
              {found.slice(0, 400).map(({ code, name: text }) => (
                <option key={code} value={code}>
                  {text} {code}
                </option>
              ))}
            </select>
          </>
        )}
        <label class="field">
          <span>{t('plans.base')}</span>
          <select value={base} onChange={(event) => setBase(event.currentTarget.value)} data-testid="make-base">
            <option value="">{t('plans.base.current')}</option>
            {(editions.value.value ?? [])
              .filter(({ current }) => !current)
              .map((edition) => (
                <option key={edition.name} value={edition.name}>
                  {edition.name}
                </option>
              ))}
          </select>
        </label>
        <label class="field">
          <span>{t('plans.note')}</span>
          <textarea
            rows={2}
            maxLength={2000}
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
            data-testid="make-note"
          />
        </label>
        <Said error={error} />
        <div class="quick">
          <button
            type="submit"
            class="button primary grow"
            disabled={busy || name.trim() === '' || (level !== 'city' && scope === '')}
            data-testid="make-send"
          >
            {t(busy ? 'plans.making' : 'plans.make')}
          </button>
          <button type="button" class="button" onClick={onClose}>
            {t('plans.cancel')}
          </button>
        </div>
        <p class="hint">{t('plans.make.lead')}</p>
      </form>
      {mending && (
        <MendAsk
          mending={mending}
          busy={busy}
          error={error}
          take={t('plans.mend.make')}
          onTolerance={(metres) => void make({ tolerance_m: metres })}
          onAccept={() => void make({ accept_repairs: mending.token, tolerance_m: mending.tolerance_m })}
          onClose={() => setMending(null)}
        />
      )}
    </>
  )
}
