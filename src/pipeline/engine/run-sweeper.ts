/** Finds by the rows what the queue has lost, what a dead process held, and runs that are past their time. */
import type { Timing } from '../../billing/timing.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Runs } from '../../ports/runs.ts'
import type { RunningAttempts } from './running-attempts.ts'
import type { StepLine } from './step-line.ts'

export type RunSweeperOptions = {
  readonly runs: Pick<Runs, 'log'>
  readonly line: StepLine
  readonly expire: (runId: string) => Promise<void>
  readonly attempts: Pick<RunningAttempts, 'runIds' | 'stop'>
  readonly timing: Timing
  readonly log: Logger
  /** This process's id when it is the only one on the store: then all other leases are of dead processes. Null otherwise. */
  readonly onlyProcessId: string | null
}

// A run past its time is noticed at most this long after; two small statements each.
const INTERVAL_MS = 3_000
// A step that waits in the queue for longer may have been lost with it, and is put there again: at most nine seconds after it was lost.
const PATIENCE_MS = 6_000
const DUE_PER_SWEEP = 500

export class RunSweeper {
  readonly #options: RunSweeperOptions
  #cancel = () => {}
  #sweeping: Promise<void> = Promise.resolve()
  #isClosed = false
  #hasReleased = false
  #problem: string | null = null

  constructor(options: RunSweeperOptions) {
    this.#options = options
  }

  /** Why the last sweep failed, for people; null after one that worked. */
  get problem(): string | null {
    return this.#problem
  }

  /** Sweeps now and then every three seconds. */
  start(): void {
    void this.sweep().then(() => {
      if (this.#isClosed) return
      this.#cancel = this.#options.timing.after(INTERVAL_MS, () => this.start())
    })
  }

  /** Sweeps once, after the sweep that is under way. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#sweep())
    return this.#sweeping
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#sweeping
  }

  /** Another process may have ended a run that is worked on here. */
  async #stopEnded(): Promise<void> {
    const { runs, attempts } = this.#options
    const runIds = attempts.runIds()
    if (runIds.length === 0) return
    for (const runId of await runs.log.listEnded(runIds)) attempts.stop(runId, 'ended')
  }

  async #sweep(): Promise<void> {
    if (this.#isClosed) return
    const { runs, line, expire, log, onlyProcessId } = this.#options
    try {
      if (onlyProcessId !== null && !this.#hasReleased) {
        const count = await runs.log.releaseLeases(onlyProcessId)
        this.#hasReleased = true
        if (count > 0) log.warn({ steps: count }, 'Steps of an earlier process are taken up again.')
      }
      await this.#stopEnded()
      const due = await runs.log.takeDue({ limit: DUE_PER_SWEEP, patienceMs: PATIENCE_MS })
      for (const runId of due.expiredRunIds) await expire(runId)
      for (const step of due.steps) await line.add(step)
      this.#problem = null
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error)
      log.warn({ error }, 'Due steps could not be swept; trying again.')
    }
  }
}
