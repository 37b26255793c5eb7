/**
 * How a single request pays: `reserve` before anything is dispatched, `settle` before the last byte leaves, `void` when nothing is
 * charged. Nothing else in the core touches holds of single requests.
 */
import { GatewayError } from '../errors.ts'
import type { HoldOutcome, Ledger, Receipt } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import { formatTao, RAO_MAX } from '../units.ts'
import { Committer, type CommitterState } from './committer.ts'
import { buildReceipt, createReceiptIds, type ReceiptParts } from './receipt.ts'
import type { Timing } from './timing.ts'

export type PurseOptions = {
  readonly ledger: Pick<Ledger, 'commit'>
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
}

/** A hold that was made durably. It is closed once, by `settle` or by `void`. */
export type Reservation = {
  /** `hold:<request id>`. */
  readonly holdId: string
  readonly requestId: string
  readonly accountId: string
  readonly keyId: string
  readonly heldRao: bigint
}

export type PurseState = CommitterState & {
  /** Reservations of this process that are neither settled nor voided. */
  readonly open: number
}

export type Purse = {
  /**
   * Holds the amount durably.
   *
   * @throws GatewayError `insufficient_quota` with `extra.topup` · `invalid_api_key` the key was revoked · `conflict` the request id
   *   was used before · `ledger_unavailable` · `shutting_down`
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

/** @returns a purse that makes one hold per request, group-committed with those of other requests */
export function createPurse(options: PurseOptions): Purse {
  const { ledger, timing, log } = options
  const makeReceiptId = createReceiptIds(options.random)
  const committer = new Committer({
    ledger,
    timing,
    log,
    batchMax: options.batchMax ?? BATCH_ROWS_MAX,
    queueMax: options.queueMax ?? QUEUE_ROWS_MAX,
    commitTimeoutMs: COMMIT_TIMEOUT_MS,
    holdWaitMs: HOLD_WAIT_MS,
    settleWaitMs: SETTLE_WAIT_MS,
  })
  /** Time to live by reservation, of those that are open. */
  const open = new Map<Reservation, number>()

  return {
    async reserve(order) {
      const request = {
        id: `hold:${order.requestId}`,
        accountId: order.accountId,
        keyId: order.keyId,
        amountRao: holdable(order.amountRao),
        ttlMs: order.ttlMs,
      }
      const outcome = await committer.hold(request)
      if (outcome.kind !== 'held') throw refuse(outcome, order, options.readGenesisHash())
      const reservation: Reservation = {
        holdId: request.id,
        requestId: order.requestId,
        accountId: order.accountId,
        keyId: order.keyId,
        heldRao: request.amountRao,
      }
      open.set(reservation, order.ttlMs)
      return reservation
    },
    async settle(reservation, parts) {
      const ttlMs = open.get(reservation)
      if (ttlMs === undefined) throw closed(reservation)
      open.delete(reservation)
      const createdAt = new Date(timing.wallMs()).toISOString()
      const receipt = buildReceipt({ ...reservation, id: makeReceiptId(), createdAt }, parts)
      const outcome = await committer.settle({ holdId: reservation.holdId, receipt }, ttlMs)
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
      const ttlMs = open.get(reservation)
      if (ttlMs === undefined) return
      open.delete(reservation)
      await committer.void(reservation.holdId, ttlMs)
    },
    state: () => ({ ...committer.state(), open: open.size }),
    close: (drainMs) => committer.close(drainMs),
  }
}

/** What the ledger can hold: from 1 rao, and not beyond its integers, which no balance reaches. */
function holdable(amountRao: bigint): bigint {
  if (amountRao < 1n) return 1n
  return amountRao < RAO_MAX ? amountRao : RAO_MAX
}

function refuse(
  outcome: Exclude<HoldOutcome, { kind: 'held' }>,
  order: ReserveOrder,
  genesisHash: string | null,
): GatewayError {
  switch (outcome.kind) {
    case 'refused':
      return new GatewayError('invalid_api_key', 'The API key is not valid or was revoked.')
    case 'conflict':
      return new GatewayError('conflict', 'The id of this request was used before.')
    case 'insufficient':
      return insufficientBalance(outcome.availableRao, order, genesisHash)
  }
}

/** The 402 of a request or a run, with where to send how much. */
export function insufficientBalance(
  availableRao: bigint,
  order: Pick<ReserveOrder, 'amountRao' | 'depositAddress'>,
  genesisHash: string | null,
): GatewayError {
  const requiredRao = holdable(order.amountRao)
  const topup = {
    address: order.depositAddress,
    network: genesisHash === null ? null : `bittensor:${genesisHash}`,
    asset: 'TAO',
    required_rao: requiredRao.toString(),
    available_rao: availableRao.toString(),
    shortfall_rao: (requiredRao - availableRao).toString(),
  }
  const message =
    `This request can cost up to ${formatTao(requiredRao)} TAO; ${formatTao(availableRao)} TAO are available. ` +
    'Send TAO to the deposit address of the account, or ask for less.'
  return new GatewayError('insufficient_quota', message, { extra: { topup } })
}

function closed(reservation: Reservation): GatewayError {
  return new GatewayError(
    'internal_error',
    'The reservation of this request ended before it was charged. The request was not charged.',
    { cause: new Error(`${reservation.holdId} is closed`) },
  )
}
