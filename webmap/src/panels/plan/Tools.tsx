/** What stands around the map while a plan is open. */
import { useEffect } from 'preact/hooks'
import './Words'
import { followPlan } from '../../state/plan'

export function Tools() {
  useEffect(followPlan, [])
  return null
}
