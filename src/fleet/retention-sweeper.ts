/** Goes through what is kept, from hour to hour: rows first and then content, so that a crash leaves content without a row, never the reverse. */
import type { FileOrigin } from '../ports/retention.ts'
import type { RetentionOptions, RetentionState } from './retention-office.ts'

/** A process that has just started has better things to do. */
const FIRST_MS = 60_000
const EVERY_MS = 3_600_000

/** Rows that go in one transaction, and how many a second at most. */
const ROWS_PER_BATCH = 200
const ROWS_PER_SECOND = 300

/** Each is a file of the disk or some rows of a megabyte. */
const FILES_PER_BATCH = 20
const FILES_PER_SECOND = 50

/**
 * Content is written before its row. That takes moments; a process that was stopped in between, and a clock that jumps by an hour, must not
 * make it look left over.
 */
const LEFTOVER_AGE_MS = 3 * 3_600_000

export class RetentionSweeper {
  readonly #options: RetentionOptions
  readonly #removed = { runs: 0, files: 0, leftovers: 0 }
  #sweptAtMs: number | null = null
  #problem: string | null = null
  #isStopped = true
  #isSweeping = false
  #turn: Promise<void> = Promise.resolve()
  #wake = () => {}

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  state(): RetentionState {
    return {
      status: this.#isSweeping ? 'sweeping' : 'waiting',
      sweptAtMs: this.#sweptAtMs,
      removed: { ...this.#removed },
      problem: this.#problem,
    }
  }

  /** Sweeps in a minute and then every hour, until it is stopped. */
  start(): void {
    this.#isStopped = false
    this.#turn = this.#work()
  }

  /** Ends what is under way after its batch. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake()
    await this.#turn
  }

  async #work(): Promise<void> {
    await this.#pause(FIRST_MS)
    while (!this.#isStopped) {
      await this.#sweep()
      await this.#pause(EVERY_MS)
    }
  }

  /** Never rejects. */
  async #sweep(): Promise<void> {
    const { keep, timing, log } = this.#options
    const before = { ...this.#removed }
    this.#isSweeping = true
    try {
      if (keep.runsMs !== null) await this.#sweepRuns(keep.runsMs)
      if (keep.filesMs !== null) await this.#sweepFiles('made', keep.filesMs)
      if (keep.uploadsMs !== null) await this.#sweepFiles('uploaded', keep.uploadsMs)
      await this.#sweepLeftovers()
      if (!this.#isStopped) this.#sweptAtMs = timing.wallMs()
      this.#problem = null
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error)
      log.warn({ error }, 'What is past its time could not be removed; it is tried again in an hour.')
    } finally {
      this.#isSweeping = false
    }
    const { runs, files, leftovers } = this.#removed
    const facts = {
      runs: runs - before.runs,
      files: files - before.files,
      leftovers: leftovers - before.leftovers,
    }
    if (facts.runs + facts.files + facts.leftovers > 0) log.info(facts, 'What was past its time was removed.')
  }

  async #sweepRuns(olderThanMs: number): Promise<void> {
    while (!this.#isStopped) {
      const { runs, rows } = await this.#options.retention.removeRuns({
        olderThanMs,
        rowsMax: ROWS_PER_BATCH,
      })
      if (runs === 0) return
      this.#removed.runs += runs
      await this.#pause((rows * 1000) / ROWS_PER_SECOND)
    }
  }

  async #sweepFiles(origin: FileOrigin, olderThanMs: number): Promise<void> {
    while (!this.#isStopped) {
      const ids = await this.#options.retention.removeFiles({ origin, olderThanMs, limit: FILES_PER_BATCH })
      if (ids.length === 0) return
      this.#removed.files += ids.length
      await this.#removeContent(ids)
    }
  }

  async #sweepLeftovers(): Promise<void> {
    const { blobs, retention } = this.#options
    for await (const keys of blobs.listOld(LEFTOVER_AGE_MS)) {
      const unnamed = await retention.listUnnamed(keys)
      await this.#removeContent(unnamed)
      this.#removed.leftovers += unnamed.length
      // A look at the rows of so many is not much more than the removal of a few.
      await this.#pause((keys.length * 1000) / (10 * FILES_PER_SECOND))
      if (this.#isStopped) return
    }
  }

  /** All of it, also when it is stopped meanwhile; what fails is left over for a later sweep. */
  async #removeContent(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#options.blobs.remove(id)
    await this.#pause((ids.length * 1000) / FILES_PER_SECOND)
  }

  /** Ends early when it is stopped. */
  async #pause(delayMs: number): Promise<void> {
    if (this.#isStopped) return
    await new Promise<void>((resolve) => {
      const cancel = this.#options.timing.after(delayMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}
