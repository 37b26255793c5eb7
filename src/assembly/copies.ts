/** The stores that the commands for copies work on: the running gateway's, the one of the settings, and an earlier one to compare with. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { directoryBlobs } from '../../adapters/blobs/directory.ts'
import { openEmbeddedStore } from '../../adapters/store/embedded/open-embedded-store.ts'
import { openServerStore } from '../../adapters/store/server/open-server-store.ts'
import { exportLedger } from '../backup/export-ledger.ts'
import { writeBackup } from '../backup/write-backup.ts'
import { streamAdmin } from '../cli/admin-client.ts'
import type { CopyPlace, OpenedCopyStore } from '../cli/backup-commands.ts'
import { findRunning } from '../cli/run-file.ts'
import { type Config, readConfig } from '../config.ts'
import type { Logger } from '../ports/logger.ts'
import { type ProgramFiles, StartError } from './files.ts'
import { openStore } from './storage.ts'

const ignore = () => undefined
const NO_LOG: Logger = { error: ignore, warn: ignore, info: ignore, debug: ignore }

export function createCopyPlace({
  config,
  files,
  version,
}: {
  readonly config: Config
  readonly files: ProgramFiles
  readonly version: string
}): CopyPlace {
  const open = async (): Promise<OpenedCopyStore> => {
    const options = { config, files, log: NO_LOG, processId: randomUUID() }
    const opened = await openStore(options, { isCommand: true })
    const { store, backup } = opened
    const folder = config.blobDirectory === null ? null : directoryBlobs(config.blobDirectory)
    const blobs = folder ?? opened.blobs
    const isInDatabase = folder === null && config.database !== null
    const close = () => store.lifecycle.close()
    return { backup, blobs, writeContent: isInDatabase ? null : blobs.write, close }
  }
  /** On a server the rows are read there. The embedded ones are its gateway's while one runs. */
  const running = () => (config.database === null ? findRunning(config.dataDirectory) : null)
  const copy =
    (path: string, make: (opened: OpenedCopyStore, write: Write) => Promise<void>) =>
    async (write: Write) => {
      const run = running()
      if (run) {
        for await (const bytes of streamAdmin(run, path)) await write(bytes)
        return
      }
      const opened = await open()
      try {
        await make(opened, write)
      } finally {
        await opened.close()
      }
    }
  return {
    backup: copy('/backup', ({ backup, blobs }, write) => writeBackup({ backup, blobs, version }, write)),
    exportLedger: copy('/ledger/export', ({ backup }, write) => exportLedger(backup, write)),
    open,
    openPrevious: (place) => openPrevious(place, { config, files }),
  }
}

type Write = (bytes: Uint8Array) => Promise<void>

/** Leaves its schema as it is, so that its own version can still use it. @throws StartError */
async function openPrevious(
  place: string,
  { config, files }: { readonly config: Config; readonly files: ProgramFiles },
): Promise<Pick<OpenedCopyStore, 'backup' | 'close'>> {
  const processId = randomUUID()
  try {
    if (/^postgres(ql)?:/.test(place)) {
      const { database } = readConfig({ DATABASE_URL: place })
      if (database === null) throw new Error('it is no address of a Postgres')
      const { poolMax: _, isPooled, ...server } = database
      const { store, backup } = await openServerStore({
        ...{ server, isPooled, processId, poolMax: 2, hasQueue: false, keepsSchema: true },
      })
      return { backup, close: () => store.lifecycle.close() }
    }
    const directory = resolve(place)
    if (!existsSync(join(directory, 'pgdata'))) throw new Error('there is no embedded database in it')
    if (config.database === null && directory === resolve(config.dataDirectory))
      throw new Error('it is the one that is restored into')
    const { store, backup } = await openEmbeddedStore({
      ...{ directory, processId, keepsSchema: true, templateDirectory: null },
      workerFile: join(files.distDirectory, 'store-thread.mjs'),
    })
    return { backup, close: () => store.lifecycle.close() }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StartError(`The previous store cannot be opened: ${why}`)
  }
}
