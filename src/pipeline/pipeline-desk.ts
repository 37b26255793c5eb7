/** Accepts, shows, cancels and follows runs, and starts and stops the work on them. */
import { createHash } from 'node:crypto'
import { createReceiptIds } from '../billing/receipt.ts'
import { refuseShortage } from '../billing/shortage.ts'
import { GatewayError } from '../errors.ts'
import type { Caller } from '../inference/pay.ts'
import type { NewRun, Run, RunEvent } from '../ports/runs.ts'
import { type CompiledRun, compile } from './admission/compile.ts'
import { endEarly } from './engine/conclude.ts'
import { followRun, waitForRun } from './engine/follow-run.ts'
import { runEvent } from './engine/run-events.ts'
import { RunNews } from './engine/run-news.ts'
import { RunSweeper } from './engine/run-sweeper.ts'
import { StepLine } from './engine/step-line.ts'
import { Worker } from './engine/worker.ts'
import { STEP_USES, type StepUse } from './language/definition.ts'
import { type PlannedRun, readPlannedRun, writePlannedRun } from './language/plan.ts'
import type { CreateOrder, CreateOutcome, Pipelines, PipelinesOptions, PipelinesState } from './pipelines.ts'

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

export class PipelineDesk implements Pipelines {
  readonly #options: PipelinesOptions
  readonly #news = new RunNews()
  readonly #line: StepLine
  readonly #worker: Worker
  readonly #sweeper: RunSweeper
  #isClosed = false

  constructor(options: PipelinesOptions) {
    const { runs, queue, timing, log, random } = options
    this.#options = options
    this.#line = new StepLine({ queue, log })
    this.#worker = new Worker({
      ...options,
      line: this.#line,
      news: this.#news,
      tools: options,
      leaseMs: options.leaseMs ?? LEASE_MS,
      makeReceiptId: createReceiptIds(random),
      random: () => Buffer.from(random(4)).readUInt32BE() / 2 ** 32,
    })
    this.#sweeper = new RunSweeper({
      runs,
      line: this.#line,
      timing,
      log,
      attempts: this.#worker.attempts,
      expire: async (runId) => {
        await this.#end(runId, 'expired')
      },
      onlyProcessId: options.isAlone ? options.processId : null,
    })
  }

  async create(caller: Caller, order: CreateOrder): Promise<CreateOutcome> {
    if (this.#isClosed) throw new GatewayError('shutting_down', 'The gateway is stopping.')
    const { value, idempotency, signal } = order
    const { accountId, costMaxRao, rules } = caller
    const id = runIdOf(accountId, order, this.#options.random)
    const earlier = await this.#replay(id, accountId, idempotency)
    if (earlier) return earlier
    const fingerprint = idempotency?.fingerprint ?? null
    const compiled = await compile(
      { accountId, rules, value, costMaxRao, fingerprint, signal },
      this.#options,
    )
    if (compiled.definition.dry_run === true) return { kind: 'estimate', compiled }
    try {
      return await this.#accept(id, caller, { compiled, idempotency })
    } catch (thrown) {
      const isTaken = thrown instanceof GatewayError && thrown.code === 'conflict'
      // Another request with the same key was faster.
      const faster = isTaken ? await this.#replay(id, accountId, idempotency) : null
      if (faster) return faster
      if (isTaken && (await this.#options.runs.log.wasRemoved(id, accountId))) throw forgotten(thrown)
      throw thrown
    }
  }

  async find(runId: string, accountId: string): Promise<Run> {
    const run = await this.#options.runs.find(runId, accountId)
    if (run) return run
    const name = JSON.stringify(runId.slice(0, 100))
    if (await this.#options.runs.log.wasRemoved(runId, accountId)) {
      throw new GatewayError('not_found', `The run ${name} was removed by its age. Its receipts are kept.`)
    }
    throw new GatewayError('not_found', `There is no run ${name}.`)
  }

  list(
    accountId: string,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<readonly Run[]> {
    return this.#options.runs.list(accountId, page)
  }

  async cancel(runId: string, accountId: string): Promise<Run> {
    await this.find(runId, accountId)
    if (await this.#end(runId, 'cancelled')) return await this.find(runId, accountId)
    throw new GatewayError('conflict', 'The run has ended; there is nothing to cancel.')
  }

  async wait(run: Run, patience: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<Run> {
    return (await waitForRun(run.id, patience, this.#follow)) ?? run
  }

  events(
    runId: string,
    place: { readonly after: number; readonly signal: AbortSignal },
  ): AsyncIterable<RunEvent> {
    return followRun(runId, place, this.#follow)
  }

  start(): void {
    const { queue, concurrency, isWorking } = this.#options
    for (const use of isWorking ? STEP_USES : []) {
      queue.work(use, concurrency?.[use] ?? CONCURRENCY[use], (step, signal) =>
        this.#worker.work(step, signal),
      )
    }
    this.#sweeper.start()
  }

  async close(drainMs: number): Promise<void> {
    this.#isClosed = true
    await this.#sweeper.close()
    await this.#options.queue.close(drainMs)
  }

  state(): PipelinesState {
    const queue = this.#options.queue.state()
    return {
      running: this.#worker.attempts.count(),
      queue,
      problem: queue.problem ?? this.#sweeper.problem,
    }
  }

  get #follow() {
    const { runs, timing } = this.#options
    return { runs, timing, news: this.#news }
  }

  /** The run that the same key made, if any. @throws GatewayError `idempotency_mismatch` */
  async #replay(
    runId: string,
    accountId: string,
    idempotency: CreateOrder['idempotency'],
  ): Promise<CreateOutcome | null> {
    const run = idempotency && (await this.#options.runs.find(runId, accountId))
    if (!run) return null
    if (readPlannedRun(run.definition).plan.fingerprint !== idempotency.fingerprint) throw mismatch()
    return { kind: 'replayed', run }
  }

  async #accept(
    id: string,
    { accountId, keyId, depositAddress, rules }: Caller,
    order: { readonly compiled: CompiledRun; readonly idempotency: CreateOrder['idempotency'] },
  ): Promise<CreateOutcome> {
    const { definition, plan, priceVersion } = order.compiled
    const newRun: NewRun = {
      id,
      accountId,
      keyId,
      definition: writePlannedRun(definition, plan),
      priceVersion,
      holdRao: plan.holdRao,
      timeoutMs: plan.timeoutMs,
      steps: plan.steps.map(({ id: stepId, facts, reads }) => ({
        id: stepId,
        use: facts.use,
        ready: reads.length === 0,
      })),
      events: [runEvent('run.created', { graph: plan.layers, held_rao: plan.holdRao.toString() })],
      idempotency: order.idempotency,
    }
    let outcome = await this.#options.runs.create(newRun)
    if (outcome.kind === 'insufficient' && (await this.#options.recall(accountId))) {
      outcome = await this.#options.runs.create(newRun)
    }
    switch (outcome.kind) {
      case 'created':
        await this.#launch(outcome.run, plan.timeoutMs)
        return outcome
      case 'replayed':
        return outcome
      case 'mismatch':
        throw mismatch()
      default: {
        const wanted = { amountRao: plan.holdRao, depositAddress, rules }
        throw refuseShortage(outcome, wanted, this.#options.readGenesisHash())
      }
    }
  }

  async #launch(run: Run, timeoutMs: number): Promise<void> {
    this.#options.timing.after(timeoutMs + EXPIRY_GRACE_MS, () => void this.#sweeper.sweep())
    for (const { id, use, fence, status } of run.steps) {
      if (status === 'ready') await this.#line.add({ runId: run.id, stepId: id, use, fence })
    }
  }

  /** @returns false when it had ended */
  async #end(runId: string, status: 'cancelled' | 'expired'): Promise<boolean> {
    const { log } = this.#options.runs
    const isEnded = await log.endRun(runId, (run) => endEarly(run, readLeniently(run), status))
    this.#worker.attempts.stop(runId, 'ended')
    this.#news.tell(runId)
    return isEnded
  }
}

/** A run that cannot be read can still be ended. */
function readLeniently(run: Run): PlannedRun | null {
  try {
    return readPlannedRun(run.definition)
  } catch {
    // Whoever works on it says so in the log.
    return null
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

/** Its money is in the books under the same name: the same key never pays twice. */
const forgotten = (cause: unknown) =>
  new GatewayError(
    'conflict',
    'This Idempotency-Key made a run that was removed by its age. Take a new key for a new run.',
    { cause },
  )
