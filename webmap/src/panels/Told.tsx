/** What other systems were told of a warning: each message with its identifier, and the signed CAP behind it. */
import { api } from '../api/client'
import type { WarningMessage } from '../api/types'
import { levelName } from '../domain/levels'
import { code, lang, t } from '../i18n'
import { notAvailable } from '../state/calls'
import { problemText } from '../state/toast'
import { detailVersion } from '../state/warnings'
import { LevelMark } from './Marks'
import { Section, Time, useLoad } from './Parts'

function Line({ message }: { message: WarningMessage }) {
  const drill = message.status === 'Exercise'
  return (
    <li class="told" data-testid="message">
      <LevelMark level={message.level} size={1} drill={drill} />
      <div>
        <p>
          {code('told', message.what)} · {levelName(message.level, lang.value)}
          {drill && ` · ${t('warning.drill')}`}
        </p>
        <p class="mono told-id">{message.identifier}</p>
      </div>
      <p class="told-aside">
        <Time at={message.sent} />
        <a href={message.cap} target="_blank" rel="noreferrer">
          CAP
        </a>
      </p>
    </li>
  )
}

export function Told({ warningKey }: { warningKey: string }) {
  const loaded = useLoad(() => api.messages(warningKey), [warningKey, detailVersion.value])
  if (loaded.state === 'failed') {
    return (
      <Section title={t('told.title')}>
        <p class="calm">{notAvailable(loaded.error) ? t('told.notthere') : problemText(loaded.error)}</p>
      </Section>
    )
  }
  const list = loaded.value
  if (!list) return null
  return (
    <Section title={t('told.title')} aside={list.length || undefined}>
      {list.length === 0 ? (
        <p class="calm">{t('told.none')}</p>
      ) : (
        <ul class="lines-plain">
          {list.map((message) => (
            <Line key={message.identifier} message={message} />
          ))}
        </ul>
      )}
    </Section>
  )
}
