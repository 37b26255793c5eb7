/** Token buckets in the memory of this process: for what must go on while nobody else can be asked. */
import { bucketOutcome, type RateLimits } from '../ports/limits.ts'

export type TokenBucketsOptions = {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  /** Which part of each limit is this process's own, more than 0 and at most 1. Default 1. */
  readonly share?: () => number
}

type Bucket = { used: number; atMs: number }

/** A bucket that nobody asked for so long is full, and need not be remembered. */
const FULL_AFTER_MS = 60_000
/** Far more than keys with limits that are busy at one time. */
const BUCKETS_MAX = 100_000

export function createTokenBuckets({ nowMs, share = () => 1 }: TokenBucketsOptions): RateLimits {
  const buckets = new Map<string, Bucket>()

  /** The bucket as it is now, put last so that the first is the one that was asked for longest ago. */
  const drain = (id: string, perMinute: number): Bucket => {
    const atMs = nowMs()
    const last = buckets.get(id)
    const used = last ? Math.max(0, last.used - ((atMs - last.atMs) * perMinute) / 60_000) : 0
    const bucket = { used, atMs }
    buckets.delete(id)
    buckets.set(id, bucket)
    for (const [oldest, { atMs: askedMs }] of buckets) {
      if (buckets.size <= BUCKETS_MAX && atMs - askedMs < FULL_AFTER_MS) break
      buckets.delete(oldest)
    }
    return bucket
  }

  return {
    async take({ bucket: id, perMinute: whole, amount }) {
      // Never nothing: a limit that is smaller than the number of processes would let none through.
      const perMinute = Math.max(1, whole * share())
      const bucket = drain(id, perMinute)
      // What is more than a share can hold waits for the whole of it.
      const wanted = Math.min(amount, perMinute)
      const isTaken = bucket.used + wanted <= perMinute
      if (isTaken) bucket.used += wanted
      return bucketOutcome({ perMinute, used: bucket.used, amount: wanted, isTaken })
    },
    async giveBack({ bucket: id, perMinute, amount }) {
      const bucket = drain(id, Math.max(1, perMinute * share()))
      bucket.used = Math.max(0, bucket.used - amount)
    },
  }
}
