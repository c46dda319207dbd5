/** Appearance, language, size, sound, sign-out. */
import { lang, t } from '../i18n'
import { account, signOut } from '../state/session'
import { allowSound } from '../state/sound'
import { overlay, scale, soundOn, theme } from '../state/view'
import { Choice } from './Parts'

export function Settings() {
  return (
    <div class="settings">
      <p class="settings-who">
        <strong>{account.value?.title || account.value?.login}</strong>
        <span>{account.value?.login}</span>
      </p>
      <Choice
        label={t('menu.theme')}
        value={theme.value}
        options={[
          ['dark', t('menu.theme.dark')],
          ['light', t('menu.theme.light')],
          ['contrast', t('menu.theme.contrast')],
        ]}
        onPick={(value) => (theme.value = value)}
        testid="theme-choice"
      />
      <Choice
        label={t('menu.lang')}
        value={lang.value}
        options={[
          ['zh', '中文'],
          ['en', 'English'],
        ]}
        onPick={(value) => (lang.value = value)}
        testid="lang-choice"
      />
      <Choice
        label={t('menu.scale')}
        value={scale.value}
        options={[
          ['desk', t('menu.scale.desk')],
          ['wall', t('menu.scale.wall')],
        ]}
        onPick={(value) => (scale.value = value)}
        testid="scale-choice"
      />
      <Choice
        label={t('menu.sound')}
        value={soundOn.value ? 'on' : 'off'}
        options={[
          ['on', t('menu.sound.on')],
          ['off', t('menu.sound.off')],
        ]}
        onPick={(value) => allowSound(value === 'on')}
        testid="sound-choice"
      />
      <div class="settings-foot">
        <button type="button" class="button" onClick={() => (overlay.value = 'keys')}>
          {t('menu.keys')}
        </button>
        <button type="button" class="button" onClick={() => void signOut()} data-testid="sign-out">
          {t('signin.out')}
        </button>
      </div>
    </div>
  )
}

export function Menu() {
  return (
    <div class="menu" role="dialog" aria-label={t('top.menu')}>
      <Settings />
    </div>
  )
}
