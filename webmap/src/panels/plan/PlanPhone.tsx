import './Words'
import { Loading } from '../Parts'

export function PlanPhone() {
  return <Loading />
}
