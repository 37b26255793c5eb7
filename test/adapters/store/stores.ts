/** The stores that all contracts run on. A server is one more row: set TEST_DATABASE_URL to a PostgreSQL that may create databases. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from '../../../adapters/store/embedded/open-embedded-store.ts'
import { openServerStore } from '../../../adapters/store/server/open-server-store.ts'
import type { Store } from '../../../src/ports/store.ts'
import { fakeStore } from '../../fakes/store.ts'
import { IS_POOLED, makeDatabase, SERVER_URL } from './own-database.ts'
import { CACHE_DIRECTORY, threadFile } from './thread-file.ts'

export const PROCESS_ID = 'process-1'

export type OpenStore = { readonly store: Store; readonly close: () => Promise<void> }

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
    open: openServer,
    skip: SERVER_URL === null ? 'TEST_DATABASE_URL is not set' : null,
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
async function openServer(): Promise<OpenStore> {
  const own = await makeDatabase()
  const { store } = await openServerStore({
    ...{ server: own.server, poolMax: 10, hasQueue: false, processId: PROCESS_ID, isPooled: IS_POOLED },
  })
  return {
    store,
    async close() {
      await store.lifecycle.close()
      await own.drop()
    },
  }
}
