/** Pipelines: several steps in one job with one bill. Accepts, shows, cancels, and works on runs. */
import { createHash } from 'node:crypto'
import { insufficientBalance } from '../billing/purse.ts'
import { createReceiptIds } from '../billing/receipt.ts'
import type { Timing } from '../billing/timing.ts'
import { GatewayError } from '../errors.ts'
import type { Caller } from '../inference/pay.ts'
import type { Logger } from '../ports/logger.ts'
import type { StepQueue } from '../ports/queue.ts'
import type { Run, RunEvent, Runs } from '../ports/runs.ts'
import { type CompiledRun, type CompileOptions, compile } from './admission/compile.ts'
import { endEarly } from './engine/conclude.ts'
import { followRun, waitForRun } from './engine/follow-run.ts'
import { runEvent } from './engine/run-events.ts'
import { RunNews } from './engine/run-news.ts'
import { RunSweeper } from './engine/run-sweeper.ts'
import { serialise } from './engine/serialise.ts'
import { StepLine } from './engine/step-line.ts'
import { Worker } from './engine/worker.ts'
import { STEP_USES, type StepUse } from './language/definition.ts'
import { readPlannedRun, writePlannedRun } from './language/plan.ts'
import type { StepTools } from './steps/step-order.ts'

export type PipelinesOptions = CompileOptions &
  StepTools & {
    readonly runs: Runs
    readonly queue: StepQueue
    readonly timing: Timing
    readonly log: Logger
    /** Bytes from a cryptographic source. */
    readonly random: (sizeBytes: number) => Uint8Array
    /** Names this process in its leases; another one after each start. */
    readonly processId: string
    /** Whether no other process works on this store: then what others had claimed is taken up at once. */
    readonly isAlone: boolean
    /** The chain on which an account is topped up; null while it is not known. */
    readonly readGenesisHash: () => string | null
    /** How many steps of each kind run at once in this process. */
    readonly concurrency?: Partial<Readonly<Record<StepUse, number>>>
    /** How long a claim holds without being renewed. */
    readonly leaseMs?: number
  }

export type CreateOrder = {
  /** The body, parsed from JSON. */
  readonly value: unknown
  /** Null without an `Idempotency-Key`. The fingerprint is a hash of the body's bytes. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null
  readonly signal: AbortSignal
}

export type CreateOutcome =
  | { readonly kind: 'created' | 'replayed'; readonly run: Run }
  /** A dry run: nothing was held or written. */
  | { readonly kind: 'estimate'; readonly compiled: CompiledRun }

export type PipelinesState = {
  /** Steps that run in this process now. */
  readonly running: number
  readonly queue: ReturnType<StepQueue['state']>
  /** What keeps runs from going on, for people; null when nothing does. */
  readonly problem: string | null
}

export type Pipelines = {
  /**
   * Accepts a run: checked, priced, held and written, in that order; whatever is refused leaves nothing behind.
   *
   * @throws GatewayError as `compile` · `insufficient_quota` with `extra.topup` · `invalid_api_key` the key was revoked ·
   *   `idempotency_mismatch` the key came with another body · `ledger_unavailable` · `shutting_down`
   */
  create(caller: Caller, order: CreateOrder): Promise<CreateOutcome>
  /** @throws GatewayError `not_found`, also for another account's */
  find(runId: string, accountId: string): Promise<Run>
  /** Newest first. */
  list(
    accountId: string,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<readonly Run[]>
  /** Ends a run; what runs of it is stopped. @throws GatewayError `not_found` · `conflict` it has ended */
  cancel(runId: string, accountId: string): Promise<Run>
  /** Waits for the end of a run, at most so long. @returns the run as it is then */
  wait(run: Run, patience: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<Run>
  /** Events after that sequence number, from 0; ends after the last one. Whose run it is, `find` says. */
  events(
    runId: string,
    place: { readonly after: number; readonly signal: AbortSignal },
  ): AsyncIterable<RunEvent>
  /** Takes up what is due and works on what comes. */
  start(): void
  /** Takes no more steps, waits at most `drainMs` for those that run, then gives them back. */
  close(drainMs: number): Promise<void>
  state(): PipelinesState
}

const LEASE_MS = 30_000

/** Transcription decodes whole recordings in memory, so few of them at once; the rest waits at miners. */
const CONCURRENCY: Readonly<Record<StepUse, number>> = {
  chat: 16,
  'audio.transcribe': 4,
  'image.generate': 8,
  'image.recognize': 8,
  'text.concat': 8,
}

/** A little after the database thinks so too. */
const EXPIRY_GRACE_MS = 50

export function createPipelines(options: PipelinesOptions): Pipelines {
  const { runs, queue, timing, log } = options
  const news = new RunNews()
  const line = new StepLine({ queue, nowMs: timing.monotonicMs, log })
  const follow = { runs, news, timing }
  const worker = new Worker({
    ...options,
    line,
    news,
    tools: options,
    leaseMs: options.leaseMs ?? LEASE_MS,
    makeReceiptId: createReceiptIds(options.random),
    random: () => (Buffer.from(options.random(4)).readUInt32BE() ?? 0) / 2 ** 32,
  })
  const sweeper = new RunSweeper({
    runs,
    line,
    timing,
    log,
    expire: async (runId) => {
      await end(runId, 'expired')
    },
    onlyProcessId: options.isAlone ? options.processId : null,
  })
  let isClosed = false

  return {
    async create(caller, order) {
      if (isClosed) throw new GatewayError('shutting_down', 'The gateway is stopping.')
      const id = runIdOf(caller.accountId, order, options.random)
      const earlier = order.idempotency && (await replay(id, caller.accountId, order.idempotency.fingerprint))
      if (earlier) return earlier
      const { value, idempotency, signal } = order
      const { accountId, costMaxRao } = caller
      const fingerprint = idempotency?.fingerprint ?? null
      const compiled = await compile({ accountId, value, costMaxRao, fingerprint, signal }, options)
      if (compiled.definition.dry_run === true) return { kind: 'estimate', compiled }
      const outcome = await accept(id, caller, { compiled, idempotency })
      if (outcome.kind === 'created') await launch(outcome.run, compiled.plan.timeoutMs)
      return outcome
    },
    find,
    list: (accountId, page) => runs.list(accountId, page),
    async cancel(runId, accountId) {
      await find(runId, accountId)
      if (!(await end(runId, 'cancelled'))) {
        throw new GatewayError('conflict', 'The run has ended; there is nothing to cancel.')
      }
      return await find(runId, accountId)
    },
    wait: async (run, patience) => (await waitForRun(run.id, patience, follow)) ?? run,
    events: (runId, place) => followRun(runId, place, follow),
    start() {
      for (const use of STEP_USES) {
        const concurrency = options.concurrency?.[use] ?? CONCURRENCY[use]
        queue.work(use, concurrency, (step, signal) => worker.work(step, signal))
      }
      sweeper.start()
    },
    async close(drainMs) {
      isClosed = true
      await sweeper.close()
      await queue.close(drainMs)
    },
    state: () => ({
      running: worker.attempts.count(),
      queue: queue.state(),
      problem: queue.state().problem ?? sweeper.problem,
    }),
  }

  async function find(runId: string, accountId: string): Promise<Run> {
    const run = await runs.find(runId, accountId)
    if (run) return run
    throw new GatewayError('not_found', `There is no run ${JSON.stringify(runId.slice(0, 100))}.`)
  }

  /** The run that the same key made, if any. @throws GatewayError `idempotency_mismatch` */
  async function replay(
    runId: string,
    accountId: string,
    fingerprint: string,
  ): Promise<CreateOutcome | null> {
    const run = await runs.find(runId, accountId)
    if (!run) return null
    if (readPlannedRun(run.definition).plan.fingerprint !== fingerprint) throw mismatch()
    return { kind: 'replayed', run }
  }

  async function accept(
    id: string,
    caller: Caller,
    order: { readonly compiled: CompiledRun; readonly idempotency: CreateOrder['idempotency'] },
  ): Promise<CreateOutcome> {
    const { definition, plan, priceVersion } = order.compiled
    const { accountId, keyId, depositAddress } = caller
    const created = runEvent('run.created', { graph: plan.layers, held_rao: plan.holdRao.toString() })
    const outcome = await runs.create({
      id,
      accountId,
      keyId,
      definition: writePlannedRun(definition, plan),
      priceVersion,
      holdRao: plan.holdRao,
      timeoutMs: plan.timeoutMs,
      steps: plan.steps.map((step) => ({ id: step.id, use: step.facts.use, ready: step.reads.length === 0 })),
      events: [created],
      idempotency: order.idempotency,
    })
    switch (outcome.kind) {
      case 'mismatch':
        throw mismatch()
      case 'insufficient': {
        const wanted = { amountRao: plan.holdRao, depositAddress }
        throw insufficientBalance(outcome.availableRao, wanted, options.readGenesisHash())
      }
      default:
        return outcome
    }
  }

  async function launch(run: Run, timeoutMs: number): Promise<void> {
    timing.after(timeoutMs + EXPIRY_GRACE_MS, () => void sweeper.sweep())
    for (const { id, use, fence, status } of run.steps) {
      if (status === 'ready') await line.add({ runId: run.id, stepId: id, use, fence })
    }
  }

  /** @returns false when it had ended */
  async function end(runId: string, status: 'cancelled' | 'expired'): Promise<boolean> {
    const isEnded = await serialise(runs, runId, async () => {
      const run = await runs.find(runId, null)
      if (!run || run.endedAt !== null) return false
      const early = endEarly(run, readPlannedRun(run.definition), status)
      return await runs.log.endRun(runId, early.end, early.event)
    })
    worker.attempts.stop(runId, 'ended')
    news.tell(runId)
    return isEnded
  }
}

/** A key names its run, so that a repeated request finds it without being checked and priced again. */
function runIdOf(
  accountId: string,
  { idempotency }: CreateOrder,
  random: (sizeBytes: number) => Uint8Array,
): string {
  if (!idempotency) return `run_${Buffer.from(random(16)).toString('hex')}`
  const hash = createHash('sha256')
    .update(JSON.stringify([accountId, idempotency.key]))
    .digest('hex')
  return `run_${hash.slice(0, 32)}`
}

const mismatch = () =>
  new GatewayError(
    'idempotency_mismatch',
    'This Idempotency-Key came with another body before. Take a new key for a new run.',
  )
