/** The door: calm, one form; demo accounts only where the server itself says it is a demonstration. */
import { useEffect, useState } from 'preact/hooks'
import { ApiError, api, OfflineError } from '../api/client'
import type { Health } from '../api/types'
import { lang, t } from '../i18n'
import { expired, session, signIn } from '../state/session'

export function SignIn() {
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const [health, setHealth] = useState<Health | null>(null)

  useEffect(() => {
    api.health().then(setHealth, () => setHealth(null))
  }, [])

  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      await signIn(login.trim(), password)
    } catch (error) {
      if (error instanceof OfflineError) setProblem(t('signin.offline'))
      else if (error instanceof ApiError && error.status === 429) setProblem(t('signin.slow'))
      else if (error instanceof ApiError && error.status < 500) setProblem(t('signin.wrong'))
      else setProblem(t('error.generic', { detail: error instanceof Error ? error.message : '' }))
    } finally {
      setBusy(false)
    }
  }

  const demo = health?.demo ? (health.demo_accounts ?? []) : []
  const note = problem || (expired.value ? t('signin.expired') : session.value === 'offline' ? t('signin.offline') : '')
  return (
    <main class="signin">
      <Contours />
      <button
        type="button"
        class="signin-lang"
        onClick={() => (lang.value = lang.value === 'zh' ? 'en' : 'zh')}
        data-testid="lang-switch"
      >
        {lang.value === 'zh' ? 'English' : '中文'}
      </button>
      <form class="signin-card" onSubmit={submit} data-testid="sign-in-form">
        <h1>{t('app.name')}</h1>
        <p class="signin-lead">{t('signin.lead')}</p>
        <label>
          <span>{t('signin.login')}</span>
          <input
            name="login"
            autocomplete="username"
            autocapitalize="none"
            required
            value={login}
            onInput={(event) => setLogin(event.currentTarget.value)}
            data-testid="sign-in-login"
          />
        </label>
        <label>
          <span>{t('signin.password')}</span>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
            data-testid="sign-in-password"
          />
        </label>
        <p class="signin-note" role="alert" data-testid="sign-in-problem">
          {note}
        </p>
        <button type="submit" class="button primary big" disabled={busy} data-testid="sign-in-submit">
          {busy ? t('signin.busy') : t('signin.submit')}
        </button>
        {demo.length > 0 && (
          <div class="signin-demo" data-testid="demo-accounts">
            <p>{t('signin.demo')}</p>
            <div>
              {demo.map((account) => (
                <button
                  type="button"
                  key={account.login}
                  onClick={() => {
                    setLogin(account.login)
                    setPassword(account.password)
                  }}
                  data-testid={`demo-${account.login}`}
                >
                  <strong>{account.login}</strong>
                  {account.title && <small>{account.title}</small>}
                </button>
              ))}
            </div>
          </div>
        )}
      </form>
    </main>
  )
}

/** Contour lines of no place: rings around three hills, drawn from their sum. */
function Contours() {
  const rings: string[] = []
  const hills = [
    { x: 320, y: 620, r: 90 },
    { x: 1240, y: 240, r: 70 },
    { x: 1480, y: 820, r: 80 },
  ]
  for (const { x, y, r } of hills) {
    for (let k = 1; k <= 9; k++) {
      const points: string[] = []
      for (let a = 0; a <= 72; a++) {
        const angle = (a / 72) * Math.PI * 2
        const wobble =
          1 +
          0.16 * Math.sin(angle * 2 + x) +
          0.09 * Math.sin(angle * 3 + y + k * 0.35) +
          0.05 * Math.sin(angle * 5 + k)
        const radius = r * k ** 1.12 * 0.62 * wobble
        points.push(`${(x + Math.cos(angle) * radius * 1.25).toFixed(1)} ${(y + Math.sin(angle) * radius).toFixed(1)}`)
      }
      rings.push(`M${points.join('L')}Z`)
    }
  }
  return (
    <svg class="signin-ground" viewBox="0 0 1920 1080" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      {rings.map((d, i) => (
        <path key={d} d={d} class={i % 3 === 2 ? 'index' : ''} />
      ))}
      <path class="river" d="M1010 -20C980 180 1130 300 1090 470S900 700 960 860 1120 990 1110 1100" />
    </svg>
  )
}
