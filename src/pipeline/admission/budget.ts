/** How the hold of a run is shared among its steps, so that no two of them can spend the same rao. Pure. */
import type { RunStep } from '../../ports/runs.ts'
import { listDependants } from '../language/graph.ts'
import type { StepPlan } from '../language/plan.ts'

export type StepBounds = {
  readonly worstRao: bigint
  /** What it costs in any case when it succeeds. At most `worstRao`. */
  readonly leastRao: bigint
}

/**
 * Splits the hold: every step gets its worst case, or, under a cap that does not cover all of them, what it costs in any case and a share
 * of the rest in proportion to how much more it could cost.
 *
 * @param capRao - not below the sum of `leastRao`; null without a cap
 * @returns the hold, at least 1 rao, and the steps' shares in their order, which sum to at most the hold
 */
export function splitHold(
  steps: readonly StepBounds[],
  capRao: bigint | null,
): { readonly holdRao: bigint; readonly sharesRao: readonly bigint[] } {
  const worstRao = sum(steps.map((step) => step.worstRao))
  if (capRao === null || capRao >= worstRao) {
    return { holdRao: worstRao > 0n ? worstRao : 1n, sharesRao: steps.map((step) => step.worstRao) }
  }
  const leastRao = sum(steps.map((step) => step.leastRao))
  const roomRao = capRao - leastRao
  const wantedRao = worstRao - leastRao
  return {
    holdRao: capRao > 0n ? capRao : 1n,
    sharesRao: steps.map((step) =>
      wantedRao === 0n
        ? step.leastRao
        : step.leastRao + (roomRao * (step.worstRao - step.leastRao)) / wantedRao,
    ),
  }
}

export const leastOf = (steps: readonly StepBounds[]): bigint => sum(steps.map(({ leastRao }) => leastRao))

/**
 * What a step may cost now: its share, and, while no other step can run beside it, also what earlier steps left over.
 *
 * @param run - the run as it was when the step was claimed
 */
export function budgetOf(
  run: {
    readonly heldRao: bigint
    readonly capturedRao: bigint
    readonly steps: readonly Pick<RunStep, 'id' | 'status'>[]
  },
  plans: readonly StepPlan[],
  stepId: string,
): bigint {
  const own = plans.find(({ id }) => id === stepId)
  if (!own) return 0n
  const open = plans.filter(
    ({ id }) => id !== stepId && run.steps.find((step) => step.id === id)?.status !== 'succeeded',
  )
  const later = listDependants(plans, stepId)
  if (!open.every(({ id }) => later.has(id))) return own.budgetRao
  const leftRao = run.heldRao - run.capturedRao - sum(open.map(({ budgetRao }) => budgetRao))
  const mostRao = leftRao > own.budgetRao ? leftRao : own.budgetRao
  return mostRao < own.worstRao ? mostRao : own.worstRao
}

function sum(amountsRao: readonly bigint[]): bigint {
  return amountsRao.reduce((total, amountRao) => total + amountRao, 0n)
}
