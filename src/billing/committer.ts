/**
 * Groups what many requests ask of the ledger into few transactions. Idle: flushes at once. A flush under way: what arrives meanwhile goes
 * into the next one. One flush at a time.
 */
import { GatewayError } from '../errors.ts'
import type { HoldOutcome, HoldRequest, Ledger, Settlement, SettleOutcome } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import { answerEntries, buildBatch, type CommitEntry } from './commit-entry.ts'
import { sleep, type Timing } from './timing.ts'

export type CommitterOptions = {
  readonly ledger: Pick<Ledger, 'commit'>
  readonly timing: Timing
  readonly log: Logger
  /** Rows of one transaction at most. */
  readonly batchMax: number
  /** With this many rows waiting a hold is refused; settles and voids are always taken, each belongs to a hold that was let in. */
  readonly queueMax: number
  /** A commit that takes longer counts as failed, with an unknown end. */
  readonly commitTimeoutMs: number
  /** A hold or a settle is given up this long after it was handed in. More than `commitTimeoutMs`. */
  readonly holdWaitMs: number
  readonly settleWaitMs: number
}

/** Counted since the start, but for `queued` and `problem`. */
export type CommitterState = {
  readonly batches: number
  readonly rows: number
  /** Commits that failed or ended unknown. */
  readonly failedBatches: number
  /** Rows waiting now. */
  readonly queued: number
  /** Why the last commit failed, for people; null after one that worked. */
  readonly problem: string | null
}

const BACKOFF_MS_MIN = 25
const BACKOFF_MS_MAX = 1_000

export class Committer {
  readonly #options: CommitterOptions
  #queue: CommitEntry[] = []
  /** `draining` takes no holds, `stopped` takes nothing. */
  #mode: 'serving' | 'draining' | 'stopped' = 'serving'
  #isRunning = false
  #backoffMs = 0
  /** Rows still to be committed one by one, to find the one that the ledger refuses. */
  #isolating = 0
  #batches = 0
  #rows = 0
  #failedBatches = 0
  #problem: string | null = null
  readonly #whenIdle: (() => void)[] = []

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** @throws GatewayError `ledger_unavailable` too many rows wait, or it was not committed in time (then a void follows by itself) · `shutting_down` */
  hold(request: HoldRequest): Promise<HoldOutcome> {
    if (this.#mode !== 'serving') {
      return Promise.reject(new GatewayError('shutting_down', 'The gateway is stopping.'))
    }
    if (this.#queue.length >= this.#options.queueMax) return Promise.reject(unavailable())
    return new Promise((resolve, reject) => {
      const startByMs = this.#startBy(this.#options.holdWaitMs)
      this.#add({ kind: 'hold', request, resolve, reject, startByMs, sent: false })
    })
  }

  /**
   * @param ttlMs - for how long the void that follows a failed settle is tried; null for a capture out of a spend lease, which no void
   *   follows
   * @throws GatewayError `ledger_unavailable` not committed in time; a void of what may be left of the hold follows by itself
   */
  settle(settlement: Settlement, ttlMs: number | null): Promise<SettleOutcome> {
    return new Promise((resolve, reject) => {
      const startByMs = this.#startBy(this.#options.settleWaitMs)
      this.#add({ kind: 'settle', settlement, ttlMs, resolve, reject, startByMs, sent: false })
    })
  }

  /** Resolves once released, or, when the ledger fails, once it was left to the background, where it is tried for `ttlMs`. Never rejects. */
  void(holdId: string, ttlMs: number): Promise<void> {
    return new Promise((resolve) => {
      const startByMs = this.#options.timing.monotonicMs() + ttlMs
      this.#add({ kind: 'void', holdId, resolve, startByMs, sent: false })
    })
  }

  state(): CommitterState {
    return {
      batches: this.#batches,
      rows: this.#rows,
      failedBatches: this.#failedBatches,
      queued: this.#queue.length,
      problem: this.#problem,
    }
  }

  /** Takes no more holds; resolves when all is committed, or gives up after `drainMs`: what is left is the sweep's. */
  async close(drainMs: number): Promise<void> {
    if (this.#mode === 'serving') this.#mode = 'draining'
    if (this.#isRunning) {
      const idle = new Promise<void>((resolve) => this.#whenIdle.push(resolve))
      await Promise.race([idle, sleep(this.#options.timing, drainMs)])
    }
    this.#mode = 'stopped'
    for (const entry of this.#queue.splice(0)) this.#giveUp(entry, unavailable())
  }

  #startBy(waitMs: number): number {
    return this.#options.timing.monotonicMs() + waitMs - this.#options.commitTimeoutMs
  }

  #add(entry: CommitEntry): void {
    if (this.#mode === 'stopped') {
      this.#giveUp(entry, unavailable())
      return
    }
    this.#queue.push(entry)
    if (this.#isRunning) return
    this.#isRunning = true
    // After the callers of this turn had theirs: costs nothing and makes one batch of what arrives together.
    queueMicrotask(() => void this.#run())
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#backoffMs > 0) await sleep(this.#options.timing, this.#backoffMs)
      const entries = this.#take()
      if (entries.length > 0) await this.#flush(entries)
    }
    this.#isRunning = false
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  /** The next rows, without those whose time is over. */
  #take(): readonly CommitEntry[] {
    const nowMs = this.#options.timing.monotonicMs()
    const max = this.#isolating > 0 ? 1 : this.#options.batchMax
    let entries = this.#queue
    if (entries.length <= max) this.#queue = []
    else entries = this.#queue.splice(0, max)
    if (this.#isolating > 0) this.#isolating -= 1
    if (entries.every((entry) => entry.startByMs >= nowMs)) return entries
    for (const entry of entries) if (entry.startByMs < nowMs) this.#giveUp(entry, unavailable())
    return entries.filter((entry) => entry.startByMs >= nowMs)
  }

  async #flush(entries: readonly CommitEntry[]): Promise<void> {
    const { ledger, timing, commitTimeoutMs } = this.#options
    const batch = buildBatch(entries)
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      cancel = timing.after(commitTimeoutMs, () => reject(unavailable(new Error('the commit took too long'))))
    })
    try {
      answerEntries(entries, batch, await Promise.race([ledger.commit(batch), late]))
      this.#batches += 1
      this.#rows += entries.length
      this.#backoffMs = 0
      this.#problem = null
    } catch (error) {
      this.#fail(entries, error)
    } finally {
      cancel()
    }
  }

  #fail(entries: readonly CommitEntry[], error: unknown): void {
    this.#failedBatches += 1
    this.#problem = error instanceof Error ? error.message : String(error)
    const rows = entries.length
    if (error instanceof GatewayError && error.code === 'ledger_unavailable') {
      this.#backoffMs = Math.min(Math.max(this.#backoffMs * 2, BACKOFF_MS_MIN), BACKOFF_MS_MAX)
      this.#options.log.warn({ error, rows }, 'The ledger did not commit; trying again.')
      this.#putBack(entries)
    } else if (rows > 1) {
      // One row may be at fault: the others must not suffer with it.
      this.#isolating += rows
      this.#options.log.error({ error, rows }, 'The ledger refused a batch; trying its rows alone.')
      this.#putBack(entries)
    } else {
      this.#options.log.error({ error, rows }, 'The ledger refused a row.')
      for (const entry of entries) this.#giveUp(entry, GatewayError.from(error))
    }
  }

  #putBack(entries: readonly CommitEntry[]): void {
    for (const entry of entries) if (entry.kind === 'void') entry.resolve()
    if (this.#mode === 'stopped') for (const entry of entries) this.#giveUp(entry, unavailable())
    else this.#queue = [...entries, ...this.#queue]
  }

  #giveUp(entry: CommitEntry, error: GatewayError): void {
    if (entry.kind === 'void') {
      this.#options.log.warn({ holdId: entry.holdId }, 'A hold is left to the sweep.')
      entry.resolve()
      return
    }
    entry.reject(error)
    if (entry.kind === 'settle') {
      if (entry.ttlMs !== null) void this.void(entry.settlement.holdId, entry.ttlMs)
    } else if (entry.sent) void this.void(entry.request.id, entry.request.ttlMs)
  }
}

function unavailable(cause?: unknown): GatewayError {
  return new GatewayError('ledger_unavailable', 'The ledger does not answer now. Nothing was charged.', {
    retryAfterMs: 1_000,
    cause,
  })
}
