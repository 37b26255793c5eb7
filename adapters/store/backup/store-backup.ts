/** Copies of a store in SQL. Rows are PostgreSQL's own JSON and pass through as text: every `bigint` stays exact. */
import type { AbsentRow, StoreBackup } from '../../../src/ports/backup.ts'
import { bigintOf, type Row, textOf } from '../columns.ts'
import type { Database } from '../database.ts'
import { restoreRows } from './restore.ts'
import type { OpenSnapshot, Plan } from './snapshots.ts'
import { TABLES } from './tables.ts'

const ROWS: Plan = TABLES.map((table) => ({ table, line: 'to_json(t)::text' }))

const nameOf = (number: string): string =>
  `(select l.name from yumagate.ledger_account l where l.number = ${number})`

/** What each line of an export says, by table. */
const JOURNAL: Readonly<Record<string, string>> = {
  txn: `json_build_object('transaction', t.number::text, 'id', t.id, 'kind', t.kind, 'made_at', t.made_at)::text`,
  entry: `json_build_object('transaction', t.txn_number::text, 'debit', ${nameOf('t.debit')}, 'credit', ${nameOf('t.credit')},
    'amount_rao', t.amount::text)::text`,
  purse: `json_build_object('balances', (select a.id from yumagate.account a where a.number = t.account_number),
    'available', ${nameOf('t.available_account')}, 'available_rao', t.available::text,
    'held', ${nameOf('t.held_account')}, 'held_rao', t.held::text, 'spent_rao', t.spent::text)::text`,
}
const EXPORT: Plan = TABLES.flatMap((table) => {
  const line = JOURNAL[table.name]
  return line === undefined ? [] : [{ table, line }]
})

export function createStoreBackup(database: Database, openSnapshot: OpenSnapshot): StoreBackup {
  return {
    read: (reader) =>
      openSnapshot(ROWS, async ({ moment, readRows }) => {
        await reader.moment(moment)
        for (const { table, line } of ROWS) {
          for await (const lines of readRows(table, line)) await reader.rows(table.name, lines)
        }
      }),
    exportLedger: (write) =>
      openSnapshot(EXPORT, async ({ readRows }) => {
        for (const { table, line } of EXPORT) {
          for await (const lines of readRows(table, line)) if (lines.length > 0) await write(lines)
        }
      }),
    restore: (source, writeContent) => restoreRows(database, source, writeContent),
    async listAbsent(from, found) {
      for (const kind of KINDS) {
        let after = '0'
        for (;;) {
          const rows = await database.query(LIST[kind], [after, LIST_ROWS])
          const missing = await from.findMissing(
            kind,
            rows.map((row) => textOf(row, 'id')),
          )
          for (const row of rows) if (missing.has(textOf(row, 'id'))) found(readAbsent(kind, row))
          const last = rows.at(-1)
          if (!last || rows.length < LIST_ROWS) break
          after = bigintOf(last, 'number').toString()
        }
      }
    },
    async findMissing(kind, ids) {
      const rows = await database.query(MISSING[kind], [ids])
      return new Set(rows.map((row) => textOf(row, 'id')))
    },
  }
}

type Kind = AbsentRow['kind']

const KINDS: readonly Kind[] = ['deposit', 'run', 'receipt']
const LIST_ROWS = 5_000

const DEPOSIT_ID = `d.genesis_hash || ':' || d.block_hash || ':' || d.event_index`

/** What a store of any version has, in the order of its numbers. */
const LIST: Readonly<Record<Kind, string>> = {
  receipt: `select r.number, r.id, a.id as account_id, r.captured as amount
    from yumagate.receipt r join yumagate.account a on a.number = r.account_number
    where r.number > $1::bigint order by r.number limit $2`,
  deposit: `select d.number, ${DEPOSIT_ID} as id, a.id as account_id, d.amount
    from yumagate.deposit d join yumagate.account a on a.number = d.account_number
    where d.number > $1::bigint order by d.number limit $2`,
  run: `select r.number, r.id, r.account_id, 0::bigint as amount from yumagate.run r
    where r.number > $1::bigint order by r.number limit $2`,
}

const MISSING: Readonly<Record<Kind, string>> = {
  receipt:
    'select s.id from unnest($1::text[]) as s (id) where not exists (select from yumagate.receipt r where r.id = s.id)',
  deposit: `select s.id from unnest($1::text[]) as s (id) where not exists (select from yumagate.deposit d
    where d.genesis_hash = split_part(s.id, ':', 1) and d.block_hash = split_part(s.id, ':', 2)
      and d.event_index = split_part(s.id, ':', 3)::integer)`,
  run: 'select s.id from unnest($1::text[]) as s (id) where not exists (select from yumagate.run r where r.id = s.id)',
}

const readAbsent = (kind: Kind, row: Row): AbsentRow => ({
  ...{ kind, id: textOf(row, 'id'), accountId: textOf(row, 'account_id') },
  amountRao: bigintOf(row, 'amount'),
})
