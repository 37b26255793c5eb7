/** The store that needs nothing installed: PostgreSQL in WebAssembly, in a thread of this process, with its files in the data directory. */
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'
import type { StoreBackup } from '../../../src/ports/backup.ts'
import type { Store } from '../../../src/ports/store.ts'
import { embeddedSnapshots } from '../backup/snapshots.ts'
import { createStoreBackup } from '../backup/store-backup.ts'
import { openDatabase } from '../database.ts'
import { migrate } from '../migrate.ts'
import { createStore } from '../store.ts'
import { type DatabaseThread, startDatabaseThread } from './database-thread.ts'
import { lockDirectory } from './directory-lock.ts'
import { startMaintenance } from './maintenance.ts'
import { VirtualSocket } from './virtual-socket.ts'

/** Named after the version of PGlite whose files it holds: another version makes its own. */
export const TEMPLATE_NAME = 'pglite-0.5.16.tar.br'

/** A transaction that makes no statement for this long keeps everybody waiting and is ended. */
const IDLE_TRANSACTION_MS = 10_000

export type EmbeddedStoreOptions = {
  /** The data directory. The database lies in `pgdata/`, the lock in `lock/`. Made when it does not exist. */
  readonly directory: string
  /** The entry of the thread: `thread-main.ts`, bundled or plain. */
  readonly workerFile: URL | string
  /** Node's arguments for the thread; a loader for TypeScript in tests, else none. */
  readonly workerArguments?: readonly string[]
  /** Where the template of a fresh database is kept; null to do without, which makes each first start about 4 s longer. */
  readonly templateDirectory: string | null
  /** Names this process in what it holds and leases. */
  readonly processId: string
  /** Gets lines for people: what was migrated, why maintenance failed. */
  readonly logger?: (line: string) => void
  readonly idleTransactionMs?: number
  /** Leaves the schema as it is: for the store of another version that is only looked at. Default false. */
  readonly keepsSchema?: boolean
}

export type EmbeddedStore = {
  readonly store: Store
  readonly backup: StoreBackup
  /** Connections to the same database, for the adapter of the queue and for nobody else. Close the queue before the store. */
  readonly queuePool: pg.Pool
  /** Checkpoint and vacuum now, as the timer does. */
  maintain(): Promise<void>
}

/**
 * Opens the database in a data directory, makes it when there is none, and brings its schema up to date.
 *
 * @throws Error when another process has the directory, or its schema is newer than this code
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { processId, logger = () => {}, idleTransactionMs = IDLE_TRANSACTION_MS } = options
  const directory = resolve(options.directory)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const unlock = await lockDirectory(directory)
  let thread: DatabaseThread | null = null
  try {
    thread = await startDatabaseThread({
      workerFile: options.workerFile,
      execArgv: options.workerArguments ?? [],
      databaseDirectory: join(directory, 'pgdata'),
      templateFile: options.templateDirectory && join(resolve(options.templateDirectory), TEMPLATE_NAME),
      idleTransactionMs,
    })
    const { keepsSchema = false } = options
    return await serve(thread, { directory, processId, logger, unlock, keepsSchema })
  } catch (error) {
    await thread?.close()
    unlock()
    throw error
  }
}

/** Makes the template that first starts unpack. Does nothing when it is there. */
export async function buildTemplate(options: {
  readonly workerFile: URL | string
  readonly workerArguments?: readonly string[]
  readonly templateDirectory: string
}): Promise<void> {
  const templateDirectory = resolve(options.templateDirectory)
  mkdirSync(templateDirectory, { recursive: true })
  const directory = await mkdtemp(join(templateDirectory, '.building-'))
  try {
    const thread = await startDatabaseThread({
      workerFile: options.workerFile,
      execArgv: options.workerArguments ?? [],
      databaseDirectory: join(directory, 'pgdata'),
      templateFile: join(templateDirectory, TEMPLATE_NAME),
      idleTransactionMs: IDLE_TRANSACTION_MS,
    })
    await thread.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

type Parts = {
  readonly directory: string
  readonly processId: string
  readonly logger: (line: string) => void
  readonly unlock: () => void
  readonly keepsSchema: boolean
}

async function serve(thread: DatabaseThread, parts: Parts): Promise<EmbeddedStore> {
  const { directory, processId, logger, unlock, keepsSchema } = parts
  // Apart, so that a queue that takes many connections never leaves the ledger without one.
  const pool = openPool(thread, 16)
  const queuePool = openPool(thread, 100)
  const database = openDatabase(pool)
  const applied = keepsSchema ? [] : await migrate(database)
  if (applied.length > 0) logger(`schema: applied ${applied.join(', ')}`)
  const maintenance = startMaintenance(database, logger)
  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    await maintenance.stop()
    await pool.end()
    // Not awaited: a queue that was not closed before keeps connections that listen, and would keep us here for ever.
    void queuePool.end()
    await thread.close()
    unlock()
  }
  const store = createStore(database, {
    processId,
    state: () => ({
      kind: `pglite in ${directory}`,
      serving: closing === null && thread.problem() === null,
      problem: thread.problem(),
    }),
    close: () => {
      closing ??= close()
      return closing
    },
  })
  const backup = createStoreBackup(database, embeddedSnapshots(database))
  return { store, backup, queuePool, maintain: maintenance.run }
}

function openPool(thread: DatabaseThread, max: number): pg.Pool {
  const pool = new pg.Pool({
    stream: () => new VirtualSocket(thread),
    max,
    idleTimeoutMillis: 0, // Virtual connections cost nothing to keep, and their prepared statements are worth keeping.
    allowExitOnIdle: true,
    keepAlive: true, // Without it BullMQ takes the connection for one that may die silently, and polls.
    user: 'postgres',
    database: 'postgres',
    ssl: false,
  })
  pool.on('error', () => {
    // An idle connection ended with its database: whoever asks next gets the error, and the state says why.
  })
  pool.on('connect', (client) => {
    client.on('error', () => {
      // The same for one that is lent out. Without a listener the end of the database would be the end of the process.
    })
    // Whoever borrows a connection listens too.
    client.setMaxListeners(0)
  })
  // Each worker of the queue adds its own listener.
  pool.setMaxListeners(0)
  return pool
}
