/** The delivery ledger at a glance: what waits, what failed for good. The operator's page asks for the lines itself. */
import { signal } from '@preact/signals'
import { api } from '../api/client'
import type { DeliverySummary } from '../api/types'
import { paced } from '../domain/pace'
import { maySeeLedger } from './session'

export const deliveries = signal<DeliverySummary | null>(null)
/** Counts what may have changed the ledger's lines. */
export const ledgerVersion = signal(0)

export async function loadDeliveries(): Promise<void> {
  if (!maySeeLedger.peek()) return
  deliveries.value = await api.deliverySummary()
}

const again = paced(1000, () => {
  loadDeliveries().catch(() => {
    // The next event or poll asks again.
  })
  ledgerVersion.value++
})

export const noteLedger = again.run
