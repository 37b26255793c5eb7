/** What a drill proves afterwards: nothing acknowledged was lost, nothing charged twice, nothing without a receipt, the books balance. */
import type { Store } from '../../src/ports/store.ts'
import type { Acknowledged } from './load.ts'

export type Findings = {
  readonly lostReceipts: number
  readonly lostRuns: number
  readonly doubleCharges: number
  readonly withoutReceipt: number
  readonly holdsLeft: number
  readonly lostDeposits: number
  readonly doubleDeposits: number
  readonly booksBalance: boolean
  /** Charged, but the caller was cut off between the commit and the last byte: allowed, and counted apart. */
  readonly cutOff: number
  /** In words, what is wrong; empty when nothing is. */
  readonly problems: readonly string[]
}

const LIST_MAX = 10_000_000

/** Reads the store itself, while nobody serves from it. */
export async function checkBooks(
  store: Store,
  accountId: string,
  {
    acknowledged,
    failedRuns,
  }: { readonly acknowledged: Acknowledged; readonly failedRuns: readonly string[] },
): Promise<Findings> {
  const problems: string[] = failedRuns.map((run) => `run ${run}`)
  const receipts = await store.ledger.listReceipts(accountId, LIST_MAX)
  const byId = new Map(receipts.map((receipt) => [receipt.id, receipt]))
  let lostReceipts = 0
  for (const [id, costRao] of acknowledged.receipts) {
    if (byId.get(id)?.capturedRao === costRao) continue
    lostReceipts += 1
    problems.push(`receipt ${id} of ${costRao} rao is ${byId.has(id) ? 'of another amount' : 'lost'}`)
  }
  const charged = receipts.map(({ runId, stepId, requestId }) => (runId ? `${runId} ${stepId}` : requestId))
  const doubleCharges = charged.length - new Set(charged).size
  if (doubleCharges > 0) problems.push(`${doubleCharges} charges of the same request or step`)
  const balance = await store.ledger.readBalance(accountId)
  const receiptedRao = receipts.reduce((sum, { capturedRao }) => sum + capturedRao, 0n)
  const withoutReceipt = balance.spentRao === receiptedRao ? 0 : 1
  if (withoutReceipt) problems.push(`${balance.spentRao} rao spent, ${receiptedRao} rao on receipts`)
  if (balance.heldRao > 0n) problems.push(`${balance.heldRao} rao are still held`)
  const credits = (await store.deposits.listDeposits(accountId, LIST_MAX)).map(({ amountRao }) => amountRao)
  const lostDeposits = [...acknowledged.deposits].filter((amountRao) => !credits.includes(amountRao)).length
  const doubleDeposits = credits.length - new Set(credits).size
  if (lostDeposits + doubleDeposits > 0)
    problems.push(`deposits: ${lostDeposits} lost, ${doubleDeposits} double`)
  const report = await store.ledger.verify()
  for (const { name, passed, detail } of report.checks) if (!passed) problems.push(`${name}: ${detail}`)
  const single = receipts.filter(({ runId }) => runId === null).length
  return {
    ...{ lostReceipts, doubleCharges, withoutReceipt, lostDeposits, doubleDeposits, problems },
    lostRuns: failedRuns.length,
    holdsLeft: balance.heldRao > 0n ? 1 : 0,
    booksBalance: report.holds,
    cutOff: single - acknowledged.receipts.size,
  }
}
