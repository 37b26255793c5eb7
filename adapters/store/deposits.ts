/** Deposits in SQL: what is credited and how far the watcher has come are one transaction. */
import { GatewayError } from '../../src/errors.ts'
import type { FencedDeposits, LeaseTerm } from '../../src/ports/fleet.ts'
import type { DepositCredit, DepositCursor } from '../../src/ports/ledger.ts'
import { bigintOf, integerOf, type Row, textOf, timeOf } from './columns.ts'
import type { Database, Queryable } from './database.ts'

export function createDeposits(database: Database): FencedDeposits {
  return {
    async readCursor() {
      return readCursor(await database.query(CURSOR))
    },
    credit: (from, to, credits) =>
      database.transaction(async (transaction) => {
        await moveCursor(transaction, from, to)
        return creditAll(transaction, to, credits)
      }),
    under: (term) => ({
      credit: (from, to, credits) =>
        database.transaction(async (transaction) => {
          await checkTerm(transaction, term)
          await moveCursor(transaction, from, to)
          return creditAll(transaction, to, credits)
        }),
    }),
    async listAddresses() {
      const rows = await database.query('select deposit_address, id from yumagate.account')
      return new Map(rows.map((row) => [textOf(row, 'deposit_address'), textOf(row, 'id')]))
    },
    async listDeposits(accountId, limit) {
      const rows = await database.query(
        `select d.block_number, d.block_hash, d.event_index, d.amount, d.credited_at
           from yumagate.deposit d join yumagate.account a on a.number = d.account_number
           where a.id = $1 order by d.number desc limit $2`,
        [accountId, limit],
      )
      return rows.map((row) => ({
        block: integerOf(row, 'block_number'),
        blockHash: textOf(row, 'block_hash'),
        eventIndex: integerOf(row, 'event_index'),
        amountRao: bigintOf(row, 'amount'),
        creditedAt: timeOf(row, 'credited_at'),
      }))
    },
  }
}

const CURSOR = 'select genesis_hash, block_number, block_hash from yumagate.deposit_cursor'

function readCursor(rows: readonly Row[]): DepositCursor | null {
  const [row] = rows
  if (!row) return null
  return {
    genesisHash: textOf(row, 'genesis_hash'),
    number: integerOf(row, 'block_number'),
    hash: textOf(row, 'block_hash'),
  }
}

/** Holds the lease's row: whoever takes the lease waits until this has ended. */
async function checkTerm(transaction: Queryable, { name, fence }: LeaseTerm): Promise<void> {
  const rows = await transaction.query(
    'select from yumagate.lease where name = $1 and fence = $2 for share',
    [name, fence],
  )
  if (rows.length === 0) throw new GatewayError('conflict', 'Another process has the lease.')
}

/** Locks the cursor, checks where it is, moves it. */
async function moveCursor(
  transaction: Queryable,
  from: DepositCursor | null,
  to: DepositCursor,
): Promise<void> {
  const values = [to.genesisHash, to.number, to.hash]
  const moved = from
    ? await transaction.query(
        `update yumagate.deposit_cursor set genesis_hash = $1, block_number = $2, block_hash = $3
           where genesis_hash = $4 and block_number = $5 and block_hash = $6 returning only_row`,
        [...values, from.genesisHash, from.number, from.hash],
      )
    : await transaction.query(
        `insert into yumagate.deposit_cursor (genesis_hash, block_number, block_hash) values ($1, $2, $3)
           on conflict do nothing returning only_row`,
        values,
      )
  if (moved.length === 0) throw new GatewayError('conflict', 'The deposit cursor has moved.')
}

async function creditAll(
  transaction: Queryable,
  to: DepositCursor,
  credits: readonly DepositCredit[],
): Promise<readonly { readonly accountId: string; readonly amountRao: bigint }[]> {
  if (credits.length === 0) return []
  const [row] = await transaction.query(
    `select count(*) as unknown from unnest($1::text[], $2::bigint[]) as c (address, amount)
       where amount <= 0 or not exists (select from yumagate.account a where a.deposit_address = c.address)`,
    [credits.map((credit) => credit.to), credits.map((credit) => credit.amountRao)],
  )
  if (!row || bigintOf(row, 'unknown') > 0n) {
    throw new GatewayError('internal_error', 'A credit was to an unknown address or not above zero.')
  }
  const rows = await transaction.query('select * from yumagate.ledger_deposit($1, $2, $3, $4, $5, $6, $7)', [
    to.genesisHash,
    to.hash,
    to.number,
    credits.map((credit) => credit.eventIndex),
    credits.map((credit) => credit.from),
    credits.map((credit) => credit.to),
    credits.map((credit) => credit.amountRao),
  ])
  return rows.map((credited) => ({
    accountId: textOf(credited, 'account_id'),
    amountRao: bigintOf(credited, 'amount'),
  }))
}
