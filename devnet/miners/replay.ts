/** Memory of nonces, bounded: what a miner must remember so that no signed request is taken twice. */

/** Dendrite v10: the last nonce of each caller and uuid; nonces rise. */
export class RisingNonces {
  readonly #last = new Map<string, bigint>()
  readonly #keysMax: number

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  /** The last nonce taken under that key. */
  last(key: string): bigint | undefined {
    return this.#last.get(key)
  }

  /** The key used longest ago is forgotten for a new one: what it last saw is by then older than a new key's nonce may be. */
  take(key: string, nonce: bigint): void {
    this.#last.delete(key)
    if (this.#last.size >= this.#keysMax) {
      const oldest = this.#last.keys().next().value
      if (oldest !== undefined) this.#last.delete(oldest)
    }
    this.#last.set(key, nonce)
  }
}

/** btauth/1: every nonce of the last seconds. */
export class SeenNonces {
  readonly #seenAtMs = new Map<string, number>()
  readonly #keepMs: number
  readonly #nonceMax: number

  /** @param options - how long a nonce can still pass the check of its age, and how many are remembered */
  constructor(options: { readonly keepMs: number; readonly nonceMax: number }) {
    this.#keepMs = options.keepMs
    this.#nonceMax = options.nonceMax
  }

  /** @returns `full` when no more can be remembered: the request must be refused, since it could be a replay */
  take(key: string, nowMs: number): 'new' | 'seen' | 'full' {
    for (const [known, atMs] of this.#seenAtMs) {
      if (nowMs - atMs < this.#keepMs) break // In order of arrival: the rest is younger.
      this.#seenAtMs.delete(known)
    }
    if (this.#seenAtMs.has(key)) return 'seen'
    if (this.#seenAtMs.size >= this.#nonceMax) return 'full'
    this.#seenAtMs.set(key, nowMs)
    return 'new'
  }
}
