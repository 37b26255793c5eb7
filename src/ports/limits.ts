/**
 * The port to the rate limits of keys: token buckets that hold a minute's worth and fill up evenly, by one clock for all processes.
 */

/** One bucket and what is taken out of it. */
export type BucketOrder = {
  /** Such as `key_1:requests`. */
  readonly bucket: string
  /** What it holds, and what flows in within a minute; from 1. */
  readonly perMinute: number
  /** From 0 to `perMinute`. */
  readonly amount: number
}

export type BucketState = {
  readonly perMinute: number
  /** Whole units that can be taken at once now. */
  readonly remaining: number
  /** Until it is full again. */
  readonly resetMs: number
}

export type LimitOutcome = {
  readonly isTaken: boolean
  /** When the amount could be taken if nobody else does; 0 when it was taken. */
  readonly retryAfterMs: number
  readonly state: BucketState
}

export interface RateLimits {
  /** Takes the amount, or nothing. @throws GatewayError `ledger_unavailable` nothing is known of the bucket now */
  take(order: BucketOrder): Promise<LimitOutcome>
  /** Puts back what was taken and not used; never beyond full. */
  giveBack(order: BucketOrder): Promise<void>
}

/** What any keeper answers, from what is used of a bucket after an order. */
export function bucketOutcome(result: {
  readonly perMinute: number
  /** With fractions: it flows in all the time. */
  readonly used: number
  readonly amount: number
  readonly isTaken: boolean
}): LimitOutcome {
  const { perMinute, used, amount, isTaken } = result
  return {
    isTaken,
    retryAfterMs: isTaken ? 0 : Math.ceil(((used + amount - perMinute) * 60_000) / perMinute),
    state: {
      perMinute: Math.floor(perMinute),
      remaining: Math.max(0, Math.floor(perMinute - used)),
      resetMs: Math.ceil((used * 60_000) / perMinute),
    },
  }
}
