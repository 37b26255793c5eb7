/** A spend lease: what it is, how large it is made and how long it is used. */
import { RAO_MAX } from '../units.ts'

/** What a request asks of a lease. */
export type ShareOrder = {
  readonly accountId: string
  readonly keyId: string
  /** More than 0. */
  readonly amountRao: bigint
  readonly ttlMs: number
}

/** A hold that requests draw from. Only `SpendLeases` changes it. */
export type Lease = {
  readonly id: string
  readonly spender: Spender
  /** Time to live of a reservation at most, in milliseconds; the hold outlives the last of them. */
  readonly ttlMs: number
  /** Monotonic milliseconds: from then on the next one is looked for, and nobody is served any more. */
  readonly renewAtMs: number
  readonly endsAtMs: number
  /** What the ledger has left of it. */
  leftRao: bigint
  /** What requests in flight reserve. */
  reservedRao: bigint
  requests: number
  lastUsedMs: number
  isDraining: boolean
}

/** A key that asks. */
export type Spender = {
  readonly accountId: string
  readonly keyId: string
  serving: Lease | null
  /** Settles when the lease that is being opened was opened or refused; null when none is. */
  opening: Promise<void> | null
  /** Requests with a hold of their own since `countedFromMs`. */
  holds: number
  countedFromMs: number
  /** Monotonic milliseconds before which no lease is asked for. */
  notBeforeMs: number
}

// Short, so that a key that was revoked or an account that needs its money elsewhere is not bound for long.
export const LEASE_MS = 30_000
export const RENEW_AFTER_MS = 20_000
/** The hold expires this long after the last reservation that it can have. */
export const EXPIRY_MARGIN_MS = 30_000

// A lease is for many requests; it renews while some of them still fit, and grows with what is in flight.
const WORST_CASES = 32n
const TIMES_IN_FLIGHT = 4n
export const RENEW_BELOW_WORST_CASES = 8n

/** Free balance in worst cases, and in leases, below which every request has a hold of its own, so that the last rao can be spent. */
const FREE_WORST_CASES = 64n
const FREE_LEASES = 2n

/**
 * How large the next lease of a key is.
 *
 * @param amountRao - worst case of the request that asks · @param inFlightRao - what requests in flight reserve of the lease before
 * @returns what it holds, and what must be available for it; null when no balance can be that large
 */
export function sizeLease(
  amountRao: bigint,
  inFlightRao: bigint,
): { readonly leaseRao: bigint; readonly freeRaoMin: bigint } | null {
  const leaseRao = larger(amountRao * WORST_CASES, inFlightRao * TIMES_IN_FLIGHT)
  const freeRaoMin = larger(amountRao * FREE_WORST_CASES, leaseRao * FREE_LEASES)
  return freeRaoMin > RAO_MAX ? null : { leaseRao, freeRaoMin }
}

const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right)
