/** The stores that all contracts run on. A server is one more row: set TEST_DATABASE_URL to a PostgreSQL that may create databases. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openDatabase } from '../../../adapters/store/database.ts'
import {
  type EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from '../../../adapters/store/embedded/open-embedded-store.ts'
import { migrate } from '../../../adapters/store/migrate.ts'
import { createStore } from '../../../adapters/store/store.ts'
import type { Store } from '../../../src/ports/store.ts'
import { fakeStore } from '../../fakes/store.ts'
import { CACHE_DIRECTORY, threadFile } from './thread-file.ts'

export const PROCESS_ID = 'process-1'

export type OpenStore = { readonly store: Store; readonly close: () => Promise<void> }

const SERVER_URL = process.env.TEST_DATABASE_URL

export const STORES: readonly {
  readonly name: string
  readonly open: () => Promise<OpenStore>
  /** Why it cannot run here; null when it can. */
  readonly skip: string | null
}[] = [
  { name: 'memory', open: openFake, skip: null },
  { name: 'pglite', open: openEmbedded, skip: null },
  {
    name: 'postgres',
    open: () => openServer(SERVER_URL ?? ''),
    skip: SERVER_URL ? null : 'TEST_DATABASE_URL is not set',
  },
]

async function openFake(): Promise<OpenStore> {
  const store = fakeStore({ processId: PROCESS_ID })
  return { store, close: () => store.lifecycle.close() }
}

async function openEmbedded(): Promise<OpenStore> {
  const directory = await temporaryDirectory()
  const { store } = await openEmbeddedAt(directory)
  return {
    store,
    async close() {
      await store.lifecycle.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The embedded store in a directory of the test's, its template in a cache that all tests share. */
export async function openEmbeddedAt(
  directory: string,
  more: Partial<EmbeddedStoreOptions> = {},
): Promise<EmbeddedStore> {
  return openEmbeddedStore({
    directory,
    workerFile: await threadFile(),
    templateDirectory: CACHE_DIRECTORY,
    processId: PROCESS_ID,
    ...more,
  })
}

export const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'yumagate-store-'))

/** A database of its own on the server, dropped in the end. */
async function openServer(url: string): Promise<OpenStore> {
  const name = `yumagate_test_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(`create database ${name}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: own.href, max: 10 })
  const database = openDatabase(pool)
  await migrate(database)
  let closed = false
  const store = createStore(database, {
    processId: PROCESS_ID,
    state: () => ({ kind: 'postgres', serving: !closed, problem: null }),
    async close() {
      closed = true
      await pool.end()
    },
  })
  return {
    store,
    async close() {
      await store.lifecycle.close()
      await admin.query(`drop database ${name}`)
      await admin.end()
    },
  }
}
