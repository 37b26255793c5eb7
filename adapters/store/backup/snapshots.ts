/**
 * Two ways to see a whole store as of one moment while others write. A server keeps the old rows of a transaction's moment. The embedded
 * database has one session, which a transaction has to itself: only what may still change is read in it, with the highest numbers given
 * out; the rest is read in small statements between those of others, up to these numbers. That is exact there, since statements run one
 * after the other: whatever comes later has a higher number.
 */
import type { BackupMoment } from '../../../src/ports/backup.ts'
import { bigintOf, integerOf, type Row, textOf } from '../columns.ts'
import type { Database, Queryable } from '../database.ts'
import { type BackupTable, SEQUENCES } from './tables.ts'

export type Snapshot = {
  readonly moment: BackupMoment
  /** Every row of a table as text, in pages. `line` is an expression over the row `t`. */
  readRows(table: BackupTable, line: string): AsyncIterable<readonly string[]>
}

/** What will be read of it: known before, since the embedded way reads a part at once. */
export type Plan = readonly { readonly table: BackupTable; readonly line: string }[]

export type OpenSnapshot = (plan: Plan, work: (snapshot: Snapshot) => Promise<void>) => Promise<void>

/** Whoever reads slowly must not keep a transaction, and with it old rows, for ever. */
const SLOW_READER = '10min'

/** For a server: one transaction, in which all tables are as they were. Nobody waits for it. */
export function serverSnapshots(database: Database): OpenSnapshot {
  return (plan, work) =>
    database.transaction(
      async (transaction) => {
        await transaction.query('set transaction isolation level repeatable read, read only')
        await transaction.query(`set local idle_in_transaction_session_timeout = '${SLOW_READER}'`)
        // Nobody may rewrite a table on the way, which would move its rows.
        const names = plan.map(({ table }) => `yumagate.${table.name}`).join(', ')
        await transaction.query(`lock table ${names} in access share mode`)
        const moment = await readMoment(transaction)
        await work({
          moment,
          readRows: (table, line) => readPages(transaction, table, { line, where: 'true' }),
        })
      },
      { isLong: true },
    )
}

/** For the embedded database. */
export function embeddedSnapshots(database: Database): OpenSnapshot {
  return async (plan, work) => {
    const changing = new Map<string, readonly string[]>()
    const moment = await database.transaction(async (transaction) => {
      for (const { table, line } of plan) {
        if (table.changing === 'false') continue
        const text = `select ${line} as line from yumagate.${table.name} t where ${table.changing}`
        changing.set(table.name, (await transaction.query(text)).map(lineOf))
      }
      return readMoment(transaction)
    })
    await work({
      moment,
      async *readRows(table, line) {
        yield changing.get(table.name) ?? []
        if (table.settled === null) return
        const where = table.settled.replaceAll(
          /\$(\w+)/g,
          (_, name: string) => moment.watermarks[name] ?? '0',
        )
        yield* readPages(database, table, { line, where })
      },
    })
  }
}

/** By the place of rows on the disk, which needs no index and sorts nothing. */
async function* readPages(
  database: Queryable,
  { name, blocksPerPage }: BackupTable,
  { line, where }: { readonly line: string; readonly where: string },
): AsyncIterable<readonly string[]> {
  const [size] = await database.query(
    `select pg_relation_size('yumagate.${name}') / current_setting('block_size')::bigint as blocks`,
  )
  const blocks = size ? integerOf(size, 'blocks') : 0
  const text = `select ${line} as line from yumagate.${name} t where t.ctid >= $1::tid and t.ctid < $2::tid and (${where})`
  for (let block = 0; block < blocks; block += blocksPerPage) {
    const rows = await database.query(text, [`(${block},0)`, `(${block + blocksPerPage},0)`])
    if (rows.length > 0) yield rows.map(lineOf)
  }
}

const lineOf = (row: Row): string => textOf(row, 'line')

const UTC = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`

async function readMoment(transaction: Queryable): Promise<BackupMoment> {
  const [now] = await transaction.query(`select to_char(now() at time zone 'UTC', ${UTC}) as made_at`)
  const [cursor] = await transaction.query(
    'select genesis_hash, block_number, block_hash from yumagate.deposit_cursor',
  )
  const watermarks: Record<string, string> = {}
  for (const [name, sequence] of Object.entries(SEQUENCES)) {
    const [row] = await transaction.query(
      // A sequence that has given nothing out yet names its first value.
      `select case when is_called then last_value else last_value - 1 end as last from ${sequence}`,
    )
    watermarks[name] = row ? bigintOf(row, 'last').toString() : '0'
  }
  return {
    migrations: await readMigrations(transaction),
    madeAt: now ? textOf(now, 'made_at') : '',
    cursor: cursor
      ? {
          genesisHash: textOf(cursor, 'genesis_hash'),
          number: integerOf(cursor, 'block_number'),
          hash: textOf(cursor, 'block_hash'),
        }
      : null,
    watermarks,
  }
}

async function readMigrations(database: Queryable): Promise<readonly string[]> {
  return (await database.query('select name from yumagate.migration order by number')).map((row) =>
    textOf(row, 'name'),
  )
}
