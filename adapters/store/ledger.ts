/** The ledger in SQL: double entry, guarded balances, receipts in the same transaction. The functions are in `migrations/`. */
import { GatewayError } from '../../src/errors.ts'
import type { HoldOutcome, Ledger, LedgerBatch, LedgerBatchOutcome, Receipt } from '../../src/ports/ledger.ts'
import { arrayOf, bigintOf, type Row, textOf } from './columns.ts'
import type { Database, Statement } from './database.ts'
import { decodeReceipt, encodeReceipt } from './receipt-text.ts'
import { revenueAccounts } from './revenue-accounts.ts'
import { verifyLedger } from './verify-ledger.ts'

/** From this many rows on the batch goes by sets: a single row is a quarter cheaper by itself, two are not. */
const MANY_ROWS = 2

/** Holds released in one transaction of the sweep, so that it keeps nobody waiting. */
const SWEEP_ROWS = 200

const COMMIT_EACH = commitStatement('ledger_commit_each')
const COMMIT_MANY = commitStatement('ledger_commit_many')

export function createLedger(database: Database, options: { readonly processId: string }): Ledger {
  const revenue = revenueAccounts(database)
  return {
    async commit(batch) {
      await revenue.prepare(batch.settlements.map(({ receipt }) => receipt.capability))
      const [row] = await database.query(
        isForSets(batch) ? COMMIT_MANY : COMMIT_EACH,
        batchValues(batch, options),
      )
      if (!row) throw new GatewayError('internal_error', 'The ledger gave no answer.')
      return readOutcome(row)
    },
    async readBalance(accountId) {
      const [row] = await database.query(
        `select p.available, p.held, p.spent
           from yumagate.account a join yumagate.purse p on p.account_number = a.number where a.id = $1`,
        [accountId],
      )
      if (!row) throw new GatewayError('not_found', 'There is no such account.')
      return {
        availableRao: bigintOf(row, 'available'),
        heldRao: bigintOf(row, 'held'),
        spentRao: bigintOf(row, 'spent'),
      }
    },
    sweep: ({ keepProcessId }) => sweep(database, keepProcessId),
    async findReceipt(accountId, id) {
      const rows = await database.query(
        `select r.body from yumagate.receipt r join yumagate.account a on a.number = r.account_number
           where a.id = $1 and (r.id = $2 or r.request_id = $2)
           order by r.id = $2 desc, r.number desc limit 1`,
        [accountId, id],
      )
      return readReceipts(rows)[0] ?? null
    },
    async listReceipts(accountId, limit) {
      const rows = await database.query(
        `select r.body from yumagate.receipt r join yumagate.account a on a.number = r.account_number
           where a.id = $1 order by r.number desc limit $2`,
        [accountId, limit],
      )
      return readReceipts(rows)
    },
    verify: () => verifyLedger(database),
  }
}

function commitStatement(name: string): Statement {
  const parameters = Array.from({ length: 14 }, (_, index) => `$${index + 1}`).join(', ')
  return { name, text: `select * from yumagate.${name}(${parameters})` }
}

/** Sets want each hold and receipt at most once. */
function isForSets({ settlements, voids, holds }: LedgerBatch): boolean {
  if (settlements.length + voids.length + holds.length < MANY_ROWS) return false
  const isUnique = (ids: readonly string[]): boolean => new Set(ids).size === ids.length
  return (
    isUnique(settlements.map(({ holdId }) => holdId)) &&
    isUnique(settlements.map(({ receipt }) => receipt.id)) &&
    isUnique(holds.map(({ id }) => id))
  )
}

function batchValues(batch: LedgerBatch, options: { readonly processId: string }): readonly unknown[] {
  const { settlements, voids, holds } = batch
  for (const { id, amountRao } of holds) {
    if (amountRao <= 0n) throw new GatewayError('internal_error', `A hold must be above zero: ${id}.`)
  }
  const receipts = settlements.map(({ receipt }) => receipt)
  return [
    settlements.map(({ holdId }) => holdId),
    receipts.map(({ id }) => id),
    receipts.map(({ accountId }) => accountId),
    receipts.map(({ capturedRao }) => capturedRao),
    receipts.map(({ requestId }) => requestId),
    receipts.map(({ capability }) => `revenue:${capability}`),
    receipts.map(encodeReceipt),
    voids,
    holds.map(({ id }) => id),
    holds.map(({ accountId }) => accountId),
    holds.map(({ keyId }) => keyId),
    holds.map(({ amountRao }) => amountRao),
    holds.map(({ ttlMs }) => ttlMs),
    options.processId,
  ]
}

function readOutcome(row: Row): LedgerBatchOutcome {
  const available = arrayOf(row, 'available')
  return {
    settlements: arrayOf(row, 'settled').map((settled) => ({
      kind: settled === true ? 'settled' : 'closed',
    })),
    holds: arrayOf(row, 'codes').map((code, index) => readHoldOutcome(code, available[index])),
  }
}

/** Reads the answer of `ledger_hold`. */
export function readHoldOutcome(code: unknown, available: unknown): HoldOutcome {
  switch (code) {
    case 0:
      return { kind: 'held' }
    case 1:
      if (typeof available !== 'bigint') break
      return { kind: 'insufficient', availableRao: available }
    case 2:
      return { kind: 'refused' }
    case 3:
      return { kind: 'conflict' }
  }
  throw new GatewayError('internal_error', 'The ledger gave an unknown answer.')
}

async function sweep(database: Database, keepProcessId: string | null): Promise<number> {
  let count = 0
  for (;;) {
    const [row] = await database.query(
      `select yumagate.release_holds(array(
         select id from yumagate.hold
           where closed_at is null and not is_run
             and (expires_at <= now() or ($1::text is not null and process_id <> $1))
           order by expires_at limit $2)) as released`,
      [keepProcessId, SWEEP_ROWS],
    )
    const released = row ? Number(bigintOf(row, 'released')) : 0
    count += released
    if (released < SWEEP_ROWS) return count
  }
}

const readReceipts = (rows: readonly Row[]): readonly Receipt[] =>
  rows.map((row) => decodeReceipt(textOf(row, 'body')))
