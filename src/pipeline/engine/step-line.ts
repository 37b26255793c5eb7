/** Puts due steps into the queue. */
import type { Logger } from '../../ports/logger.ts'
import type { StepQueue, StepReference } from '../../ports/queue.ts'

export type StepLineOptions = {
  readonly queue: Pick<StepQueue, 'add'>
  readonly log: Logger
}

export class StepLine {
  readonly #options: StepLineOptions

  constructor(options: StepLineOptions) {
    this.#options = options
  }

  /** Queues a step. A failure is logged: the sweep of this or another process queues it again. */
  async add(step: StepReference, delayMs = 0): Promise<void> {
    const { queue, log } = this.#options
    try {
      await queue.add(step, { delayMs })
    } catch (error) {
      log.warn({ error, ...step }, 'A step could not be queued; the sweeper will do it.')
    }
  }
}
