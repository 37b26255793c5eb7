/** From how a try ended to what is written: the step, its charge, who is next, what followers hear, and whether the run is over. Pure. */
import type { GatewayError } from '../../errors.ts'
import type { Receipt } from '../../ports/ledger.ts'
import type { NewEvent, Run, RunEnd, StepCommit } from '../../ports/runs.ts'
import { listDependants, listReady } from '../language/graph.ts'
import type { PlannedRun } from '../language/plan.ts'
import { outputsOf, writeOutput } from '../language/run-output.ts'
import type { StepResult } from '../steps/step-order.ts'
import { costOf, endEvent, errorOf, runEvent, stepEvent } from './run-events.ts'

/** A step as it was claimed, and the run as it is under its lock in the store, in the transaction that writes the conclusion. */
export type Moment = {
  readonly run: Run
  readonly planned: PlannedRun
  readonly stepId: string
  /** Attempts at miners, over all tries. */
  readonly attempts: number
}

/** Who did it, by which scores; as the run shows it. */
export type Provider = Readonly<Record<string, unknown>>

/** How a try ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly result: StepResult; readonly provider: Provider | null }
  | { readonly kind: 'failed'; readonly error: GatewayError }

/** The step has succeeded. Ends the run when it was the last one. */
export function concludeSuccess(moment: Moment, result: StepResult, provider: Provider | null): StepCommit {
  const { run, planned, stepId } = moment
  const step = { id: stepId, status: 'succeeded', output: result.output } as const
  const steps = run.steps.map((other) => (other.id === stepId ? { ...other, ...step } : other))
  const statuses = new Map(steps.map(({ id, status }) => [id, status]))
  const capturedRao = run.capturedRao + (result.receipt?.capturedRao ?? 0n)
  const cost = { heldRao: run.heldRao, capturedRao }
  const isLast = steps.every(({ status }) => status === 'succeeded')
  const end = isLast ? endOfAll(planned, steps) : null
  const events: NewEvent[] = [stepEvent('step.succeeded', stepId, describeSuccess(moment, result, provider))]
  if (result.receipt) events.push(runEvent('run.cost', costOf(cost, isLast)))
  if (end) events.push(endEvent(cost, end))
  return {
    attempts: moment.attempts,
    status: 'succeeded',
    output: result.output,
    error: null,
    provider,
    receipt: result.receipt,
    ready: listReady(planned.plan.steps, statuses),
    skipped: [],
    events,
    delayMs: 0,
    end,
  }
}

/** The step has failed for good: what waits for it is skipped, what runs beside it is cancelled, the run has failed. */
export function concludeFailure(moment: Moment, error: GatewayError): StepCommit {
  const { run, planned, stepId } = moment
  const waiting = listDependants(planned.plan.steps, stepId)
  const skipped = run.steps.filter(({ id, status }) => status === 'pending' && waiting.has(id))
  const { output } = writeOutput(planned, outputsOf(run.steps))
  const told = errorOf(error)
  const end: RunEnd = {
    status: 'failed',
    output,
    partial: true,
    error: { code: told.code, message: `Step ${stepId}: ${told.message}` },
  }
  return {
    attempts: moment.attempts,
    status: 'failed',
    output: null,
    error: told,
    provider: null,
    receipt: null,
    ready: [],
    skipped: skipped.map(({ id }) => id),
    events: [
      stepEvent('step.failed', stepId, { error: told, attempts: moment.attempts }),
      ...skipped.map(({ id }) => stepEvent('step.skipped', id, { because: stepId })),
      runEvent('run.cost', costOf(run, true)),
      endEvent(run, end),
    ],
    delayMs: 0,
    end,
  }
}

/** The step goes back to where it can be claimed again. @param event - null when nobody needs to hear of it */
export function concludeReturn(moment: Moment, delayMs: number, event: NewEvent | null): StepCommit {
  return {
    attempts: moment.attempts,
    status: 'ready',
    output: null,
    error: null,
    provider: null,
    receipt: null,
    ready: [],
    skipped: [],
    events: event ? [event] : [],
    delayMs,
    end: null,
  }
}

/** How a run ends that is ended from outside: what has succeeded is its output. @param planned - null when the row cannot be read */
export function endEarly(
  run: Run,
  planned: PlannedRun | null,
  status: 'cancelled' | 'expired',
): { readonly end: RunEnd; readonly event: NewEvent } {
  const output = planned && writeOutput(planned, outputsOf(run.steps)).output
  const message = 'The run did not end within its timeout_s. What was finished is kept and charged.'
  const error = status === 'expired' ? { code: 'expired', message } : null
  const end: RunEnd = { status, output, partial: true, error }
  return { end, event: endEvent(run, end) }
}

function endOfAll(planned: PlannedRun, steps: Run['steps']): RunEnd {
  const { output, partial, problem } = writeOutput(planned, outputsOf(steps))
  return problem
    ? { status: 'failed', output, partial, error: problem }
    : { status: 'succeeded', output, partial, error: null }
}

/** Everything that a line about the step needs: who did it, by which scores, how long it took, what it cost, and a look at it. */
function describeSuccess(moment: Moment, result: StepResult, provider: Provider | null): NewEvent['data'] {
  const receipt: Receipt | null = result.receipt
  return {
    use: moment.planned.plan.steps.find(({ id }) => id === moment.stepId)?.facts.use,
    ...provider,
    cost_rao: (receipt?.capturedRao ?? 0n).toString(),
    receipt_id: receipt?.id ?? null,
    output: result.preview,
  }
}
