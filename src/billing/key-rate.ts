/** The rate limits of one request's key: what was taken of them, and what is said of them in its headers. */
import { GatewayError } from '../errors.ts'
import type { BucketState, LimitOutcome, RateLimits } from '../ports/limits.ts'
import type { Timing } from './timing.ts'

export type KeyRateOptions = {
  readonly limits: RateLimits
  /** Under which the key's limits are counted. */
  readonly limitId: string
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
  readonly timing: Pick<Timing, 'monotonicMs'>
}

/** Tokens that were taken for the worst case of a request. */
export type TokenShare = {
  /** Puts back what was not used. Only the first call counts; never rejects. */
  end(usedTokens: number): void
}

export class KeyRate {
  readonly #options: KeyRateOptions
  #requests: BucketState | null = null
  #tokens: BucketState | null = null

  constructor(options: KeyRateOptions) {
    this.#options = options
  }

  /** The newest that is known of each limit; null where there is none, or nothing was taken. */
  get state(): { readonly requests: BucketState | null; readonly tokens: BucketState | null } {
    return { requests: this.#requests, tokens: this.#tokens }
  }

  get tokensPerMinute(): number | null {
    return this.#options.tokensPerMinute
  }

  /** Counts the request. @throws GatewayError `rate_limit_exceeded` */
  async takeRequest(): Promise<void> {
    const { requestsPerMinute: perMinute } = this.#options
    if (perMinute === null) return
    const outcome = await this.#take('requests', perMinute, 1)
    this.#requests = outcome.state
    if (!outcome.isTaken) {
      throw refuse(`This API key may send ${perMinute} requests a minute.`, outcome)
    }
  }

  /**
   * Takes the worst case of a request.
   *
   * @returns null without such a limit
   * @throws GatewayError `rate_limit_exceeded` · `invalid_request` more than the limit can ever give
   */
  async takeTokens(amount: number): Promise<TokenShare | null> {
    const { tokensPerMinute: perMinute, limits, limitId, timing } = this.#options
    if (perMinute === null) return null
    if (amount > perMinute) {
      throw new GatewayError(
        'invalid_request',
        `This request can take up to ${amount} tokens, more than the ${perMinute} that this API key may take in a minute. Ask for less.`,
        { param: 'max_tokens' },
      )
    }
    const takenMs = timing.monotonicMs()
    const outcome = await this.#take('tokens', perMinute, amount)
    this.#tokens = outcome.state
    if (!outcome.isTaken) {
      throw refuse(
        `This API key may take ${perMinute} tokens a minute; this request can take up to ${amount}.`,
        outcome,
      )
    }
    let isEnded = false
    return {
      end(usedTokens) {
        if (isEnded) return
        isEnded = true
        // What has flowed in since is not put back a second time.
        const flowedIn = Math.floor(((timing.monotonicMs() - takenMs) * perMinute) / 60_000)
        const unused = amount - Math.max(usedTokens, flowedIn)
        if (unused <= 0) return
        limits
          .giveBack({ bucket: `${limitId}:tokens`, perMinute, amount: unused })
          // The bucket fills by itself within a minute.
          .catch(() => undefined)
      },
    }
  }

  #take(kind: 'requests' | 'tokens', perMinute: number, amount: number): Promise<LimitOutcome> {
    const { limits, limitId } = this.#options
    return limits.take({ bucket: `${limitId}:${kind}`, perMinute, amount })
  }
}

function refuse(message: string, { retryAfterMs }: LimitOutcome): GatewayError {
  return new GatewayError('rate_limit_exceeded', `${message} Try again in ${seconds(retryAfterMs)} s.`, {
    retryAfterMs,
  })
}

const seconds = (durationMs: number): number => Math.max(1, Math.ceil(durationMs / 1000))
