/** The store on a PostgreSQL server, shared by any number of processes. */
import type pg from 'pg'
import type { StoreBackup } from '../../../src/ports/backup.ts'
import type { LeaseCalls } from '../../../src/ports/lease-calls.ts'
import type { Blobs, Store } from '../../../src/ports/store.ts'
import { serverSnapshots } from '../backup/snapshots.ts'
import { createStoreBackup } from '../backup/store-backup.ts'
import { createBlobs } from '../blobs.ts'
import { integerOf, textOf } from '../columns.ts'
import { type Database, lossOf, openDatabase } from '../database.ts'
import { migrate } from '../migrate.ts'
import { NOBODY } from '../no-lease-calls.ts'
import { createStore } from '../store.ts'
import { checkConnections } from './check-connections.ts'
import { openLeaseCalls } from './lease-calls.ts'
import {
  openServerPool,
  QUEUE_POOL_MAX,
  SERVER_LIMITS,
  type ServerAddress,
  type ServerLimits,
} from './server-pool.ts'
import { reasonOf, watchDatabase } from './watch-database.ts'

export type ServerStoreOptions = {
  readonly server: ServerAddress
  /** Most connections for everything but the queue. */
  readonly poolMax: number
  /** Whether a pooler stands before it that gives each transaction another session: nothing is then kept in one. */
  readonly isPooled?: boolean
  /** Whether the queue lies there too, with connections of its own. */
  readonly hasQueue: boolean
  /** Names this process in what it holds and leases. */
  readonly processId: string
  /** Gets lines for people: what was migrated, that the server went away and came back. */
  readonly logger?: (line: string) => void
  readonly limits?: Partial<ServerLimits>
  /** Leaves the schema as it is: for the store of another version that is only looked at. Default false. */
  readonly keepsSchema?: boolean
}

export type ServerStore = {
  readonly store: Store
  readonly backup: StoreBackup
  /** The database behind the store. */
  readonly database: Database
  /** Content of files in the same database. */
  readonly blobs: Blobs
  /** Calls to the other processes on the same database. */
  readonly leaseCalls: LeaseCalls
  /** Connections for the adapter of the queue and for nobody else; none is opened before it is used. Close the queue before the store. */
  readonly queuePool: pg.Pool
}

/** The oldest that Debian still carries, and what the statements are tested on. */
const VERSION_LEAST = 150_000

/**
 * Connects, refuses what cannot work, and brings the schema up to date.
 *
 * @throws Error in one clear line, without a password: the server is out of reach, too old, has too few connections, or a newer schema
 */
export async function openServerStore(options: ServerStoreOptions): Promise<ServerStore> {
  const { server, poolMax, hasQueue, processId, isPooled = false, logger = () => {} } = options
  const limits = { ...SERVER_LIMITS, ...options.limits }
  const common = { processId, isQueue: false, isPooled, limits }
  // One more, which listens to the other processes.
  const ownMax = poolMax + (isPooled ? 0 : 1)
  const pool = openServerPool(server, { max: ownMax, ...common })
  const queuePool = openServerPool(server, { max: QUEUE_POOL_MAX, ...common, isQueue: true })
  try {
    const plain = openDatabase(pool, { isPrepared: !isPooled })
    const version = await readVersion(plain)
    // Behind a pooler the server's connections are the pooler's to count.
    if (!isPooled) await checkConnections(plain, { perProcess: ownMax + (hasQueue ? QUEUE_POOL_MAX : 0) })
    const applied = options.keepsSchema === true ? [] : await migrate(plain)
    if (applied.length > 0) logger(`schema: applied ${applied.join(', ')}`)
    const watched = watchDatabase(plain, logger)
    const calls = isPooled ? null : openLeaseCalls(pool, { database: watched.database, processId })
    let closing: Promise<void> | null = null
    const close = async (): Promise<void> => {
      watched.stop()
      calls?.close()
      // Not awaited: a queue that was not closed before keeps connections that listen, and would keep us here for ever.
      if (!queuePool.ending) void queuePool.end()
      await pool.end()
    }
    const store = createStore(watched.database, {
      processId,
      state: () => ({
        kind: `postgres ${Math.trunc(version / 10_000)}`,
        serving: closing === null && watched.problem() === null,
        problem: closing === null ? watched.problem() : 'closed',
      }),
      close: () => {
        closing ??= close()
        return closing
      },
    })
    const backup = createStoreBackup(watched.database, serverSnapshots(watched.database))
    return {
      store,
      backup,
      database: watched.database,
      blobs: createBlobs(watched.database),
      leaseCalls: calls ?? NOBODY,
      queuePool,
    }
  } catch (error) {
    await Promise.all([pool.end(), queuePool.end()])
    throw lossOf(error) ? new Error(`Postgres does not serve: ${reasonOf(error)}`, { cause: error }) : error
  }
}

async function readVersion(database: Database): Promise<number> {
  const [row] = await database.query(
    `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`,
  )
  if (!row) throw new Error('Postgres does not say its version')
  const version = integerOf(row, 'version')
  if (version < VERSION_LEAST)
    throw new Error(`Postgres is of version ${version / 10_000}; it must be 15 or later`)
  const encoding = textOf(row, 'encoding')
  if (encoding !== 'UTF8')
    throw new Error(`the database is encoded in ${encoding}; make one with encoding UTF8`)
  return version
}
