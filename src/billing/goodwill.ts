/**
 * What an account gets for nothing, and how much of it. An answer that its miner breaks off is free, so a caller and a miner who agree
 * could stop at the last token for ever; a caller who always leaves early keeps miners at work for nothing. Counted in the memory of this
 * process.
 */
import { GatewayError } from '../errors.ts'
import type { Timing } from './timing.ts'

export type GoodwillOptions = {
  readonly timing: Pick<Timing, 'monotonicMs' | 'wallMs'>
  /** Output tokens of interrupted answers that an account gets free in a day of UTC; of one miner, a tenth of them. */
  readonly interruptedTokensPerDay: number
  /** How many requests an account may leave unanswered in a minute, over ten minutes. */
  readonly abortsPerMinute: number
}

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** An account may leave so many minutes' worth of requests at once. */
const BURST_MINUTES = 10

/** Leaky bucket: requests that were left and not forgotten yet. */
type Left = { count: number; atMs: number }

export class Goodwill {
  readonly #options: GoodwillOptions
  /** Free tokens of the day, by account and by account and miner. */
  readonly #tokens = new Map<string, number>()
  #day = 0
  readonly #left = new Map<string, Left>()

  constructor(options: GoodwillOptions) {
    this.#options = options
  }

  /**
   * Whether an answer that ended by its miner's failure is free; counts it when it is.
   *
   * @param answer.hotkey - of the miner
   * @param answer.tokens - of output, delivered
   */
  forgive({
    accountId,
    hotkey,
    tokens,
  }: {
    readonly accountId: string
    readonly hotkey: string
    readonly tokens: number
  }): boolean {
    const day = Math.floor(this.#options.timing.wallMs() / DAY_MS)
    if (day !== this.#day) this.#tokens.clear()
    this.#day = day
    const { interruptedTokensPerDay: max } = this.#options
    const ofAccount = (this.#tokens.get(accountId) ?? 0) + tokens
    const ofMiner = (this.#tokens.get(`${accountId} ${hotkey}`) ?? 0) + tokens
    if (ofAccount > max || ofMiner > max / 10) return false
    this.#tokens.set(accountId, ofAccount)
    this.#tokens.set(`${accountId} ${hotkey}`, ofMiner)
    return true
  }

  /** @throws GatewayError `rate_limit_exceeded` the account has left too many requests unanswered */
  admit(accountId: string): void {
    const left = this.#read(accountId)
    const over = left.count + 1 - this.#options.abortsPerMinute * BURST_MINUTES
    if (over <= 0) return
    throw new GatewayError(
      'rate_limit_exceeded',
      'Too many requests of this account were given up before their answers came. Wait for answers, or ask less often.',
      { retryAfterMs: Math.ceil((over / this.#options.abortsPerMinute) * MINUTE_MS) },
    )
  }

  /** Counts a request whose caller left before anything was delivered, so that nothing is charged. */
  noteLeft(accountId: string): void {
    const { count, atMs } = this.#read(accountId)
    this.#left.set(accountId, { count: count + 1, atMs })
  }

  /** As it is now; forgotten when it is empty. */
  #read(accountId: string): Left {
    const atMs = this.#options.timing.monotonicMs()
    const last = this.#left.get(accountId)
    if (!last) return { count: 0, atMs }
    const forgotten = ((atMs - last.atMs) * this.#options.abortsPerMinute) / MINUTE_MS
    if (forgotten < last.count) return { count: last.count - forgotten, atMs }
    this.#left.delete(accountId)
    return { count: 0, atMs }
  }
}

/** Whether the caller went away, which is nobody's failure. */
export function isLeft({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof GatewayError && reason.code === 'client_closed_request'
}
