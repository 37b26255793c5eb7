/** A run as `GET /v1/pipelines/runs/{id}` shows it: snake case, amounts as decimal text. */
import type { Run, RunStep } from '../ports/runs.ts'
import type { CompiledRun } from './admission/compile.ts'
import { readPlannedRun } from './language/plan.ts'

export type RunJson = {
  readonly object: 'pipeline.run'
  readonly [member: string]: unknown
}

/** @param options.outputs - false in lists, where outputs would be too much */
export function runToJson(run: Run, options: { readonly outputs: boolean }): RunJson {
  const { definition, plan } = readPlannedRun(run.definition)
  return {
    id: run.id,
    object: 'pipeline.run',
    status: run.status,
    created_at: run.createdAt,
    started_at: run.startedAt,
    ended_at: run.endedAt,
    expires_at: run.expiresAt,
    price_version: run.priceVersion,
    ...(options.outputs && { output: run.output }),
    partial: run.partial,
    error: run.error,
    steps: run.steps.map((step) => stepToJson(step, options)),
    cost: costToJson(run),
    graph: plan.layers,
    metadata: definition.metadata ?? {},
    events_url: `/v1/pipelines/runs/${run.id}/events`,
  }
}

/** What a dry run answers: the most each step can cost, and what would be held. */
export function estimateToJson({ definition, plan, priceVersion }: CompiledRun): RunJson {
  return {
    object: 'pipeline.run',
    status: 'dry_run',
    price_version: priceVersion,
    steps: plan.steps.map(({ id, facts, models, worstRao }) => ({
      id,
      use: facts.use,
      models,
      max_cost_rao: worstRao.toString(),
    })),
    cost: costToJson({ heldRao: plan.holdRao, capturedRao: 0n, releasedRao: 0n }),
    graph: plan.layers,
    metadata: definition.metadata ?? {},
  }
}

function stepToJson(step: RunStep, { outputs }: { readonly outputs: boolean }) {
  return {
    id: step.id,
    use: step.use,
    status: step.status,
    attempts: step.attempts,
    started_at: step.startedAt,
    ended_at: step.endedAt,
    cost_rao: step.costRao.toString(),
    receipt_id: step.receiptId,
    provider: step.provider,
    error: step.error,
    ...(outputs && { output: step.output }),
  }
}

const costToJson = (run: Pick<Run, 'heldRao' | 'capturedRao' | 'releasedRao'>) => ({
  held_rao: run.heldRao.toString(),
  captured_rao: run.capturedRao.toString(),
  released_rao: run.releasedRao.toString(),
})
