/** What was decided about a run when it was accepted, kept with its definition: edges, models and each step's share of the hold. */
import { z } from 'zod'
import { GatewayError } from '../../errors.ts'
import { parseRao } from '../../units.ts'
import { type RunDefinition, readSteps, STEP_USES, type Step } from './definition.ts'
import type { OutputFacts } from './output-shapes.ts'

export type StepPlan = {
  readonly id: string
  /** Steps that must have succeeded before. */
  readonly reads: readonly string[]
  /** Model names that may serve it, as they are asked for; empty for `text.concat`. */
  readonly models: readonly string[]
  readonly facts: OutputFacts
  /** Tokens that an answer may have; 0 where there are none. */
  readonly outputTokensMax: number
  /** The most it can cost by its own inputs and limits, rao. */
  readonly worstRao: bigint
  /** Its share of the hold: it is never charged more, unless an earlier step left something over. At most `worstRao`. */
  readonly budgetRao: bigint
}

export type RunPlan = {
  readonly steps: readonly StepPlan[]
  /** Ids in layers; a layer reads earlier ones only. */
  readonly layers: readonly (readonly string[])[]
  readonly holdRao: bigint
  readonly timeoutMs: number
  /** Of the request's bytes, when it came with an idempotency key. */
  readonly fingerprint: string | null
}

/** A run as it is worked on. */
export type PlannedRun = {
  readonly definition: RunDefinition
  readonly steps: readonly Step[]
  readonly plan: RunPlan
}

const rao = z.string().transform((text, context) => {
  const amountRao = parseRao(text)
  if (amountRao !== null) return amountRao
  context.addIssue('must be an amount in rao')
  return z.NEVER
})

const planSchema = z.object({
  steps: z.array(
    z.object({
      id: z.string(),
      reads: z.array(z.string()),
      models: z.array(z.string()),
      facts: z.object({
        use: z.enum(STEP_USES),
        asksJson: z.boolean(),
        count: z.number(),
        textBytesMax: z.number(),
      }),
      outputTokensMax: z.number(),
      worstRao: rao,
      budgetRao: rao,
    }),
  ),
  layers: z.array(z.array(z.string())),
  holdRao: rao,
  timeoutMs: z.number(),
  fingerprint: z.string().nullable(),
})

/** The JSON that is kept in the run's row. */
export function writePlannedRun(definition: RunDefinition, plan: RunPlan): unknown {
  return {
    definition,
    plan: {
      ...plan,
      holdRao: plan.holdRao.toString(),
      steps: plan.steps.map((step) => ({
        ...step,
        worstRao: step.worstRao.toString(),
        budgetRao: step.budgetRao.toString(),
      })),
    },
  }
}

/** @throws GatewayError `internal_error` when the row holds something else */
export function readPlannedRun(stored: unknown): PlannedRun {
  try {
    if (typeof stored !== 'object' || stored === null || !('definition' in stored) || !('plan' in stored)) {
      throw new Error('a run without definition and plan')
    }
    const plan = planSchema.parse(stored.plan)
    // Passed the schema of the API document before it was written by `writePlannedRun`, the only writer of that column.
    const definition = stored.definition as RunDefinition
    return { definition, steps: readSteps(definition), plan }
  } catch (cause) {
    throw new GatewayError('internal_error', 'The stored run cannot be read.', { cause })
  }
}

/** @throws GatewayError `internal_error` when it is not a step of the run */
export function stepOf(
  planned: PlannedRun,
  stepId: string,
): { readonly step: Step; readonly plan: StepPlan } {
  const step = planned.steps.find(({ id }) => id === stepId)
  const plan = planned.plan.steps.find(({ id }) => id === stepId)
  if (step && plan) return { step, plan }
  throw new GatewayError('internal_error', `The run has no step ${stepId}.`)
}
