/** This process's sign of life to the others on the store, and its part in clearing up behind those whose signs have ended. */
import { sleep, type Timing } from '../billing/timing.ts'
import { DEAD_AFTER_MS, type Fleet, type ProcessIdentity } from '../ports/fleet.ts'
import type { Logger } from '../ports/logger.ts'

export type HeartbeatOptions = {
  readonly fleet: Pick<Fleet, 'beat' | 'leave' | 'sweepDead'>
  readonly self: ProcessIdentity
  readonly timing: Timing
  readonly log: Logger
  /** Told of the processes that live, whenever that changed. */
  readonly onChange?: (living: readonly ProcessIdentity[]) => void
}

export type HeartbeatState = {
  /** Processes that live, this one among them, as of the last heartbeat that worked. */
  readonly gateways: number
  readonly workers: number
  /** What was taken back from dead processes since the start. */
  readonly holdsReleased: number
  readonly stepsReleased: number
  /** Why the last heartbeat failed, for people; null after one that worked. */
  readonly problem: string | null
}

export type Heartbeat = {
  state(): HeartbeatState
  /** Stops, and tells the others at once. */
  close(): Promise<void>
}

const BEAT_MS = 2_000
/** Every third beat, so that what the dead have left is free six seconds after it is known that they are. */
const BEATS_PER_SWEEP = 3

/** The first heartbeat is written when this resolves. @throws GatewayError `ledger_unavailable` when it cannot be */
export async function startHeartbeat(options: HeartbeatOptions): Promise<Heartbeat> {
  const heart = new Heart(options)
  await heart.start()
  return { state: () => heart.state(), close: () => heart.close() }
}

class Heart {
  readonly #options: HeartbeatOptions
  #living: readonly ProcessIdentity[] = []
  #swept = { holds: 0, steps: 0 }
  #beats = 0
  #problem: string | null = null
  #isClosed = false
  #cancel = () => {}
  #beating: Promise<void> = Promise.resolve()

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    await this.#beat()
    this.#plan()
  }

  state(): HeartbeatState {
    return {
      gateways: this.#living.filter(({ role }) => role === 'gateway').length,
      workers: this.#living.filter(({ role }) => role === 'worker').length,
      holdsReleased: this.#swept.holds,
      stepsReleased: this.#swept.steps,
      problem: this.#problem,
    }
  }

  async close(): Promise<void> {
    const { fleet, self, timing, log } = this.#options
    this.#isClosed = true
    this.#cancel()
    // A store that does not answer must not keep the process from ending: the heartbeat ends by itself.
    const left = this.#beating.then(() => fleet.leave(self.id))
    left.catch((error: unknown) =>
      log.warn({ error }, 'The heartbeat could not be ended; it will be missed.'),
    )
    await Promise.race([left.catch(() => undefined), sleep(timing, BEAT_MS)])
  }

  #plan(): void {
    if (this.#isClosed) return
    this.#cancel = this.#options.timing.after(BEAT_MS, () => {
      this.#beating = this.#beatAgain().then(() => this.#plan())
    })
  }

  async #beatAgain(): Promise<void> {
    const { log } = this.#options
    try {
      await this.#beat()
      this.#problem = null
      this.#beats += 1
      if (this.#beats % BEATS_PER_SWEEP === 0) await this.#sweep()
    } catch (error) {
      if (this.#problem === null) log.warn({ error }, 'The heartbeat could not be written; trying again.')
      this.#problem = error instanceof Error ? error.message : String(error)
    }
  }

  async #beat(): Promise<void> {
    const { fleet, self, onChange } = this.#options
    const before = idsOf(this.#living)
    this.#living = await fleet.beat(self)
    if (idsOf(this.#living) !== before) onChange?.(this.#living)
  }

  async #sweep(): Promise<void> {
    const { fleet, self, log } = this.#options
    const windows = { deadAfterMs: DEAD_AFTER_MS, steadyForMs: DEAD_AFTER_MS }
    const { holds, steps } = await fleet.sweepDead({ processId: self.id, ...windows })
    if (holds + steps === 0) return
    this.#swept = { holds: this.#swept.holds + holds, steps: this.#swept.steps + steps }
    log.warn({ holds, steps }, 'Holds and steps of processes that ended without a word were taken back.')
  }
}

const idsOf = (living: readonly ProcessIdentity[]) => living.map(({ id }) => id).join(' ')
