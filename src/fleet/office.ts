/** An office is work that one process at a time does on a store: whoever holds its lease. Another one takes over when the lease ends. */
import type { Timing } from '../billing/timing.ts'
import type { Leases, LeaseTerm } from '../ports/fleet.ts'
import type { Logger } from '../ports/logger.ts'

/** Work that goes on until it is closed. What it writes must be refused by the store under an older fence than the newest, or be harmless when two do it. */
export type Duty = { close(): Promise<void> }

export type OfficeOptions<Work extends Duty> = {
  readonly name: string
  readonly leases: Leases
  /** Names this process in the lease. */
  readonly holderId: string
  readonly timing: Timing
  readonly log: Logger
  /** Begins the work. Does not throw. */
  readonly begin: (term: LeaseTerm) => Work
}

export type Office<Work extends Duty> = {
  /** The work, while this process does it; null while it does not. */
  duty(): Work | null
  /** Why the lease could not be asked for, for people; null when it could. */
  problem(): string | null
  /** Ends the work and frees the office for others at once. */
  close(): Promise<void>
}

const LEASE_MS = 10_000
/** So that another one has it at most 13 s after its holder died. */
const RENEW_MS = 3_000

export function openOffice<Work extends Duty>(options: OfficeOptions<Work>): Office<Work> {
  const holder = new Holder(options)
  holder.start()
  return {
    duty: () => holder.duty,
    problem: () => holder.problem,
    close: () => holder.close(),
  }
}

type Held<Work> = {
  readonly term: LeaseTerm
  readonly duty: Work
  /** Monotonic milliseconds; then it may be another one's. */
  untilMs: number
}

class Holder<Work extends Duty> {
  readonly #options: OfficeOptions<Work>
  #held: Held<Work> | null = null
  #isClosed = false
  #cancel = () => {}
  #turning: Promise<void> = Promise.resolve()
  problem: string | null = null

  constructor(options: OfficeOptions<Work>) {
    this.#options = options
  }

  get duty(): Work | null {
    return this.#held?.duty ?? null
  }

  start(): void {
    this.#turning = this.#turn().then(() => {
      if (!this.#isClosed) this.#cancel = this.#options.timing.after(RENEW_MS, () => this.start())
    })
  }

  async close(): Promise<void> {
    const { leases, log, name } = this.#options
    this.#isClosed = true
    this.#cancel()
    await this.#turning
    const term = this.#held?.term
    await this.#lay()
    try {
      if (term) await leases.release(term)
    } catch (error) {
      log.warn({ error, office: name }, 'A lease could not be given back; it will end by itself.')
    }
  }

  async #turn(): Promise<void> {
    try {
      if (this.#held) await this.#renew(this.#held)
      else await this.#take()
      this.problem = null
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error)
      // By now somebody else may have it. What is under way is refused by its fence.
      if (this.#held && this.#options.timing.monotonicMs() >= this.#held.untilMs) await this.#lay()
    }
  }

  async #take(): Promise<void> {
    const { leases, name, holderId, timing, log, begin } = this.#options
    const askedMs = timing.monotonicMs()
    const term = await leases.take(name, holderId, LEASE_MS)
    if (!term) return
    log.debug({ office: name, fence: term.fence }, 'This process has the office now.')
    this.#held = { term, duty: begin(term), untilMs: askedMs + LEASE_MS }
  }

  async #renew(held: Held<Work>): Promise<void> {
    const { leases, timing, log, name } = this.#options
    const askedMs = timing.monotonicMs()
    if (await leases.renew(held.term, LEASE_MS)) {
      held.untilMs = askedMs + LEASE_MS
      return
    }
    log.warn({ office: name }, 'Another process has the office now.')
    await this.#lay()
  }

  async #lay(): Promise<void> {
    const duty = this.#held?.duty
    this.#held = null
    await duty?.close()
  }
}
