/** Puts due steps into the queue, and not again while they wait there. */
import type { Logger } from '../../ports/logger.ts'
import type { StepQueue, StepReference } from '../../ports/queue.ts'

export type StepLineOptions = {
  readonly queue: Pick<StepQueue, 'add'>
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  readonly log: Logger
}

/** A queued step that nobody has taken for so long after it was due may have been lost, and is queued again. */
const PATIENCE_MS = 30_000

export class StepLine {
  readonly #options: StepLineOptions
  /** By reference: until when it is believed to wait in the queue. */
  readonly #waiting = new Map<string, number>()

  constructor(options: StepLineOptions) {
    this.#options = options
  }

  /** Queues a step. A failure is logged: the sweeper queues it again. */
  async add(step: StepReference, delayMs = 0): Promise<void> {
    const { queue, nowMs, log } = this.#options
    this.#waiting.set(keyOf(step), nowMs() + delayMs + PATIENCE_MS)
    try {
      await queue.add(step, { delayMs })
    } catch (error) {
      this.#waiting.delete(keyOf(step))
      log.warn({ error, ...step }, 'A step could not be queued; the sweeper will do it.')
    }
  }

  /** Queues a step that the rows say is due, unless it waits already. */
  async offer(step: StepReference): Promise<void> {
    if ((this.#waiting.get(keyOf(step)) ?? 0) <= this.#options.nowMs()) await this.add(step)
  }

  /** The queue has delivered it. */
  taken(step: StepReference): void {
    this.#waiting.delete(keyOf(step))
  }

  /** Forgets what was lost and was not asked for again. */
  forgetLost(): void {
    const now = this.#options.nowMs()
    for (const [key, untilMs] of this.#waiting) if (untilMs <= now) this.#waiting.delete(key)
  }
}

const keyOf = ({ runId, stepId, fence }: StepReference) => `${runId}/${stepId}/${fence}`
