/**
 * What a server's background processes do and single-user PostgreSQL does not: checkpoints, without which the write-ahead log grows for
 * ever, and vacuum, without which rows that change often leave their old versions behind.
 */
import { bigintOf, textOf } from '../columns.ts'
import type { Database } from '../database.ts'

/** Often enough that a busy minute leaves no gigabyte of log. */
const LOOK_EVERY_MS = 10_000

/** After that much log since the last one a checkpoint is made; recovery after a kill reads at most about this much. */
const CHECKPOINT_BYTES = 32n * 1024n * 1024n

/** Whose rows change or go, by schema and name. The journal only grows and needs none. */
const CHURNING = `
  select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and (n.nspname = 'bullmq'
      or (n.nspname = 'yumagate' and c.relname in ('purse', 'hold', 'run', 'run_step', 'run_event', 'document', 'file')))
    order by 1`

export type Maintenance = {
  /** Checkpoint and vacuum, whatever has been written. */
  run(): Promise<void>
  stop(): Promise<void>
}

export function startMaintenance(database: Database, logger: (line: string) => void): Maintenance {
  let last = 0n
  let turn: Promise<void> = Promise.resolve()

  const position = async (): Promise<bigint> => {
    const [row] = await database.query(`select (pg_current_wal_insert_lsn() - '0/0')::bigint as position`)
    return row ? bigintOf(row, 'position') : last
  }
  const run = async (): Promise<void> => {
    // One statement each, so that requests have their turn in between.
    for (const row of await database.query(CHURNING))
      await database.query(`vacuum (analyze) ${textOf(row, 'name')}`)
    await database.query('checkpoint')
    last = await position()
  }
  const look = async (): Promise<void> => {
    if ((await position()) - last > CHECKPOINT_BYTES) await run()
  }

  const timer = setInterval(() => {
    turn = turn
      .then(look)
      .catch((error: Error) => logger(`maintenance of the database failed: ${error.message}`))
  }, LOOK_EVERY_MS)
  timer.unref()
  return {
    run,
    async stop() {
      clearInterval(timer)
      await turn
    },
  }
}
