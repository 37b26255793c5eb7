/** Writes down how a try ended, once, whatever the store does meanwhile. */
import { sleep, type Timing } from '../../billing/timing.ts'
import { GatewayError } from '../../errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Run, Runs, StepClaim, StepCommit } from '../../ports/runs.ts'
import { type PlannedRun, stepOf } from '../language/plan.ts'
import type { StepTools } from '../steps/step-order.ts'
import { type AttemptGuard, stopReasonOf } from './attempt-guard.ts'
import { concludeFailure, concludeReturn, concludeSuccess, type Moment, type Outcome } from './conclude.ts'
import { errorOf, stepEvent } from './run-events.ts'
import type { RunNews } from './run-news.ts'
import type { RunningAttempts } from './running-attempts.ts'
import type { StepLine } from './step-line.ts'

export type StepClerkOptions = {
  readonly runs: Runs
  readonly line: StepLine
  readonly news: RunNews
  readonly attempts: RunningAttempts
  readonly tools: Pick<StepTools, 'files'>
  readonly timing: Timing
  readonly log: Logger
  readonly leaseMs: number
  /** From 0 to below 1. */
  readonly random: () => number
}

/** A try that has ended and is to be written. */
export type EndedTry = {
  readonly claim: StepClaim
  readonly planned: PlannedRun
  readonly guard: AttemptGuard
  /** At miners, over all tries of the step. */
  readonly attempts: number
}

/**
 * `done` written now · `before` an earlier try to write it did it, though the answer was lost · `lost` the step is not ours any more ·
 * `unknown` the store did not answer while the lease held · `refused` the store will not have it.
 */
type Written =
  | { readonly kind: 'done'; readonly commit: StepCommit }
  | { readonly kind: 'before' | 'lost' | 'unknown' }
  | { readonly kind: 'refused'; readonly error: GatewayError }

/** From the run under its lock to what is written. Pure. */
type Conclusion = (moment: Moment) => StepCommit

/** Claims of one step, crashes included: a step that takes its process down each time must end too. */
const CLAIMS_MAX = 30
const BACKOFF_MS_MAX = 60_000
/** How long miners may ask to be left alone, at most. */
const RETRY_AFTER_MS_MAX = 30_000
const COMMIT_PAUSE_MS = 250
/** More than a run of the largest size can have. */
const EVENTS_MAX = 2_000

export class StepClerk {
  readonly #options: StepClerkOptions

  constructor(options: StepClerkOptions) {
    this.#options = options
  }

  async write(ended: EndedTry, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'done') await this.#writeSuccess(ended, outcome)
    else await this.#writeFailure(ended, outcome.error)
    this.#options.news.tell(ended.claim.run.id)
  }

  async #writeSuccess(ended: EndedTry, outcome: Outcome & { readonly kind: 'done' }): Promise<void> {
    const { result, provider } = outcome
    const written = await this.#commit(ended, () => (moment) => concludeSuccess(moment, result, provider))
    switch (written.kind) {
      case 'done':
        await this.#queueNext(ended.claim.run, written.commit.ready)
        return
      case 'before':
        // The sweeper queues what became ready then.
        return
      case 'lost':
        await this.#removeFiles(ended, result.madeFileIds)
        return
      case 'refused':
        await this.#removeFiles(ended, result.madeFileIds)
        await this.#writeFailure(ended, written.error)
        return
      case 'unknown':
        // It may have been written: its files are kept, since they may be part of a run.
        return
    }
  }

  async #writeFailure(ended: EndedTry, error: GatewayError): Promise<void> {
    const { claim, planned, guard } = ended
    const reason = stopReasonOf(guard.signal)
    if (reason === 'ended' || reason === 'lost') return
    if (reason === 'stopping') {
      // Another process, or this one after its restart, takes it up at once.
      await this.#commit(ended, () => (moment) => concludeReturn(moment, 0, null))
      return
    }
    const { step } = stepOf(planned, claim.stepId)
    const told = reason === 'slow' ? tooSlow(step.timeoutMs ?? 0) : error
    const written = await this.#commit(ended, () => this.#prepareFailed(ended, told))
    if (written.kind !== 'done') return
    const { commit } = written
    if (commit.end) this.#options.attempts.stop(claim.run.id, 'ended', guard)
    else {
      const { run, stepId, fence } = claim
      await this.#options.line.add({ runId: run.id, stepId, fence, use: step.use }, commit.delayMs)
    }
  }

  /** Another try when the failure is of a kind that may pass and tries are left, else the end of the run. */
  async #prepareFailed({ claim, planned }: EndedTry, error: GatewayError): Promise<Conclusion> {
    const { run, stepId, fence } = claim
    const { step } = stepOf(planned, stepId)
    // Nobody but the holder of the claim tells of tries of its step: this may be read before the lock is held.
    const events = error.spec.retry ? await this.#options.runs.log.listEvents(run.id, 0, EVENTS_MAX) : []
    const retries = events.filter((event) => event.type === 'step.retrying' && event.stepId === stepId).length
    const tries = retries + 1
    if (!error.spec.retry || tries >= step.attempts || fence >= CLAIMS_MAX) {
      return (moment) => concludeFailure(moment, error)
    }
    const delayMs = this.#delayOf(step.backoffMs, tries, error)
    const facts = { try: tries, tries_max: step.attempts, delay_ms: delayMs, error: errorOf(error) }
    return (moment) => concludeReturn(moment, delayMs, stepEvent('step.retrying', stepId, facts))
  }

  /** Doubles with each try; half of it is left to chance, so that steps that failed together do not come back together. */
  #delayOf(backoffMs: number, tries: number, error: GatewayError): number {
    const fullMs = Math.min(backoffMs * 2 ** (tries - 1), BACKOFF_MS_MAX)
    const askedMs = Math.min(error.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX)
    return Math.round(Math.max(fullMs * (0.5 + this.#options.random() / 2), askedMs))
  }

  /** Commits what the conclusion makes of the run as it is then; again while the store is out of reach and the lease may hold. */
  async #commit(ended: EndedTry, prepare: () => Conclusion | Promise<Conclusion>): Promise<Written> {
    const { runs, timing, log, leaseMs } = this.#options
    const { claim, planned, guard, attempts } = ended
    const { stepId, fence } = claim
    const runId = claim.run.id
    const untilMs = timing.monotonicMs() + leaseMs
    for (;;) {
      try {
        const conclude = await prepare()
        const commit = await runs.commitStep({ runId, stepId, fence }, (run) =>
          conclude({ run, planned, stepId, attempts }),
        )
        if (commit) return { kind: 'done', commit }
        const run = await runs.find(runId, null)
        return { kind: run && isWritten(run, claim) ? 'before' : 'lost' }
      } catch (thrown) {
        const error = GatewayError.from(thrown)
        log.warn({ error: thrown, runId, stepId }, 'The end of a step could not be written.')
        if (!error.spec.retry) return { kind: 'refused', error }
        if (timing.monotonicMs() >= untilMs || stopReasonOf(guard.signal) === 'lost')
          return { kind: 'unknown' }
        await sleep(timing, COMMIT_PAUSE_MS)
      }
    }
  }

  async #queueNext(run: Run, stepIds: readonly string[]): Promise<void> {
    for (const { id, use, fence } of run.steps) {
      if (stepIds.includes(id)) await this.#options.line.add({ runId: run.id, stepId: id, use, fence })
    }
  }

  /** Of a result that nobody will see. */
  async #removeFiles({ claim }: EndedTry, fileIds: readonly string[]): Promise<void> {
    const { tools, log } = this.#options
    for (const fileId of fileIds) {
      try {
        await tools.files.remove(fileId, claim.run.accountId)
      } catch (error) {
        log.warn({ error, fileId }, 'A file of a lost step could not be removed.')
      }
    }
  }
}

/** Whether this very claim has ended its step already. */
function isWritten(run: Run, { stepId, fence }: StepClaim): boolean {
  const step = run.steps.find(({ id }) => id === stepId)
  return step?.fence === fence && (step.status === 'succeeded' || step.status === 'failed')
}

const tooSlow = (timeoutMs: number) =>
  new GatewayError(
    'expert_timeout',
    `The step did not end within its timeout_s of ${timeoutMs / 1000}. Nothing was charged for this try.`,
  )
