/** Works on steps: claim → fill → perform → meter → commit. The rows decide; this process may die at any point of it. */
import type { PriceBook } from '../../billing/price-book.ts'
import { buildReceipt } from '../../billing/receipt.ts'
import type { Timing } from '../../billing/timing.ts'
import { GatewayError } from '../../errors.ts'
import { describeCharge } from '../../inference/pay.ts'
import type { Logger } from '../../ports/logger.ts'
import type { StepReference } from '../../ports/queue.ts'
import type { NewEvent, Runs, StepClaim } from '../../ports/runs.ts'
import { budgetOf } from '../admission/budget.ts'
import { type PlannedRun, readPlannedRun, stepOf } from '../language/plan.ts'
import { outputsOf } from '../language/run-output.ts'
import { performStep } from '../steps/perform-step.ts'
import type { StepCharge, StepResult, StepTools } from '../steps/step-order.ts'
import { type AttemptGuard, guardAttempt, stopReasonOf } from './attempt-guard.ts'
import type { Outcome, Provider } from './conclude.ts'
import { errorOf, runEvent, stepEvent } from './run-events.ts'
import type { RunNews } from './run-news.ts'
import { RunningAttempts } from './running-attempts.ts'
import { StepClerk } from './step-clerk.ts'
import type { StepLine } from './step-line.ts'

export type WorkerOptions = {
  readonly runs: Runs
  readonly line: StepLine
  readonly news: RunNews
  readonly tools: StepTools
  readonly prices: Pick<PriceBook, 'find'>
  readonly timing: Timing
  readonly log: Logger
  /** Names this process in its leases. */
  readonly processId: string
  readonly leaseMs: number
  readonly makeReceiptId: () => string
  /** From 0 to below 1. */
  readonly random: () => number
}

export class Worker {
  readonly #options: WorkerOptions
  readonly #clerk: StepClerk
  readonly attempts = new RunningAttempts()

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#clerk = new StepClerk({ ...options, attempts: this.attempts })
  }

  /** Tries the step once, if it is still to be had. Never rejects: what went wrong is in the rows, or the sweeper finds the step again. */
  async work(step: StepReference, queueSignal: AbortSignal): Promise<void> {
    const { runs, log, processId, leaseMs, timing } = this.#options
    let guard: AttemptGuard | null = null
    try {
      const claim = await runs.claim(step.runId, step.stepId, { processId, leaseMs, announce })
      if (!claim) return
      this.#options.news.tell(step.runId)
      const planned = await this.#read(claim)
      if (!planned) return
      const { timeoutMs } = stepOf(planned, step.stepId).step
      guard = guardAttempt(claim, { runs, timing, leaseMs, timeoutMs, queueSignal })
      this.attempts.add(step.runId, guard)
      await this.#try(claim, planned, guard)
    } catch (error) {
      log.error({ error, runId: step.runId, stepId: step.stepId }, 'A step was left; its lease will end.')
    } finally {
      guard?.close()
      if (guard) this.attempts.remove(step.runId, guard)
    }
  }

  /** Ends a run whose row nobody can read; else it would be claimed for ever. */
  async #read({ run }: StepClaim): Promise<PlannedRun | null> {
    try {
      return readPlannedRun(run.definition)
    } catch (thrown) {
      const error = errorOf(GatewayError.from(thrown))
      this.#options.log.error({ error: thrown, runId: run.id }, 'A stored run cannot be read.')
      const end = { status: 'failed', output: null, partial: true, error } as const
      const event = runEvent('run.failed', { status: 'failed', error })
      await this.#options.runs.log.endRun(run.id, () => ({ end, event }))
      this.#options.news.tell(run.id)
      return null
    }
  }

  async #try(claim: StepClaim, planned: PlannedRun, guard: AttemptGuard): Promise<void> {
    const before = claim.run.steps.find(({ id }) => id === claim.stepId)?.attempts ?? 0
    let tried = 0
    const outcome = await this.#perform(claim, planned, {
      signal: guard.signal,
      onAttempt: () => {
        tried += 1
      },
    })
    await this.#clerk.write({ claim, planned, guard, attempts: before + tried }, outcome)
  }

  async #perform(
    claim: StepClaim,
    planned: PlannedRun,
    watch: { readonly signal: AbortSignal; readonly onAttempt: () => void },
  ): Promise<Outcome> {
    const { run, stepId } = claim
    const startedMs = this.#options.timing.monotonicMs()
    try {
      const prices = await this.#options.prices.find(run.priceVersion)
      if (!prices) throw new GatewayError('internal_error', 'The prices of this run are not known any more.')
      const budgetRao = budgetOf(run, planned.plan.steps, stepId)
      const bill = (charge: StepCharge) => {
        const parts = describeCharge(charge.performed, { ...charge, prices })
        return buildReceipt(this.#order(claim, budgetRao), { ...parts, runId: run.id, stepId })
      }
      const order = { accountId: run.accountId, planned, prices, budgetRao, bill, ...watch }
      const outputs = outputsOf(run.steps)
      const result = await performStep({ ...order, ...stepOf(planned, stepId), outputs }, this.#options.tools)
      const ms = Math.round(this.#options.timing.monotonicMs() - startedMs)
      return { kind: 'done', result, provider: describeProvider(result, ms) }
    } catch (thrown) {
      if (!(thrown instanceof GatewayError) && stopReasonOf(watch.signal) === null) {
        this.#options.log.error({ error: thrown, runId: run.id, stepId }, 'A step failed in an unknown way.')
      }
      return { kind: 'failed', error: GatewayError.from(thrown) }
    }
  }

  #order({ run, stepId }: StepClaim, budgetRao: bigint) {
    return {
      id: this.#options.makeReceiptId(),
      requestId: `${run.id}.${stepId}`,
      accountId: run.accountId,
      keyId: run.keyId,
      heldRao: budgetRao,
      createdAt: new Date(this.#options.timing.wallMs()).toISOString(),
    }
  }
}

/** Tells that the step has started, and before that the run. */
function announce({ run, stepId, fence }: StepClaim, isFirst: boolean): readonly NewEvent[] {
  const use = run.steps.find(({ id }) => id === stepId)?.use
  const started = stepEvent('step.started', stepId, { use, try: fence })
  return isFirst ? [runEvent('run.started', {}), started] : [started]
}

/** Who did it and by which scores they were chosen, as the run and its events show it. */
function describeProvider({ performed }: StepResult, ms: number): Provider | null {
  if (!performed) return null
  const { netuid, mechid, hotkey, uid, incentive, block } = performed.provider
  return {
    subnet: performed.model.expert.name,
    netuid,
    mechid,
    hotkey,
    uid,
    incentive,
    block,
    model: performed.model.id,
    attempts: performed.attempts,
    ms,
  }
}
