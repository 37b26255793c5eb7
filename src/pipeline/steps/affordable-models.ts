/** For work whose units are known before it is done: the models that a step's share of the money pays for. */
import type { Units } from '../../billing/prices.ts'
import type { ServedModel } from '../../inference/experts.ts'
import { priceOf } from '../admission/price-step.ts'
import { plannedModels } from '../admission/step-models.ts'
import { overBudget } from './over-budget.ts'
import type { StepOrder, StepTools } from './step-order.ts'

/** @throws GatewayError `no_expert_available` none is served now · `insufficient_quota` */
export function affordableModels(
  units: Units,
  { plan, prices, budgetRao }: StepOrder,
  { directory }: StepTools,
): readonly ServedModel[] {
  const served = plannedModels(directory, plan, prices)
  const models = served.filter((model) => priceOf(model, units, prices) <= budgetRao)
  if (models.length === 0) throw overBudget(budgetRao)
  return models
}
