/** The ledger in SQL: double entry, guarded balances, receipts in the same transaction. The functions are in `migrations/`. */
import { GatewayError } from '../../src/errors.ts'
import type {
  HoldOutcome,
  HoldRequest,
  LeaseChange,
  Ledger,
  LedgerBatch,
  LedgerBatchOutcome,
  Receipt,
  Settlement,
  SettleOutcome,
} from '../../src/ports/ledger.ts'
import { arrayOf, bigintOf, type Row, textOf } from './columns.ts'
import type { Database, Statement } from './database.ts'
import { decodeReceipt, encodeReceipt } from './receipt-text.ts'
import { revenueAccounts } from './revenue-accounts.ts'
import { verifyLedger } from './verify-ledger.ts'

/** From this many rows on the batch goes by sets: a single row is a quarter cheaper by itself, two are not. */
const MANY_ROWS = 2

/** Holds released in one transaction of the sweep, so that it keeps nobody waiting. */
const SWEEP_ROWS = 200

const COMMIT_EACH = callStatement('ledger_commit_each', 14)
const COMMIT_MANY = callStatement('ledger_commit_many', 14)
const COMMIT_ALL = callStatement('ledger_commit_all', 22)
const CAPTURE: Statement = {
  name: 'lease_capture',
  text: 'select yumagate.lease_capture($1, $2, $3, $4, $5, $6, $7) as captured',
}

const READ_BALANCE = {
  name: 'read_balance',
  text: `select p.available, p.held, p.spent, 0::bigint as rest
    from yumagate.account a join yumagate.purse p on p.account_number = a.number where a.id = $1`,
}
const READ_BALANCE_WITH_LEASES = `
  select p.available, p.held, p.spent, coalesce((
      select sum(greatest(h.amount - h.captured - h.released - l.reserved, 0))
        from unnest($2::text[], $3::bigint[]) as l (id, reserved)
        join yumagate.hold h on h.id = l.id and h.account_number = a.number and h.closed_at is null), 0)::bigint as rest
    from yumagate.account a join yumagate.purse p on p.account_number = a.number where a.id = $1`

export function createLedger(database: Database, options: { readonly processId: string }): Ledger {
  const revenue = revenueAccounts(database)
  return {
    async commit(batch) {
      const { captures, settlements } = batch
      await revenue.prepare([...captures, ...settlements].map(({ receipt }) => receipt.capability))
      const [row] = await commit(database, batch, options.processId)
      if (!row) throw new GatewayError('internal_error', 'The ledger gave no answer.')
      return readOutcome(row)
    },
    changeLease: (change) => changeLease(database, change, options.processId),
    async readBalance(accountId, reservedRao) {
      const leases = [...(reservedRao ?? [])]
      const [row] = await database.query(
        leases.length === 0 ? READ_BALANCE : READ_BALANCE_WITH_LEASES,
        leases.length === 0
          ? [accountId]
          : [accountId, leases.map(([id]) => id), leases.map(([, reserved]) => reserved)],
      )
      if (!row) throw new GatewayError('not_found', 'There is no such account.')
      const restRao = bigintOf(row, 'rest')
      return {
        availableRao: bigintOf(row, 'available') + restRao,
        heldRao: bigintOf(row, 'held') - restRao,
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

function callStatement(name: string, parameterCount: number): Statement {
  const parameters = Array.from({ length: parameterCount }, (_, index) => `$${index + 1}`).join(', ')
  return { name, text: `select * from yumagate.${name}(${parameters})` }
}

/** Most batches of a busy gateway are captures alone. */
function commit(database: Database, batch: LedgerBatch, processId: string): Promise<readonly Row[]> {
  const { captures, settlements, voids, holds } = batch
  if (captures.length === 0) {
    return database.query(isForSets(batch) ? COMMIT_MANY : COMMIT_EACH, [
      ...settlementValues(settlements),
      ...restValues(batch, processId),
    ])
  }
  if (settlements.length + voids.length + holds.length === 0) {
    return database.query(CAPTURE, captureValues(captures))
  }
  return database.query(COMMIT_ALL, [
    ...captureValues(captures),
    ...settlementValues(settlements),
    ...restValues(batch, processId),
    isForSets(batch),
  ])
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

/** What `ledger_settle_many` takes: seven arrays. */
const settlementValues = (settlements: readonly Settlement[]): readonly unknown[] => [
  ...idValues(settlements),
  settlements.map(({ receipt }) => encodeReceipt(receipt)),
]

/** What `lease_capture` takes: six arrays, and the receipts as lines of one text. */
const captureValues = (captures: readonly Settlement[]): readonly unknown[] => [
  ...idValues(captures),
  captures.map(({ receipt }) => encodeReceipt(receipt)).join('\n'),
]

function idValues(settlements: readonly Settlement[]): readonly unknown[] {
  const receipts = settlements.map(({ receipt }) => receipt)
  return [
    settlements.map(({ holdId }) => holdId),
    receipts.map(({ id }) => id),
    receipts.map(({ accountId }) => accountId),
    receipts.map(({ capturedRao }) => capturedRao),
    receipts.map(({ requestId }) => requestId),
    receipts.map(({ capability }) => `revenue:${capability}`),
  ]
}

/** Voids and holds. */
function restValues({ voids, holds }: LedgerBatch, processId: string): readonly unknown[] {
  checkHolds(holds)
  return [
    voids,
    holds.map(({ id }) => id),
    holds.map(({ accountId }) => accountId),
    holds.map(({ keyId }) => keyId),
    holds.map(({ amountRao }) => amountRao),
    holds.map(({ ttlMs }) => ttlMs),
    processId,
  ]
}

function checkHolds(holds: readonly HoldRequest[]): void {
  for (const { id, amountRao } of holds) {
    if (amountRao <= 0n) throw new GatewayError('internal_error', `A hold must be above zero: ${id}.`)
  }
}

async function changeLease(database: Database, change: LeaseChange, processId: string): Promise<HoldOutcome> {
  if (change.kind === 'give-back') {
    await database.query('select yumagate.lease_give_back($1, $2)', [change.leaseId, change.keepRao])
    return { kind: 'held' }
  }
  const { id, accountId, keyId, amountRao, ttlMs } = change.request
  checkHolds([change.request])
  const [row] = await database.query('select * from yumagate.lease_open($1, $2, $3, $4, $5, $6, $7)', [
    ...[id, accountId, keyId, amountRao, change.freeRaoMin, ttlMs, processId],
  ])
  return readHoldOutcome(row?.code, row?.available)
}

function readOutcome(row: Row): LedgerBatchOutcome {
  const available = 'available' in row ? arrayOf(row, 'available') : []
  return {
    captures: readSettled(row, 'captured'),
    settlements: readSettled(row, 'settled'),
    holds: ('codes' in row ? arrayOf(row, 'codes') : []).map((code, index) =>
      readHoldOutcome(code, available[index]),
    ),
  }
}

const readSettled = (row: Row, column: string): readonly SettleOutcome[] =>
  column in row ? arrayOf(row, column).map((done) => ({ kind: done === true ? 'settled' : 'closed' })) : []

/** Reads the answer of `ledger_hold`. */
export function readHoldOutcome(code: unknown, available: unknown): HoldOutcome {
  switch (code) {
    case 0:
      return { kind: 'held' }
    case 1:
      if (typeof available !== 'bigint') break
      return { kind: 'insufficient', availableRao: available }
    case 4:
    case 5:
      if (typeof available !== 'bigint') break
      return { kind: code === 4 ? 'over-budget' : 'over-rate', leftRao: available }
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
