import './Words'
import { Loading } from '../Parts'

export function PlanList() {
  return <Loading />
}
