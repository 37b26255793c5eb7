/** Rate limits that go on in memory, each process with its share, while their keeper cannot be reached. */

import type { BucketOrder, RateLimits } from '../ports/limits.ts'
import type { Logger } from '../ports/logger.ts'
import type { Timing } from './timing.ts'
import { createTokenBuckets } from './token-buckets.ts'

export type FallbackLimitsOptions = {
  readonly keeper: RateLimits
  readonly timing: Timing
  readonly log: Logger
  /** How many gateways live, itself among them: each lets through that part of a limit. */
  readonly readGateways: () => number
}

export type FallbackLimits = RateLimits & {
  /** Why the keeper is not asked now, for people; null when it is. */
  problem(): string | null
}

/** A keeper that takes longer holds up every request of a limited key. */
const TIMEOUT_MS = 500
const PAUSE_MS = 1_000

/** A bucket in memory begins full: whoever has used up a limit gets at most this process's share of it again. */
export function createFallbackLimits({
  keeper,
  timing,
  log,
  readGateways,
}: FallbackLimitsOptions): FallbackLimits {
  const memory = createTokenBuckets({
    nowMs: () => timing.monotonicMs(),
    share: () => 1 / Math.max(1, readGateways()),
  })
  let askAgainMs = Number.NEGATIVE_INFINITY
  let isLost = false

  const lose = (error: unknown): void => {
    if (!isLost)
      log.warn({ err: error }, 'Rate limits cannot be kept together; each process keeps its share of them.')
    isLost = true
    askAgainMs = timing.monotonicMs() + PAUSE_MS
  }

  const ask = async <Result>(
    work: (limits: RateLimits) => Promise<Result>,
    order: BucketOrder,
  ): Promise<Result> => {
    if (timing.monotonicMs() < askAgainMs) return await work(memory)
    try {
      const result = await within(timing, work(keeper), order)
      if (isLost) log.info({}, 'Rate limits are kept together again.')
      isLost = false
      return result
    } catch (error) {
      lose(error)
      return await work(memory)
    }
  }

  return {
    take: (order) => ask((limits) => limits.take(order), order),
    giveBack: (order) => ask((limits) => limits.giveBack(order), order),
    problem: () => (isLost ? 'rate limits are kept by each process for itself' : null),
  }
}

function within<Result>(timing: Timing, work: Promise<Result>, { bucket }: BucketOrder): Promise<Result> {
  return new Promise((resolve, reject) => {
    const cancel = timing.after(TIMEOUT_MS, () =>
      reject(new Error(`no answer about ${bucket} within ${TIMEOUT_MS} ms`)),
    )
    work.then(resolve, reject).finally(cancel)
  })
}
