import './Words'
import { Loading } from '../Parts'

export function PlanSide() {
  return <Loading />
}
