/** The receipt of one charge: how it is built, and how it is shown. */
import type { Receipt, ReceiptLine, ReceiptProvider } from '../ports/ledger.ts'
import { total } from './prices.ts'

/** What a charge is for and who is charged; the same for requests and for steps of a pipeline. */
export type ReceiptOrder = {
  readonly id: string
  readonly requestId: string
  readonly accountId: string
  readonly keyId: string
  /** Upper bound of the charge. */
  readonly heldRao: bigint
  /** ISO 8601. */
  readonly createdAt: string
}

/** What was delivered, priced. */
export type ReceiptParts = {
  readonly model: string
  readonly capability: string
  readonly priceVersion: string
  readonly lines: readonly ReceiptLine[]
  readonly provider: ReceiptProvider
  /** Attempts at miners in all, from 1. */
  readonly attempts: number
  /** Hex SHA-256 of what was delivered. */
  readonly outputSha256: string
  readonly runId: string | null
  readonly stepId: string | null
}

/** Captures what the lines cost, but never more than was held. */
export function buildReceipt(order: ReceiptOrder, parts: ReceiptParts): Receipt {
  const costRao = total(parts.lines)
  const capturedRao = costRao < order.heldRao ? costRao : order.heldRao
  return {
    id: order.id,
    requestId: order.requestId,
    accountId: order.accountId,
    keyId: order.keyId,
    model: parts.model,
    capability: parts.capability,
    priceVersion: parts.priceVersion,
    lines: parts.lines,
    heldRao: order.heldRao,
    capturedRao,
    releasedRao: order.heldRao - capturedRao,
    provider: parts.provider,
    attempts: parts.attempts,
    outputSha256: parts.outputSha256,
    runId: parts.runId,
    stepId: parts.stepId,
    createdAt: order.createdAt,
  }
}

/** The receipt as `GET /v1/receipts/{id}` shows it: snake case, amounts and units as decimal text. */
export type ReceiptJson = {
  readonly id: string
  readonly object: 'receipt'
  readonly request_id: string
  readonly account: string
  readonly key_id: string
  readonly model: string
  readonly capability: string
  readonly price_version: string
  readonly lines: readonly {
    readonly meter: string
    readonly units: string
    readonly rao: string
    readonly per: string
    readonly cost_rao: string
  }[]
  readonly held_rao: string
  readonly captured_rao: string
  readonly released_rao: string
  readonly provider: ReceiptProvider
  readonly attempts: number
  readonly output_sha256: string
  /** Absent on a single request. */
  readonly run_id?: string
  readonly step_id?: string
  readonly created_at: string
}

export function receiptToJson(receipt: Receipt): ReceiptJson {
  const { netuid, mechid, hotkey, uid, incentive, block } = receipt.provider
  return {
    id: receipt.id,
    object: 'receipt',
    request_id: receipt.requestId,
    account: receipt.accountId,
    key_id: receipt.keyId,
    model: receipt.model,
    capability: receipt.capability,
    price_version: receipt.priceVersion,
    lines: receipt.lines.map((line) => ({
      meter: line.meter,
      units: line.units.toString(),
      rao: line.rao.toString(),
      per: line.per.toString(),
      cost_rao: line.costRao.toString(),
    })),
    held_rao: receipt.heldRao.toString(),
    captured_rao: receipt.capturedRao.toString(),
    released_rao: receipt.releasedRao.toString(),
    provider: { netuid, mechid, hotkey, uid, incentive, block },
    attempts: receipt.attempts,
    output_sha256: receipt.outputSha256,
    ...(receipt.runId === null ? {} : { run_id: receipt.runId }),
    ...(receipt.stepId === null ? {} : { step_id: receipt.stepId }),
    created_at: receipt.createdAt,
  }
}

const ID_BYTES = 16
const POOL_BYTES = 256 * ID_BYTES

/** @returns a maker of receipt ids: `rcp_` and 128 random bits in hexadecimal, drawn from `random` in large pieces */
export function createReceiptIds(random: (sizeBytes: number) => Uint8Array): () => string {
  let pool = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used === pool.length) {
      pool = Buffer.from(random(POOL_BYTES))
      used = 0
    }
    used += ID_BYTES
    return `rcp_${pool.toString('hex', used - ID_BYTES, used)}`
  }
}
