/** When a rule stands at a level: one line a level, the worst first, each with what raises and what ends it. */
import type { RuleLevel, RuleSpec } from '../../api/studio'
import type { Level } from '../../api/types'
import { levelName } from '../../domain/levels'
import { lang, t } from '../../i18n'
import { edit } from '../../state/rules'
import { LevelMark } from '../Marks'
import { IconButton } from '../Parts'
import { Expression, Problems } from './Problems'
import { Figure } from './Shell'

const LEVELS: readonly Level[] = [1, 2, 3, 4]

export function RuleLevels({ spec, locked }: { spec: RuleSpec; locked: boolean }) {
  const put = (level: Level, change: Partial<RuleLevel>) =>
    edit({ levels: spec.levels.map((item) => (item.level === level ? { ...item, ...change } : item)) })
  const free = LEVELS.filter((level) => !spec.levels.some((item) => item.level === level))
  return (
    <fieldset class="studio-group" disabled={locked}>
      <legend>{t('rule.levels')}</legend>
      <p class="hint">
        {t('rule.levels.lead')}
        {spec.inputs
          .filter(({ name }) => name)
          .map(({ name }) => (
            <code class="name-chip" key={name}>
              {name}
            </code>
          ))}
      </p>
      <Problems at="levels" />
      {spec.levels
        .map((item, i) => ({ item, i }))
        .sort((a, b) => a.item.level - b.item.level)
        .map(({ item, i }) => {
          const level = item.level as Level
          return (
            <div class={`level-card level-${level}`} key={level} data-testid={`level-${level}`}>
              <p class="level-card-head">
                <LevelMark level={level} />
                <strong>{levelName(level, lang.value)}</strong>
                <span class="grow" />
                {!locked && spec.levels.length > 1 && (
                  <IconButton
                    icon="close"
                    label={t('rule.level.drop')}
                    onClick={() => edit({ levels: spec.levels.filter((each) => each !== item) })}
                  />
                )}
              </p>
              <Expression
                label={t('rule.when')}
                at={`levels[${i}].when`}
                value={item.when}
                placeholder="rate > 3.0 && rain_3h > 50.0"
                disabled={locked}
                onInput={(when) => put(level, { when })}
              />
              <div class="level-foot">
                <Expression
                  label={t('rule.until')}
                  at={`levels[${i}].until`}
                  value={item.until ?? ''}
                  placeholder={t('rule.until.empty')}
                  disabled={locked}
                  onInput={(until) => put(level, { until: until || null })}
                />
                <Figure
                  label={t('rule.hold')}
                  unit={t('studio.min')}
                  min={0}
                  value={item.hold_s / 60}
                  onInput={(minutes) => put(level, { hold_s: (minutes ?? 0) * 60 })}
                  testid={`hold-${level}`}
                />
              </div>
              <Problems at={`levels[${i}]`} />
              <Problems at={`levels[${i}].level`} />
              <Problems at={`levels[${i}].hold_s`} />
            </div>
          )
        })}
      {!locked && free.length > 0 && (
        <div class="quick">
          {free.map((level) => (
            <button
              type="button"
              key={level}
              class="button small"
              onClick={() => edit({ levels: [...spec.levels, { level, when: '', hold_s: 0 }] })}
              data-testid={`level-add-${level}`}
            >
              <LevelMark level={level} size={0.9} />
              {t('rule.level.add', { level: levelName(level, lang.value) })}
            </button>
          ))}
        </div>
      )}
    </fieldset>
  )
}
