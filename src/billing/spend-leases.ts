/**
 * Spend leases: for a key that asks often and whose account does not miss the money, one hold from which its requests reserve in memory.
 * The durable hold before each request, half of what the ledger has to do, falls away; charges and receipts stay as they are.
 */
import type { HoldOutcome, Ledger } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import {
  EXPIRY_MARGIN_MS,
  LEASE_MS,
  type Lease,
  RENEW_AFTER_MS,
  RENEW_BELOW_WORST_CASES,
  type ShareOrder,
  type Spender,
  sizeLease,
} from './lease.ts'
import type { Timing } from './timing.ts'

export type SpendLeasesOptions = {
  readonly ledger: Pick<Ledger, 'changeLease'>
  readonly timing: Timing
  readonly log: Logger
  /** An id that no hold ever had: `hold:lease:…`. */
  readonly makeId: () => string
  /** Releases a hold in full, or leaves it to the background. Never rejects. */
  readonly release: (holdId: string, ttlMs: number) => Promise<void>
}

type LeasedAccount = {
  /** By key. */
  readonly spenders: Map<string, Spender>
  /** All that are not released yet. */
  readonly leases: Set<Lease>
  /** Ids of leases that are being opened or released: nobody reserves of them, but the ledger may hold them. */
  readonly passing: Set<string>
}

/** So many requests with holds of their own in this time, and a lease is worth its two statements. */
const WORTH_HOLDS = 4
const COUNT_MS = 2_000

const IDLE_MS = 2_000
const TICK_MS = 1_000
const POOR_PAUSE_MS = 5_000
const FAILED_PAUSE_MS = 1_000

export class SpendLeases {
  readonly #options: SpendLeasesOptions
  readonly #accounts = new Map<string, LeasedAccount>()
  #count = 0
  #isTicking = false
  #isClosed = false

  constructor(options: SpendLeasesOptions) {
    this.#options = options
  }

  /** Reserves in memory. @returns the lease, to be given back by `end`; null when the request needs a hold of its own */
  take(order: ShareOrder): Lease | null {
    const lease = this.#accounts.get(order.accountId)?.spenders.get(order.keyId)?.serving
    if (!lease || order.ttlMs > lease.ttlMs) return null
    const nowMs = this.#options.timing.monotonicMs()
    const restRao = lease.leftRao - lease.reservedRao
    if (nowMs >= lease.renewAtMs || restRao < order.amountRao * RENEW_BELOW_WORST_CASES) {
      this.#open(lease.spender, order)
    }
    if (restRao < order.amountRao || nowMs >= lease.endsAtMs) return null
    lease.reservedRao += order.amountRao
    lease.requests += 1
    lease.lastUsedMs = nowMs
    return lease
  }

  /** Tells of a request that made a hold of its own: of a key that asks often a lease is opened in the background. */
  noteHold(order: ShareOrder): void {
    const nowMs = this.#options.timing.monotonicMs()
    const spender = this.#spenderOf(order, nowMs)
    if (nowMs - spender.countedFromMs > COUNT_MS) {
      spender.holds = 0
      spender.countedFromMs = nowMs
    }
    spender.holds += 1
    if (spender.holds >= WORTH_HOLDS) this.#open(spender, order)
  }

  /** Ends a reservation. @param capturedRao - what was captured of it; all of it when that is not known, so that nothing is spent twice */
  end(lease: Lease, reservedRao: bigint, capturedRao: bigint): void {
    lease.reservedRao -= reservedRao
    lease.leftRao -= capturedRao
    lease.requests -= 1
    if (lease.isDraining && lease.requests === 0) void this.#release(lease)
  }

  /** Takes no more reservations from a lease, such as one that the ledger has closed. */
  drain(lease: Lease): void {
    this.#stop(lease)
    if (lease.requests === 0) void this.#release(lease)
  }

  /**
   * Gives back what nobody has reserved of an account's leases, since it is needed elsewhere.
   *
   * @returns whether there were any · @throws GatewayError as `Ledger.changeLease`
   */
  async recall(accountId: string): Promise<boolean> {
    const account = this.#accounts.get(accountId)
    if (!account) return false
    const spenders = [...account.spenders.values()]
    const pauseUntilMs = this.#options.timing.monotonicMs() + POOR_PAUSE_MS
    for (const spender of spenders) spender.notBeforeMs = pauseUntilMs
    await Promise.all(spenders.map(({ opening }) => opening))
    const leases = [...account.leases]
    // What is being released was still held when whoever asks was refused.
    const isReleasing = account.passing.size > 0
    await Promise.all(leases.map((lease) => this.#giveBack(lease)))
    return leases.length > 0 || isReleasing
  }

  async #giveBack(lease: Lease): Promise<void> {
    if (lease.requests === 0) return await this.#release(lease)
    this.drain(lease)
    const { ledger } = this.#options
    await ledger.changeLease({ kind: 'give-back', leaseId: lease.id, keepRao: lease.reservedRao })
  }

  /** What requests in flight reserve of each lease of an account. */
  reservedRao(accountId: string): ReadonlyMap<string, bigint> {
    const reserved = new Map<string, bigint>()
    const account = this.#accounts.get(accountId)
    for (const lease of account?.leases ?? []) reserved.set(lease.id, lease.reservedRao)
    for (const leaseId of account?.passing ?? []) reserved.set(leaseId, 0n)
    return reserved
  }

  /** Leases that are not released yet. */
  get count(): number {
    return this.#count
  }

  /** Opens no more, and releases each as soon as nobody draws from it. */
  close(): void {
    this.#isClosed = true
    for (const { leases } of this.#accounts.values()) for (const lease of [...leases]) this.drain(lease)
  }

  #spenderOf({ accountId, keyId }: ShareOrder, nowMs: number): Spender {
    const account = this.#accountOf(accountId)
    const known = account.spenders.get(keyId)
    if (known) return known
    const spender: Spender = {
      ...{ accountId, keyId, serving: null, opening: null },
      ...{ holds: 0, countedFromMs: nowMs, notBeforeMs: 0 },
    }
    account.spenders.set(keyId, spender)
    this.#tick()
    return spender
  }

  #accountOf(accountId: string): LeasedAccount {
    const known = this.#accounts.get(accountId)
    if (known) return known
    const account: LeasedAccount = { spenders: new Map(), leases: new Set(), passing: new Set() }
    this.#accounts.set(accountId, account)
    return account
  }

  #open(spender: Spender, { amountRao, ttlMs }: ShareOrder): void {
    const { timing, ledger, log, makeId, release } = this.#options
    if (this.#isClosed || spender.opening || timing.monotonicMs() < spender.notBeforeMs) return
    const size = sizeLease(amountRao, spender.serving?.reservedRao ?? 0n)
    if (!size) return
    const id = makeId()
    const holdTtlMs = LEASE_MS + ttlMs + EXPIRY_MARGIN_MS
    const { accountId, keyId } = spender
    const request = { id, accountId, keyId, amountRao: size.leaseRao, ttlMs: holdTtlMs }
    const { passing } = this.#accountOf(accountId)
    passing.add(id)
    spender.opening = ledger
      .changeLease({ kind: 'open', request, freeRaoMin: size.freeRaoMin })
      .then(
        (outcome) => this.#opened(spender, { id, amountRao: size.leaseRao, ttlMs }, outcome),
        async (error: unknown) => {
          log.warn({ error }, 'A spend lease could not be opened; requests hold for themselves.')
          spender.notBeforeMs = timing.monotonicMs() + FAILED_PAUSE_MS
          // It may have been opened all the same.
          await release(id, holdTtlMs)
        },
      )
      .finally(() => {
        passing.delete(id)
        spender.opening = null
      })
  }

  #opened(
    spender: Spender,
    { id, amountRao, ttlMs }: { readonly id: string; readonly amountRao: bigint; readonly ttlMs: number },
    outcome: HoldOutcome,
  ): void {
    const nowMs = this.#options.timing.monotonicMs()
    if (outcome.kind !== 'held') {
      spender.notBeforeMs = nowMs + POOR_PAUSE_MS
      return
    }
    const lease: Lease = {
      ...{ id, spender, ttlMs, leftRao: amountRao, reservedRao: 0n, requests: 0 },
      ...{ renewAtMs: nowMs + RENEW_AFTER_MS, endsAtMs: nowMs + LEASE_MS, lastUsedMs: nowMs },
      isDraining: false,
    }
    this.#accountOf(spender.accountId).leases.add(lease)
    this.#count += 1
    const before = spender.serving
    spender.serving = lease
    if (before) this.drain(before)
    // Closed, or called home, while it was opened.
    if (this.#isClosed || nowMs < spender.notBeforeMs) this.drain(lease)
  }

  async #release(lease: Lease): Promise<void> {
    const { id, spender, ttlMs } = lease
    const { leases, passing } = this.#accountOf(spender.accountId)
    this.#stop(lease)
    if (!leases.delete(lease)) return
    this.#count -= 1
    passing.add(id)
    await this.#options.release(id, ttlMs)
    passing.delete(id)
  }

  #stop(lease: Lease): void {
    lease.isDraining = true
    if (lease.spender.serving === lease) lease.spender.serving = null
  }

  /** Lets go of what is not used: every second, while there is anything to watch. */
  #tick(): void {
    if (this.#isTicking || this.#isClosed) return
    this.#isTicking = true
    this.#options.timing.after(TICK_MS, () => {
      this.#isTicking = false
      const nowMs = this.#options.timing.monotonicMs()
      for (const [accountId, { spenders, leases, passing }] of this.#accounts) {
        for (const spender of spenders.values())
          if (this.#isOver(spender, nowMs)) spenders.delete(spender.keyId)
        if (spenders.size + leases.size + passing.size === 0) this.#accounts.delete(accountId)
      }
      if (this.#accounts.size > 0) this.#tick()
    })
  }

  /** Lets go of its lease when that is idle or old. @returns whether the key can be forgotten */
  #isOver(spender: Spender, nowMs: number): boolean {
    const { serving } = spender
    if (serving) {
      const isIdle = serving.requests === 0 && nowMs - serving.lastUsedMs >= IDLE_MS
      if (isIdle || nowMs >= serving.endsAtMs) this.drain(serving)
      return false
    }
    return nowMs - spender.countedFromMs > COUNT_MS && nowMs >= spender.notBeforeMs && !spender.opening
  }
}
