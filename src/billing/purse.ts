/**
 * How a single request pays: `reserve` before anything is dispatched, `settle` before the last byte leaves, `void` when nothing is
 * charged. Nothing else in the core touches holds of single requests.
 */
import { GatewayError } from '../errors.ts'
import type { KeyRules } from '../ports/keys.ts'
import type { LeaseCalls } from '../ports/lease-calls.ts'
import type {
  Balance,
  HoldOutcome,
  HoldRequest,
  Ledger,
  Receipt,
  Settlement,
  SettleOutcome,
} from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import { Committer, type CommitterState } from './committer.ts'
import type { TokenShare } from './key-rate.ts'
import type { Lease } from './lease.ts'
import { buildReceipt, createReceiptIds, type ReceiptParts } from './receipt.ts'
import { readShown, serveLeases } from './shared-leases.ts'
import { holdable, refuseShortage } from './shortage.ts'
import { SpendLeases } from './spend-leases.ts'
import type { Timing } from './timing.ts'

export type PurseOptions = {
  readonly ledger: Pick<Ledger, 'commit' | 'changeLease' | 'readBalance'>
  /** Absent where no other process shares the store. */
  readonly leaseCalls?: LeaseCalls
  readonly timing: Timing
  /** Bytes from a cryptographic source. */
  readonly random: (sizeBytes: number) => Uint8Array
  readonly log: Logger
  /** The chain on which an account is topped up; null while it is not known. */
  readonly readGenesisHash: () => string | null
  /** Rows of one transaction at most. */
  readonly batchMax?: number
  /** Rows that may wait before holds are refused. */
  readonly queueMax?: number
}

export type ReserveOrder = {
  readonly accountId: string
  readonly keyId: string
  /** Shown to a caller whose balance does not cover it. */
  readonly depositAddress: string
  readonly requestId: string
  /** Worst-case cost of the request, from 0. At least 1 rao is held, so that every request has a hold. */
  readonly amountRao: bigint
  /** Longer than the request can take: after it the sweep may release the hold. */
  readonly ttlMs: number
  /** What is known of the key's limits. One with a budget or a limit of rao is counted by the ledger, request by request. */
  readonly rules?: KeyRules | null
  /** Tokens that were taken of the key's rate limit. They end with the reservation. */
  readonly tokenShare?: TokenShare | null
}

/** An amount that is durably held. It ends once, by `settle` or by `void`. */
export type Reservation = {
  /** `hold:<request id>`, or `hold:lease:…` of a hold that it shares. */
  readonly holdId: string
  readonly requestId: string
  readonly accountId: string
  readonly keyId: string
  readonly heldRao: bigint
}

export type PurseState = CommitterState & {
  /** Reservations of this process that are neither settled nor voided. */
  readonly open: number
  /** Spend leases of this process. */
  readonly leases: number
}

export type Purse = {
  /**
   * Sees to it that the amount is durably held: by a hold of its own, or as a part of a spend lease.
   *
   * @throws GatewayError `insufficient_quota` with `extra.topup` · `key_budget_exhausted` with `extra.budget` · `rate_limit_exceeded` the
   *   key's rao per minute · `invalid_request` more than that limit can ever pay · `invalid_api_key` the key has expired or was revoked ·
   *   `conflict` the request id was used before · `ledger_unavailable` · `shutting_down`
   */
  reserve(order: ReserveOrder): Promise<Reservation>
  /**
   * Charges what was delivered, at most what was held, and releases the rest; durable when it resolves. An unknown end is tried again
   * under the same ids for 10 s.
   *
   * @throws GatewayError `ledger_unavailable` it could not be charged; the hold is released in the background · `internal_error` the
   *   reservation was closed before; nothing was charged now
   */
  settle(reservation: Reservation, parts: ReceiptParts): Promise<Receipt>
  /**
   * Releases the hold in full. Does nothing to one that was settled or voided, so it may stand in a `finally`. Resolves once released,
   * or once left to the background because the ledger fails; never rejects.
   */
  void(reservation: Reservation): Promise<void>
  /**
   * Has spend leases give back what they hold of an account and nobody has reserved: those of this process, and of others on the store.
   *
   * @returns whether there was any lease: then what was refused for want of money may be tried again · @throws GatewayError `ledger_unavailable`
   */
  recall(accountId: string): Promise<boolean>
  /** As `Ledger.readBalance`; what nobody has reserved of spend leases is available. */
  readBalance(accountId: string): Promise<Balance>
  state(): PurseState
  /** Refuses new reservations and waits at most `drainMs` for what is under way. */
  close(drainMs: number): Promise<void>
}

const BATCH_ROWS_MAX = 512
const QUEUE_ROWS_MAX = 8_192
// Several times what a healthy commit of a full batch takes.
const COMMIT_TIMEOUT_MS = 3_000
const HOLD_WAIT_MS = 5_000
const SETTLE_WAIT_MS = 10_000

/** An open reservation: where its money is held, and the tokens that go with it. */
type Open = { readonly ttlMs: number; readonly lease: Lease | null; readonly tokenShare: TokenShare | null }

/** @returns a purse whose holds and charges are group-committed, and which opens spend leases where they are worth it */
export function createPurse(options: PurseOptions): Purse {
  const { timing, log } = options
  const makeReceiptId = createReceiptIds(options.random)
  const committer = createCommitter(options)
  const leases = createLeases(options, committer)
  const open = new Map<Reservation, Open>()

  const begin = (order: ReserveOrder, amountRao: bigint, lease: Lease | null): Reservation => {
    const { requestId, accountId, keyId, ttlMs, tokenShare = null } = order
    const holdId = lease?.id ?? `hold:${requestId}`
    const reservation: Reservation = { holdId, requestId, accountId, keyId, heldRao: amountRao }
    open.set(reservation, { ttlMs, lease, tokenShare })
    return reservation
  }
  const end = (reservation: Reservation): Open | undefined => {
    const how = open.get(reservation)
    open.delete(reservation)
    return how
  }

  const recall = serveLeases(leases, options)

  return {
    async reserve(order) {
      const { accountId, keyId, ttlMs } = order
      const amountRao = holdable(order.amountRao)
      const share = { accountId, keyId, amountRao, ttlMs }
      const lease = isCounted(order) ? null : leases.take(share)
      if (lease) return begin(order, amountRao, lease)
      const outcome = await holdFor({ id: `hold:${order.requestId}`, ...share }, { committer, recall })
      if (outcome.kind !== 'held') throw refuse(outcome, order, options.readGenesisHash())
      if (!isCounted(order)) leases.noteHold(share)
      return begin(order, amountRao, null)
    },
    async settle(reservation, parts) {
      const how = end(reservation)
      if (!how) throw closed(reservation)
      how.tokenShare?.end(countTokens(parts))
      const createdAt = new Date(timing.wallMs()).toISOString()
      const receipt = buildReceipt({ ...reservation, id: makeReceiptId(), createdAt }, parts)
      const settlement = { holdId: reservation.holdId, receipt }
      const outcome = how.lease
        ? await captureFrom(how.lease, settlement, { committer, leases })
        : await committer.settle(settlement, how.ttlMs)
      if (outcome.kind === 'closed') {
        log.error(
          { holdId: reservation.holdId },
          'What was delivered could not be charged: its hold was closed.',
        )
        throw closed(reservation)
      }
      return receipt
    },
    async void(reservation) {
      const how = end(reservation)
      how?.tokenShare?.end(0)
      if (how?.lease) leases.end(how.lease, reservation.heldRao, 0n)
      else if (how) await committer.void(reservation.holdId, how.ttlMs)
    },
    recall,
    readBalance: (accountId) => readShown(accountId, leases, options),
    state: () => ({ ...committer.state(), open: open.size, leases: leases.count }),
    async close(drainMs) {
      leases.close()
      await committer.close(drainMs)
    },
  }
}

/** Holds; what was refused for want of money once more after spend leases were called home. */
async function holdFor(
  request: HoldRequest,
  { committer, recall }: { readonly committer: Committer; readonly recall: Purse['recall'] },
): Promise<HoldOutcome> {
  const outcome = await committer.hold(request)
  const isShort = outcome.kind === 'insufficient' && (await recall(request.accountId))
  return isShort ? committer.hold(request) : outcome
}

function createCommitter({ ledger, timing, log, batchMax, queueMax }: PurseOptions): Committer {
  return new Committer({
    ...{ ledger, timing, log },
    batchMax: batchMax ?? BATCH_ROWS_MAX,
    queueMax: queueMax ?? QUEUE_ROWS_MAX,
    commitTimeoutMs: COMMIT_TIMEOUT_MS,
    holdWaitMs: HOLD_WAIT_MS,
    settleWaitMs: SETTLE_WAIT_MS,
  })
}

function createLeases({ ledger, timing, log, random }: PurseOptions, committer: Committer): SpendLeases {
  const owner = Buffer.from(random(8)).toString('hex')
  let count = 0
  return new SpendLeases({
    ...{ ledger, timing, log },
    makeId() {
      count += 1
      return `hold:lease:${owner}:${count}`
    },
    release: (holdId, ttlMs) => committer.void(holdId, ttlMs),
  })
}

/** Captures, and tells the lease what it has left; nothing of the reservation when nobody knows. */
async function captureFrom(
  lease: Lease,
  settlement: Settlement,
  { committer, leases }: { readonly committer: Committer; readonly leases: SpendLeases },
): Promise<SettleOutcome> {
  const { heldRao, capturedRao } = settlement.receipt
  try {
    const outcome = await committer.settle(settlement, null)
    // Closed under our hands: nobody may reserve from it any more.
    if (outcome.kind === 'closed') leases.drain(lease)
    leases.end(lease, heldRao, capturedRao)
    return outcome
  } catch (error) {
    leases.drain(lease)
    leases.end(lease, heldRao, heldRao)
    throw error
  }
}

/** Whether the ledger counts each request of the key. */
const isCounted = ({ rules = null }: ReserveOrder): boolean =>
  rules !== null && (rules.budget !== null || rules.raoPerMinute !== null)

function countTokens({ lines }: ReceiptParts): number {
  let count = 0n
  for (const { meter, units } of lines)
    if (meter === 'input_token' || meter === 'output_token') count += units
  return Number(count)
}

function refuse(
  outcome: Exclude<HoldOutcome, { kind: 'held' }>,
  order: ReserveOrder,
  genesisHash: string | null,
): GatewayError {
  switch (outcome.kind) {
    case 'refused':
      return new GatewayError('invalid_api_key', 'The API key is not valid, has expired or was revoked.')
    case 'conflict':
      return new GatewayError('conflict', 'The id of this request was used before.')
    default:
      return refuseShortage(outcome, { ...order, rules: order.rules ?? null }, genesisHash)
  }
}

function closed(reservation: Reservation): GatewayError {
  return new GatewayError(
    'internal_error',
    'The reservation of this request ended before it was charged. The request was not charged.',
    { cause: new Error(`${reservation.holdId} is closed`) },
  )
}
