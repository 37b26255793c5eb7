/** The port to the customers' money. Amounts are integers in rao (1 TAO = 1e9 rao), `bigint` here and strings in JSON. */

/** One priced line: `costRao = ceil(units * rao / per)`. Meters: `input_token`, `output_token`, `audio_ms`, `image`, `request`. */
export type ReceiptLine = {
  readonly meter: string
  readonly units: bigint
  readonly rao: bigint
  readonly per: bigint
  readonly costRao: bigint
}

/** Who did the work, at which scores. */
export type ReceiptProvider = {
  readonly netuid: number | null
  readonly mechid: number
  readonly hotkey: string
  readonly uid: number | null
  /** Raw u16 incentive at `block`; null without a chain. */
  readonly incentive: number | null
  /** Block of the snapshot that the choice was made from; null without a chain. */
  readonly block: number | null
}

/** The record of one charge. Immutable. The lines recompute to `capturedRao` unless `heldRao` was lower, which caps it. */
export type Receipt = {
  /** `rcp_…`, made by the gateway before the settle, so that a repeated settle is the same receipt. */
  readonly id: string
  readonly requestId: string
  readonly accountId: string
  readonly keyId: string
  readonly model: string
  readonly capability: string
  readonly priceVersion: string
  readonly lines: readonly ReceiptLine[]
  readonly heldRao: bigint
  readonly capturedRao: bigint
  readonly releasedRao: bigint
  readonly provider: ReceiptProvider
  readonly attempts: number
  /** Hex SHA-256 of what was delivered. */
  readonly outputSha256: string
  /** Null for a single request; else the run and step of a pipeline. */
  readonly runId: string | null
  readonly stepId: string | null
  /** ISO 8601, the gateway's clock. */
  readonly createdAt: string
}

/** Reserves `amountRao` of the account's available balance. Same id and content again: no effect, the same answer. */
export type HoldRequest = {
  /** `hold:<request id>`. */
  readonly id: string
  readonly accountId: string
  readonly keyId: string
  /** More than 0. */
  readonly amountRao: bigint
  /** The hold is released by the sweep this long after it was made, by the database's clock. */
  readonly ttlMs: number
}

/** Why there is no hold although the key is good. Nothing was changed. */
export type HoldShortage =
  /** The balance does not cover it. */
  | { readonly kind: 'insufficient'; readonly availableRao: bigint }
  /** More than is left of the key's budget. */
  | { readonly kind: 'over-budget'; readonly leftRao: bigint }
  /** More than the key may spend now of a minute's rao. */
  | { readonly kind: 'over-rate'; readonly leftRao: bigint }

export type HoldOutcome =
  | { readonly kind: 'held' }
  | HoldShortage
  /** The key has expired or was revoked, or the account or key is unknown. Nothing was changed. */
  | { readonly kind: 'refused' }
  /** The same id exists with another content. Nothing was changed. */
  | { readonly kind: 'conflict' }

/** Takes `receipt.capturedRao` of the hold into revenue, releases the rest, writes the receipt; one transaction. */
export type Settlement = { readonly holdId: string; readonly receipt: Receipt }

export type SettleOutcome =
  /** Done now, or done before with the same content. */
  | { readonly kind: 'settled' }
  /** The hold is closed (voided, swept) or unknown, or the capture is larger than what is left of it. Nothing was changed. */
  | { readonly kind: 'closed' }

/**
 * A spend lease is a hold that many requests of one key draw from: each is a capture with a receipt of its own, and the lease stays open.
 * It is released as every hold is: by a void, or by the sweep.
 */
export type LeaseChange =
  /** Refused as `insufficient` when less than `freeRaoMin` is available, and to a key with a budget or a limit of rao. */
  | { readonly kind: 'open'; readonly request: HoldRequest; readonly freeRaoMin: bigint }
  /** Gives back what it has left beyond `keepRao`; nothing when that is not more, or when it is closed. Always answers `held`. */
  | { readonly kind: 'give-back'; readonly leaseId: string; readonly keepRao: bigint }

/** What one commit of the purse carries. The order inside is: captures, settles, voids, holds. */
export type LedgerBatch = {
  readonly holds: readonly HoldRequest[]
  readonly settlements: readonly Settlement[]
  /** Out of spend leases, which stay open. `closed` for all of one lease when it has less left than they take together. */
  readonly captures: readonly Settlement[]
  /** Hold ids to be released in full; closed ones are left alone. */
  readonly voids: readonly string[]
}

export type LedgerBatchOutcome = {
  /** In the order of `batch.holds`. */
  readonly holds: readonly HoldOutcome[]
  /** In the order of `batch.settlements`. */
  readonly settlements: readonly SettleOutcome[]
  /** In the order of `batch.captures`. */
  readonly captures: readonly SettleOutcome[]
}

export type Balance = { readonly availableRao: bigint; readonly heldRao: bigint; readonly spentRao: bigint }

/** Result of proving L1 to L7 of the ledger's invariants over all rows, and K1: what keys have spent of their budgets. */
export type LedgerReport = {
  readonly holds: boolean
  readonly checks: readonly {
    readonly name: string
    readonly passed: boolean
    /** What was counted, or what is wrong and where. */
    readonly detail: string
  }[]
}

export interface Ledger {
  /** Applies a batch in one transaction; durable when it resolves. @throws GatewayError `ledger_unavailable`: nothing, or under the same ids exactly this, was done */
  commit(batch: LedgerBatch): Promise<LedgerBatchOutcome>
  /** Durable when it resolves. @throws GatewayError `ledger_unavailable`: nothing, or exactly this, was done */
  changeLease(change: LeaseChange): Promise<HoldOutcome>
  /**
   * @param reservedRao - what requests in flight reserve of each lease, by its id: the rest of these leases counts as available
   * @throws GatewayError `not_found`
   */
  readBalance(accountId: string, reservedRao?: ReadonlyMap<string, bigint>): Promise<Balance>
  /** Voids holds of single requests that are past their time, or all open ones made by other processes than `keepProcessId` when it is given. @returns how many */
  sweep(options: { readonly keepProcessId: string | null }): Promise<number>
  /** One receipt of that account by its id or its request's id; null when there is none. */
  findReceipt(accountId: string, receiptOrRequestId: string): Promise<Receipt | null>
  /** Newest first. */
  listReceipts(accountId: string, limit: number): Promise<readonly Receipt[]>
  /** Proves the invariants over all rows. Reads everything: for people and tests, not for a hot path. */
  verify(): Promise<LedgerReport>
}

/** The port to deposits: the cursor of the watcher and what it credited move in one transaction. */
export type DepositCursor = { readonly genesisHash: string; readonly number: number; readonly hash: string }

export type DepositCredit = {
  readonly eventIndex: number
  readonly from: string
  readonly to: string
  readonly amountRao: bigint
}

export interface Deposits {
  readCursor(): Promise<DepositCursor | null>
  /**
   * Credits every transfer to a known deposit address (unknown ones are not passed in), once per (genesis, block hash, event index), and
   * moves the cursor from `from` to `to`, in one transaction.
   *
   * @returns the credits that were new · @throws GatewayError `conflict` when the stored cursor is not `from`
   */
  credit(
    from: DepositCursor | null,
    to: DepositCursor,
    credits: readonly DepositCredit[],
  ): Promise<readonly { readonly accountId: string; readonly amountRao: bigint }[]>
  /** Deposit address (ss58) → account id, of all accounts. */
  listAddresses(): Promise<ReadonlyMap<string, string>>
  /** Credits of one account, newest first. */
  listDeposits(
    accountId: string,
    limit: number,
  ): Promise<
    readonly {
      readonly block: number
      readonly blockHash: string
      readonly eventIndex: number
      readonly amountRao: bigint
      readonly creditedAt: string
    }[]
  >
}
