/**
 * The bytes of request bodies that may be in memory at once, over all requests: each is taken before it is read and given back when its
 * answer is complete, since what waits for a miner keeps its body.
 */
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'

/** How long a refused caller is told to stay away: bodies come and go within seconds. */
const FULL_RETRY_AFTER_MS = 2_000

type Share = { takenBytes: number; readonly budget: BodyBudget }

/** The share of each request that a budget watches. */
const shares = new WeakMap<IncomingMessage, Share>()

export class BodyBudget {
  readonly #bytesMax: number
  #takenBytes = 0

  /** @param bytesMax - at least one body of the largest kind */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes of bodies in flight now. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  /**
   * Counts the body of this request.
   *
   * @returns to be called once its answer is complete or its connection gone: gives its bytes back
   */
  watch(incoming: IncomingMessage): () => void {
    const share: Share = { takenBytes: 0, budget: this }
    shares.set(incoming, share)
    return () => {
      shares.delete(incoming)
      this.#takenBytes -= share.takenBytes
    }
  }

  /** @returns whether there was room */
  grow(share: Share, sizeBytes: number): boolean {
    if (this.#takenBytes + sizeBytes > this.#bytesMax) return false
    this.#takenBytes += sizeBytes
    share.takenBytes += sizeBytes
    return true
  }
}

/**
 * Sees to it that so many bytes of a body in all are within the budget. A request that no budget watches has no bound here.
 *
 * @param sizeBytes - announced, or read so far
 * @returns the error `queue_full` when there is no room
 */
export function reserveBody(incoming: IncomingMessage, sizeBytes: number): GatewayError | null {
  const share = shares.get(incoming)
  if (!share || sizeBytes <= share.takenBytes) return null
  if (share.budget.grow(share, sizeBytes - share.takenBytes)) return null
  return new GatewayError(
    'queue_full',
    'Too many bytes of requests are in flight now. Nothing was charged.',
    { retryAfterMs: FULL_RETRY_AFTER_MS },
  )
}
