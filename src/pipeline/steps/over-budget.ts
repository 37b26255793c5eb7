/** What is said when a run's own cap ends it. */
import { GatewayError } from '../../errors.ts'

/** @param budgetRao - what was left for the step */
export function overBudget(budgetRao: bigint): GatewayError {
  return new GatewayError(
    'insufficient_quota',
    `The cap on the cost of this run left ${budgetRao} rao for the step, which is too little. Nothing was charged for it.`,
  )
}
