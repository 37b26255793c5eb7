/** Fills an empty store from the rows of a backup, in one transaction: whoever is killed in between leaves it empty. */
import { BackupError, type BackupSource, type RestoreReport } from '../../../src/ports/backup.ts'
import { createBlobs } from '../blobs.ts'
import { bigintOf, textOf } from '../columns.ts'
import type { Database, Queryable } from '../database.ts'
import { migrateWithin } from '../migrate.ts'
import { MIGRATIONS } from '../migrations/index.ts'
import { proveLedger } from '../verify-ledger.ts'
import { TABLES } from './tables.ts'

export type WriteContent = (key: string, bytes: Uint8Array) => Promise<void>

/** A process without a heartbeat for so long is dead. */
const DEAD_AFTER = '10 seconds'

/** What one statement inserts at most, in characters: more would be a burden to both sides. */
const BATCH_CHARACTERS = 4_000_000

export function restoreRows(
  database: Database,
  source: BackupSource,
  writeContent: WriteContent | null,
): Promise<RestoreReport> {
  const known = MIGRATIONS.slice(0, source.moment.migrations.length)
  const isKnown = source.moment.migrations.every((name, index) => name === known[index]?.name)
  if (!isKnown)
    throw new BackupError(
      'The backup was made by a newer version of the gateway: restore it with that version.',
    )
  return database.transaction(
    async (transaction) => {
      // Files are written to the disk between statements.
      await transaction.query(`set local idle_in_transaction_session_timeout = '10min'`)
      await checkEmpty(transaction)
      await transaction.query('drop schema yumagate cascade')
      await migrateWithin(transaction, known)
      const contents = createBlobs({ query: transaction.query, transaction: (work) => work(transaction) })
      const missing: string[] = []
      let migrated: readonly string[] | null = null
      const bringUp = async () => (migrated ??= await finishRows(transaction))
      await source.play({
        rows: (table, lines) => insertRows(transaction, table, lines),
        async content({ key, bytes }) {
          await bringUp()
          if (bytes === null) missing.push(key)
          else await (writeContent ?? contents.write)(key, bytes)
        },
      })
      const applied = await bringUp()
      await transaction.query('delete from yumagate.file where id = any ($1)', [missing])
      return settle(transaction, { applied, madeAt: source.moment.madeAt })
    },
    { isLong: true },
  )
}

/** @throws BackupError */
async function checkEmpty(transaction: Queryable): Promise<void> {
  await transaction.query('lock table yumagate.account, yumagate.process in access exclusive mode')
  const [found] = await transaction.query(
    `select (select count(*) from yumagate.account) as accounts,
       (select count(*) from yumagate.process where beat_at > now() - interval '${DEAD_AFTER}') as processes`,
  )
  if (!found || bigintOf(found, 'accounts') > 0n)
    throw new BackupError('The store has accounts already: a backup is restored into an empty one only.')
  if (bigintOf(found, 'processes') > 0n)
    throw new BackupError('A gateway or worker runs on this store: end it, wait ten seconds, and try again.')
}

async function insertRows(transaction: Queryable, table: string, lines: readonly string[]): Promise<void> {
  if (!TABLES.some(({ name }) => name === table))
    throw new BackupError(`The backup has a table that this version does not know: ${table.slice(0, 64)}.`)
  for (const batch of batches(lines)) {
    // One row of the chart of accounts is made together with its table.
    await transaction.query(
      `insert into yumagate.${table} overriding system value
         select r.* from unnest(string_to_array($1, E'\\n')) with ordinality as l (line, n),
           json_populate_record(null::yumagate.${table}, l.line::json) r order by l.n
         ${table === 'ledger_account' ? 'on conflict do nothing' : ''}`,
      [batch.join('\n')],
    )
  }
}

function* batches(lines: readonly string[]): Iterable<readonly string[]> {
  let batch: string[] = []
  let characters = 0
  for (const line of lines) {
    if (batch.length > 0 && characters + line.length > BATCH_CHARACTERS) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(line)
    characters += line.length
  }
  if (batch.length > 0) yield batch
}

/** Once all rows are in: what is numbered goes on behind them, and the schema becomes that of this version. */
async function finishRows(transaction: Queryable): Promise<readonly string[]> {
  const identities = await transaction.query(
    `select c.relname as table, a.attname as column from pg_attribute a
       join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'yumagate' and c.relkind = 'r' and a.attidentity <> '' and not a.attisdropped`,
  )
  for (const row of identities) {
    const [table, column] = [textOf(row, 'table'), textOf(row, 'column')]
    await transaction.query(
      `select setval(pg_get_serial_sequence('yumagate.${table}', '${column}'), coalesce(max(${column}), 1), max(${column}) is not null)
         from yumagate.${table}`,
    )
  }
  await transaction.query(
    `select setval('yumagate.txn_number', coalesce(max(number), 1), max(number) is not null) from yumagate.txn`,
  )
  return migrateWithin(transaction)
}

/** Ends what only living processes had, and makes open runs due. */
async function settle(
  transaction: Queryable,
  { applied, madeAt }: { readonly applied: readonly string[]; readonly madeAt: string },
): Promise<RestoreReport> {
  const [released] = await transaction.query(
    `select yumagate.release_holds(array(
       select id from yumagate.hold where closed_at is null and not is_run order by id)) as count`,
  )
  // The time between the backup and now is not time that the run had.
  const open = await transaction.query(
    `update yumagate.run set expires_at = expires_at + greatest(now() - $1::timestamptz, interval '0')
       where ended_at is null returning id`,
    [madeAt],
  )
  await transaction.query(
    `update yumagate.run_step s
       set status = case s.status when 'running' then 'ready' else s.status end, offered_at = '-infinity',
         due_at = least(s.due_at, now()), lease_until = null, lease_process = null
       from yumagate.run r where r.id = s.run_id and r.ended_at is null`,
  )
  const checks = await proveLedger(transaction)
  return {
    migrated: applied,
    holds: released ? Number(bigintOf(released, 'count')) : 0,
    openRuns: open.length,
    books: { holds: checks.every(({ passed }) => passed), checks },
  }
}
