/** What lies over the studio when it is asked for, fetched then. */
import { planDialog } from '../../state/planPanels'
import { lazily } from '../Parts'

const Replay = lazily(async () => (await import('./PlanReplay')).PlanReplay)
const Import = lazily(async () => (await import('./PlanImport')).PlanImport)
const Export = lazily(async () => (await import('./PlanExport')).PlanExport)

export function PlanDialogs() {
  const which = planDialog.value
  if (which === 'replay') return <Replay />
  if (which === 'import') return <Import />
  return which === 'export' ? <Export /> : null
}
