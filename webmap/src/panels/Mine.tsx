/** A team's own work in the hand: what waits to be sent, then its alerts, worst first. */
import { t } from '../i18n'
import { alerts, alertsLoaded, openAlerts } from '../state/alerts'
import { AlertCard } from './AlertCard'
import { Notices } from './Notices'
import { Empty } from './Parts'
import { KeptNote, Pending } from './Pending'

export function Mine() {
  const open = openAlerts.value
  const done = alerts.value.length - open.length
  return (
    <div data-testid="mine">
      <KeptNote />
      <Pending />
      {/* "Nothing for you" is a statement: it is made once the server has said so, not while it is being asked. */}
      {open.length === 0 && !alertsLoaded.value && (
        <p class="calm" role="status">
          {t('alert.loading')}
        </p>
      )}
      {open.length === 0 && alertsLoaded.value && <Empty title={t('alert.none')} lead={t('alert.none.lead')} />}
      {open.map((alert) => (
        <AlertCard key={alert.id} alert={alert} />
      ))}
      <Notices />
      {done > 0 && <p class="calm">{t('alert.done', { n: done })}</p>}
    </div>
  )
}
