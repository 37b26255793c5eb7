/** Remembers for a moment whose key it is, so that a busy key costs the store one look a second. */
import { GatewayError } from '../errors.ts'
import type { Account, Accounts, KeyRecord } from '../ports/accounts.ts'
import type { Timing } from './timing.ts'

/** Who asks: a key that is in force, and its account. */
export type Principal = { readonly account: Account; readonly key: KeyRecord }

export type PrincipalCacheOptions = {
  readonly accounts: Pick<Accounts, 'findKey' | 'get'>
  readonly timing: Pick<Timing, 'monotonicMs'>
  /** How long an answer counts: within this time a revocation may go unnoticed where nothing is charged. */
  readonly freshMs: number
  /** Good keys, and apart from them unknown ones, that are remembered at most: a flood of bad keys cannot drive out good ones. */
  readonly entriesMax: number
  /** Looks into the store at one time at most. */
  readonly looksMax: number
}

type Entry = { readonly principal: Principal; readonly freshUntilMs: number }

export class PrincipalCache {
  readonly #options: PrincipalCacheOptions
  readonly #known = new Map<string, Entry>()
  /** Until when each was unknown, expired or revoked. */
  readonly #unknown = new Map<string, number>()
  readonly #looking = new Map<string, Promise<Principal | null>>()
  /** Raised by `forget`: what was looked up before it is not remembered. */
  #generation = 0

  constructor(options: PrincipalCacheOptions) {
    this.#options = options
  }

  /**
   * @param sha256 - hex SHA-256 of the key's text
   * @returns null when there is no such key, or it has expired or was revoked
   * @throws GatewayError `queue_full` too many other keys are being looked up · `ledger_unavailable`
   */
  async find(sha256: string): Promise<Principal | null> {
    const nowMs = this.#options.timing.monotonicMs()
    const known = this.#known.get(sha256)
    if (known && nowMs < known.freshUntilMs) return known.principal
    if (nowMs < (this.#unknown.get(sha256) ?? 0)) return null
    const looking = this.#looking.get(sha256)
    if (looking) return await looking
    if (this.#looking.size >= this.#options.looksMax) {
      throw new GatewayError('queue_full', 'Too many keys are being checked. Try again.', {
        retryAfterMs: 1_000,
      })
    }
    const look = this.#look(sha256, known?.principal.account ?? null)
    this.#looking.set(sha256, look)
    try {
      return await look
    } finally {
      if (this.#looking.get(sha256) === look) this.#looking.delete(sha256)
    }
  }

  /** Looks every key up anew: call it after keys were added or revoked. */
  forget(): void {
    this.#generation += 1
    this.#known.clear()
    this.#unknown.clear()
    this.#looking.clear()
  }

  /** @param lastAccount - what was known of the key's account, which does not change; null to read it */
  async #look(sha256: string, lastAccount: Account | null): Promise<Principal | null> {
    const { accounts, timing, freshMs, entriesMax } = this.#options
    // Counted from before the look: what it sees is at least as new as that.
    const freshUntilMs = timing.monotonicMs() + freshMs
    const generation = this.#generation
    const key = await accounts.findKey(sha256)
    const principal =
      key?.status === 'active' ? { key, account: lastAccount ?? (await accounts.get(key.accountId)) } : null
    if (generation !== this.#generation) return principal
    this.#known.delete(sha256)
    if (principal) remember(this.#known, entriesMax, [sha256, { principal, freshUntilMs }])
    else remember(this.#unknown, entriesMax, [sha256, freshUntilMs])
    return principal
  }
}

/** Puts an entry last, and drops the oldest beyond the limit. */
function remember<Value>(map: Map<string, Value>, entriesMax: number, [key, value]: [string, Value]): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= entriesMax) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}
