/** What a team reports from the site: a note, a photo, to which alert. */
import { signal } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import type { Alert } from '../api/types'
import { t } from '../i18n'
import { openAlerts } from '../state/alerts'
import { sendReport, waiting } from '../state/outbox'
import { toast } from '../state/toast'
import { phoneTab } from '../state/view'
import { placeOf } from '../state/warnings'
import { LevelMark } from './Marks'
import { Empty } from './Parts'
import { Pending } from './Pending'

const PHOTO_MAX_BYTES = 5 * 1024 * 1024

/** What the form starts with: the alert it was opened from, and what asking for help writes. */
const start = signal<{ alert: string; note: string }>({ alert: '', note: '' })

export function startReport(alert: string, note = ''): void {
  start.value = { alert, note }
  phoneTab.value = 'report'
}

export function ReportForm() {
  const open = openAlerts.value
  const [chosen, setChosen] = useState(() => start.peek().alert)
  const [note, setNote] = useState(() => {
    const { note: first } = start.peek()
    start.value = { alert: '', note: '' }
    return first
  })
  const [photo, setPhoto] = useState<File | null>(null)
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const file = useRef<HTMLInputElement>(null)
  // What a person is writing stays, even when the warning ends meanwhile: it still belongs to that alert.
  const held = useRef<Alert | null>(null)
  const alert = open.find((item) => String(item.id) === chosen) ?? open[0] ?? (note || photo ? held.current : null)
  held.current = alert
  if (!alert) return <Empty title={t('report.title')} lead={t('report.none')} />

  const pickPhoto = (picked: File | null) => {
    setProblem('')
    if (picked && !['image/jpeg', 'image/png'].includes(picked.type)) setProblem(t('report.photo.kind'))
    else if (picked && picked.size > PHOTO_MAX_BYTES) setProblem(t('report.photo.big'))
    else {
      setPhoto(picked)
      return
    }
    setPhoto(null)
    if (file.current) file.current.value = ''
  }
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    const sent = await sendReport(alert.id, note.trim(), photo)
    setBusy(false)
    if (!sent) return
    if (waiting.value.length === 0) toast(t('report.sent'))
    setNote('')
    pickPhoto(null)
    phoneTab.value = 'mine'
  }
  return (
    <form class="report" onSubmit={submit} data-testid="report-form">
      <h2>{t('report.title')}</h2>
      {open.length > 1 ? (
        <label class="field">
          <span>{t('report.which')}</span>
          <select value={String(alert.id)} onChange={(event) => setChosen(event.currentTarget.value)}>
            {open.map((item) => (
              <option key={item.id} value={String(item.id)}>
                {placeOf(item.title, item.level)}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <p class="report-for">
          <LevelMark level={alert.level} size={1} /> {placeOf(alert.title, alert.level)}
        </p>
      )}
      <label class="field">
        <span>{t('report.note')}</span>
        <textarea
          rows={4}
          required
          maxLength={2000}
          placeholder={t('report.note.hint')}
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
          data-testid="report-note"
        />
      </label>
      <label class="field">
        <span>{t('report.photo')}</span>
        <input
          ref={file}
          type="file"
          accept="image/jpeg,image/png"
          onChange={(event) => pickPhoto(event.currentTarget.files?.[0] ?? null)}
          data-testid="report-photo"
        />
      </label>
      <p class="signin-note" role="alert">
        {problem}
      </p>
      <button
        type="submit"
        class="button primary thumb"
        disabled={busy || note.trim() === ''}
        data-testid="report-send"
      >
        {t('report.send')}
      </button>
      <Pending />
    </form>
  )
}
