/** Where everything is kept: picks the store, the queue's place and the place of files from the settings. */
import { join } from 'node:path'
import { directoryBlobs } from '../../adapters/blobs/directory.ts'
import { postgresBackend } from '../../adapters/queue/postgres-backend.ts'
import type { QueueBackend } from '../../adapters/queue/queue-backend.ts'
import { redisBackend } from '../../adapters/queue/redis-backend.ts'
import { openEmbeddedStore } from '../../adapters/store/embedded/open-embedded-store.ts'
import { NOBODY } from '../../adapters/store/no-lease-calls.ts'
import { openServerStore } from '../../adapters/store/server/open-server-store.ts'
import type { StoreBackup } from '../ports/backup.ts'
import type { LeaseCalls } from '../ports/lease-calls.ts'
import type { RateLimits } from '../ports/limits.ts'
import type { Blobs, Store } from '../ports/store.ts'
import { StartError } from './files.ts'
import type { StartOptions } from './gateway.ts'
import { openRedisLimits } from './redis-limits.ts'

export type StorageOptions = Pick<StartOptions, 'config' | 'files' | 'log'> & { readonly processId: string }

export type Storage = {
  readonly store: Store
  readonly backup: StoreBackup
  readonly blobs: Blobs
  readonly leaseCalls: LeaseCalls
  readonly queueBackend: QueueBackend
  /** Of keys: in Redis where there is one, else in the database. */
  readonly limits: RateLimits
  /** Ends the connections of the queue, then the store. After the lanes on the backend. */
  closeStorage(): Promise<void>
}

type OpenedStore = {
  readonly store: Store
  readonly backup: StoreBackup
  /** Where files lie when no folder is set. */
  readonly blobs: Blobs
  readonly leaseCalls: LeaseCalls
  /** For the queue, when it lies in the same database. */
  readonly queuePool: unknown
}

/** @throws StartError in one line, naming no secret: what is wrong with the store or the queue */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { config } = options
  const { store, backup, blobs, leaseCalls, queuePool } = await openStore(options, { isCommand: false })
  const queueBackend = await openQueueBackend(options, queuePool).catch(async (error: unknown) => {
    await store.lifecycle.close()
    throw error
  })
  const redis = config.redis === null ? null : openRedisLimits(config.redis)
  return {
    ...{ store, backup, leaseCalls },
    limits: redis?.limits ?? store.limits,
    blobs: config.blobDirectory === null ? blobs : directoryBlobs(config.blobDirectory),
    queueBackend,
    async closeStorage() {
      redis?.close()
      await queueBackend.close()
      await store.lifecycle.close()
    },
  }
}

/** What a command takes of a server's connections beside the processes that serve. */
const COMMAND_POOL = 2

/** The store alone, as for a command that reads or proves it. @throws StartError */
export async function openStore(
  options: StorageOptions,
  { isCommand }: { readonly isCommand: boolean },
): Promise<OpenedStore> {
  const { config, files, log, processId } = options
  const logger = (line: string) => log.info({ part: 'store' }, line)
  const { database, dataDirectory } = config
  try {
    if (database !== null) {
      const { poolMax, isPooled, ...server } = database
      return await openServerStore({
        ...{ server, isPooled, processId, logger },
        poolMax: isCommand ? COMMAND_POOL : poolMax,
        hasQueue: !isCommand && config.redis === null,
      })
    }
    const { store, backup, queuePool } = await openEmbeddedStore({
      directory: dataDirectory,
      workerFile: join(files.distDirectory, 'store-thread.mjs'),
      templateDirectory: join(files.distDirectory, 'template'),
      ...{ processId, logger },
    })
    const kept = { store, backup, queuePool, leaseCalls: NOBODY }
    return { ...kept, blobs: directoryBlobs(join(dataDirectory, 'blobs')) }
  } catch (cause) {
    log.debug({ err: cause }, 'The store could not be opened.')
    throw new StartError(`The store cannot be opened: ${textOf(cause)}`)
  }
}

async function openQueueBackend(
  { config, log }: StorageOptions,
  queuePool: OpenedStore['queuePool'],
): Promise<QueueBackend> {
  try {
    return config.redis === null ? await postgresBackend(queuePool) : await redisBackend(config.redis)
  } catch (cause) {
    log.debug({ err: cause }, 'The queue could not be opened.')
    throw new StartError(`The queue cannot be opened: ${textOf(cause)}`)
  }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
