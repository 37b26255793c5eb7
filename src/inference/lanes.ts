/**
 * Waiting lines: one bounded line per expert, fair by account, in front of its miners' permits.
 * A request waits here, in memory, until a miner that it may use has a permit free.
 */
import { GatewayError } from '../errors.ts'

/** Permits in use at one miner. Shared by all lanes that lead to it. */
export type MinerSlot = { inFlight: number; inFlightMax: number }

/** What a request would take now: a slot with a permit free, `busy` to wait, `exhausted` when there is nothing left to wait for. */
export type Pick<Slot extends MinerSlot> = () => Slot | 'busy' | 'exhausted'

/** A permit of one miner. Release it exactly once; again does nothing. */
export type Permit<Slot extends MinerSlot> = { readonly slot: Slot; release(): void }

type Waiter<Slot extends MinerSlot> = {
  readonly accountId: string
  readonly pick: Pick<Slot>
  readonly settle: (outcome: Permit<Slot> | null) => void
  readonly fail: (error: GatewayError) => void
}

/** A line's promise to its readers: how many wait, and how many may. */
export type LaneState = { readonly waiting: number; readonly waitingMax: number; readonly inFlight: number }

const leftWhileWaiting = () =>
  new GatewayError(
    'client_closed_request',
    'The request ended while it waited for a miner. Nothing was charged.',
  )

/** How long a refused caller is told to stay away. */
const FULL_RETRY_AFTER_MS = 2_000

/** One expert's line. */
export class Lane<Slot extends MinerSlot> {
  readonly #waitingMax: number
  /** Accounts take turns: the map keeps the order of turns, each account its own line. */
  readonly #turns = new Map<string, Waiter<Slot>[]>()
  #waiting = 0
  #inFlight = 0

  constructor(options: { readonly waitingMax: number }) {
    this.#waitingMax = options.waitingMax
  }

  state(): LaneState {
    return { waiting: this.#waiting, waitingMax: this.#waitingMax, inFlight: this.#inFlight }
  }

  /**
   * Takes a permit, waiting for one if it must.
   *
   * @returns null when nothing is left to wait for (every usable miner was tried)
   * @throws GatewayError `queue_full` the line is at its bound · `client_closed_request` the signal was aborted while waiting
   */
  acquire(accountId: string, pick: Pick<Slot>, signal: AbortSignal): Promise<Permit<Slot> | null> {
    const now = this.#waiting === 0 ? this.#tryPick(pick) : 'busy'
    if (now !== 'busy') return Promise.resolve(now)
    if (this.#waiting >= this.#waitingMax) {
      return Promise.reject(
        new GatewayError('queue_full', 'Too many requests wait for this model now. Nothing was charged.', {
          retryAfterMs: FULL_RETRY_AFTER_MS,
        }),
      )
    }
    return this.#wait(accountId, pick, signal)
  }

  /** To be called when permits may have come free for another reason than a release, such as a new snapshot. */
  wake(): void {
    this.#drain()
  }

  #wait(accountId: string, pick: Pick<Slot>, signal: AbortSignal): Promise<Permit<Slot> | null> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#remove(waiter)
        reject(signal.reason instanceof GatewayError ? signal.reason : leftWhileWaiting())
      }
      const waiter: Waiter<Slot> = {
        accountId,
        pick,
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
      const line = this.#turns.get(accountId)
      if (line) line.push(waiter)
      else this.#turns.set(accountId, [waiter])
      this.#waiting += 1
      // Others may have waited in vain for miners that this one may use.
      this.#drain()
    })
  }

  #tryPick(pick: Pick<Slot>): Permit<Slot> | null | 'busy' {
    const slot = pick()
    if (slot === 'busy') return 'busy'
    if (slot === 'exhausted') return null
    return this.#permit(slot)
  }

  #permit(slot: Slot): Permit<Slot> {
    slot.inFlight += 1
    this.#inFlight += 1
    let released = false
    return {
      slot,
      release: () => {
        if (released) return
        released = true
        slot.inFlight -= 1
        this.#inFlight -= 1
        if (this.#waiting > 0) this.#drain()
      },
    }
  }

  /** Gives what is free to the accounts in turn, one each, until a whole round of turns found nothing. */
  #drain(): void {
    let idleTurns = 0
    while (this.#waiting > 0 && idleTurns < this.#turns.size) {
      const [accountId, line] = this.#turns.entries().next().value ?? []
      const waiter = line?.[0]
      if (accountId === undefined || !line || !waiter) return
      const outcome = this.#tryPickSafely(waiter)
      this.#turns.delete(accountId)
      if (outcome === 'busy') {
        idleTurns += 1
        this.#turns.set(accountId, line)
        continue
      }
      idleTurns = 0
      line.shift()
      this.#waiting -= 1
      if (line.length > 0) this.#turns.set(accountId, line)
      if (outcome instanceof GatewayError) waiter.fail(outcome)
      else waiter.settle(outcome)
    }
  }

  /** A pick that throws must not stop the line for the others. */
  #tryPickSafely(waiter: Waiter<Slot>): Permit<Slot> | null | 'busy' | GatewayError {
    try {
      return this.#tryPick(waiter.pick)
    } catch (thrown) {
      return GatewayError.from(thrown)
    }
  }

  #remove(waiter: Waiter<Slot>): void {
    const line = this.#turns.get(waiter.accountId)
    const index = line?.indexOf(waiter) ?? -1
    if (!line || index < 0) return
    line.splice(index, 1)
    this.#waiting -= 1
    if (line.length === 0) this.#turns.delete(waiter.accountId)
  }
}
