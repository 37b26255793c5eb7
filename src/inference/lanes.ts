/**
 * Waiting lines: one bounded line per expert, fair by account, in front of its miners' permits.
 * A request waits here, in memory, until a miner that it may use has a permit free. Steps of runs wait behind requests that somebody
 * waits for.
 */
import { GatewayError } from '../errors.ts'
import { type Share, Shares } from './shares.ts'
import { Turns } from './turns.ts'

/** Permits in use at one miner. Shared by all lanes that lead to it. */
export type MinerSlot = { inFlight: number; inFlightMax: number }

/**
 * What a request would take now: a slot with a permit free; `reserved` when what is free is kept for those who hold less; `busy` to wait;
 * `exhausted` when there is nothing left to wait for.
 */
export type Pick<Slot extends MinerSlot> = (share: Share) => Slot | 'reserved' | 'busy' | 'exhausted'

/** A permit of one miner. Release it exactly once; again does nothing. */
export type Permit<Slot extends MinerSlot> = { readonly slot: Slot; release(): void }

export type LaneRequest<Slot extends MinerSlot> = {
  readonly accountId: string
  readonly pick: Pick<Slot>
  /** A step of a run, for whose answer nobody waits on a connection. */
  readonly isBatch: boolean
  /** Whether every miner of the expert will do, as for a request that has tried none yet: when it finds none free, nobody does. */
  readonly takesAny: boolean
}

type Waiter<Slot extends MinerSlot> = LaneRequest<Slot> & {
  readonly settle: (outcome: Permit<Slot> | null) => void
  readonly fail: (error: GatewayError) => void
}

/** A line's promise to its readers: how many wait, and how many may. */
export type LaneState = { readonly waiting: number; readonly waitingMax: number; readonly inFlight: number }

type Picked<Slot extends MinerSlot> = Permit<Slot> | null | 'busy' | 'reserved'

const leftWhileWaiting = () =>
  new GatewayError(
    'client_closed_request',
    'The request ended while it waited for a miner. Nothing was charged.',
  )

/** How long a refused caller is told to stay away. */
const FULL_RETRY_AFTER_MS = 2_000

/** Steps of runs are one group; each account's other requests are another. No account has this id. */
const STEPS = '(steps)'

/** While both wait, steps of runs get one permit in so many: a flood of chats slows them down and does not stop them. */
const BATCH_TURN = 8

/** Waiting requests that are looked at in one turn of the event loop. */
const LOOKS_MAX = 32

/** One expert's line. */
export class Lane<Slot extends MinerSlot> {
  readonly #waitingMax: number
  readonly #chats = new Turns<Waiter<Slot>>()
  readonly #steps = new Turns<Waiter<Slot>>()
  readonly #shares: Shares
  /** Accounts whose turn is still to come in this round. */
  #chatsLeft = 0
  #stepsLeft = 0
  /** Permits given to chats since the last one that was given to a step. */
  #sinceStep = 0
  #inFlight = 0
  #isScheduled = false

  /** @param options.nowMs - monotonic milliseconds */
  constructor(options: { readonly waitingMax: number; readonly nowMs: () => number }) {
    this.#waitingMax = options.waitingMax
    this.#shares = new Shares(options.nowMs)
  }

  state(): LaneState {
    return { waiting: this.#waiting, waitingMax: this.#waitingMax, inFlight: this.#inFlight }
  }

  /**
   * Takes a permit, waiting for one if it must. An account may have as many waiting as there are places left, so that one alone takes at
   * most half of them and there is always one for whoever comes next.
   *
   * @returns null when nothing is left to wait for (every usable miner was tried)
   * @throws GatewayError `queue_full` the line is at its bound, or the account's part of it · `client_closed_request` the signal was
   *   aborted while waiting
   */
  acquire(request: LaneRequest<Slot>, signal: AbortSignal): Promise<Permit<Slot> | null> {
    this.#shares.note(groupOf(request))
    const now = this.#waiting === 0 ? this.#tryPick(request) : 'busy'
    if (now !== 'busy' && now !== 'reserved') return Promise.resolve(now)
    const { accountId } = request
    const own = this.#chats.countOf(accountId) + this.#steps.countOf(accountId)
    if (own >= this.#waitingMax - this.#waiting) {
      const whose = own > 0 ? ' of this account' : ''
      return Promise.reject(
        new GatewayError(
          'queue_full',
          `Too many requests${whose} wait for this model now. Nothing was charged.`,
          { retryAfterMs: FULL_RETRY_AFTER_MS },
        ),
      )
    }
    return this.#wait(request, signal)
  }

  /** To be called when permits may have come free for another reason than a release, such as a new snapshot. */
  wake(): void {
    this.#drain()
  }

  get #waiting(): number {
    return this.#chats.size + this.#steps.size
  }

  #wait(request: LaneRequest<Slot>, signal: AbortSignal): Promise<Permit<Slot> | null> {
    return new Promise((resolve, reject) => {
      const turns = request.isBatch ? this.#steps : this.#chats
      const leave = () => {
        turns.remove(waiter)
        reject(signal.reason instanceof GatewayError ? signal.reason : leftWhileWaiting())
      }
      const waiter: Waiter<Slot> = {
        ...request,
        settle: (outcome) => {
          signal.removeEventListener('abort', leave)
          resolve(outcome)
        },
        fail: (error) => {
          signal.removeEventListener('abort', leave)
          reject(error)
        },
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      turns.push(waiter)
      // Others may have waited in vain for miners that this one may use.
      this.#drain()
    })
  }

  #tryPick(request: LaneRequest<Slot>): Picked<Slot> {
    const group = groupOf(request)
    const slot = request.pick(this.#shares.of(group))
    if (slot === 'busy' || slot === 'reserved') return slot
    if (slot === 'exhausted') return null
    return this.#permit(slot, group)
  }

  #permit(slot: Slot, group: string): Permit<Slot> {
    this.#hold(slot, group, 1)
    let released = false
    return {
      slot,
      release: () => {
        if (released) return
        released = true
        this.#hold(slot, group, -1)
        if (this.#waiting > 0) this.#drain()
      },
    }
  }

  #hold(slot: Slot, group: string, change: 1 | -1): void {
    slot.inFlight += change
    this.#inFlight += change
    this.#shares.count(group, change)
  }

  /** Gives what is free to the accounts in turn, one each, until a whole round of turns found nothing. */
  #drain(): void {
    this.#chatsLeft = this.#chats.accountCount
    this.#stepsLeft = this.#steps.accountCount
    this.#goOn()
  }

  /** A part of a round: what is left of it goes on after others have had the event loop. */
  #goOn(): void {
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const turns = this.#choose()
      const waiter = turns?.head()
      if (!turns || !waiter) return
      const outcome = this.#tryPickSafely(waiter)
      if (outcome === 'busy' || outcome === 'reserved') {
        if (outcome === 'busy' && waiter.takesAny) return
        turns.turn({ isServed: false })
        if (waiter.isBatch) this.#stepsLeft -= 1
        else this.#chatsLeft -= 1
        continue
      }
      turns.turn({ isServed: true })
      this.#chatsLeft = this.#chats.accountCount
      this.#stepsLeft = this.#steps.accountCount
      if (outcome instanceof GatewayError) waiter.fail(outcome)
      else {
        if (outcome) this.#sinceStep = waiter.isBatch ? 0 : this.#sinceStep + 1
        waiter.settle(outcome)
      }
    }
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#goOn()
    })
  }

  /** Whose turn it is: the chats', every so often the steps'; null when the round is over. */
  #choose(): Turns<Waiter<Slot>> | null {
    const hasChat = this.#chatsLeft > 0 && this.#chats.size > 0
    const hasStep = this.#stepsLeft > 0 && this.#steps.size > 0
    if (hasStep && (!hasChat || this.#sinceStep >= BATCH_TURN - 1)) return this.#steps
    return hasChat ? this.#chats : null
  }

  /** A pick that throws must not stop the line for the others. */
  #tryPickSafely(waiter: Waiter<Slot>): Picked<Slot> | GatewayError {
    try {
      return this.#tryPick(waiter)
    } catch (thrown) {
      return GatewayError.from(thrown)
    }
  }
}

const groupOf = ({
  isBatch,
  accountId,
}: {
  readonly isBatch: boolean
  readonly accountId: string
}): string => (isBatch ? STEPS : accountId)
