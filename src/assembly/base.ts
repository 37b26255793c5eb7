/** What everything else stands on: the store and the network, opened side by side. */
import { randomUUID } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type EmbeddedStore, openEmbeddedStore } from '../../adapters/store/embedded/open-embedded-store.ts'
import { Directory } from '../network/directory.ts'
import { readBearers, readSubnets, reasonOf, StartError } from './files.ts'
import type { StartOptions } from './gateway.ts'
import { connectNetwork } from './network.ts'

/** @throws StartError a file is wrong, the data directory cannot be had · Error the development network cannot be started */
export async function openBase(options: StartOptions) {
  const { config, files, progress } = options
  const subnets = readSubnets(config, files)
  const directory = new Directory({ file: subnets, bearers: readBearers(subnets) })
  checkDirectory(config.dataDirectory)
  const processId = randomUUID()
  progress('Opening the database and starting the development network …')
  const [opened, connected] = await Promise.allSettled([
    openStore(options, processId),
    connectNetwork(options),
  ])
  if (opened.status === 'fulfilled' && connected.status === 'fulfilled') {
    return { ...opened.value, network: connected.value, subnets, directory, processId }
  }
  if (opened.status === 'fulfilled') await opened.value.store.lifecycle.close()
  if (connected.status === 'fulfilled') await connected.value.close()
  throw opened.status === 'rejected' ? opened.reason : connected.status === 'rejected' && connected.reason
}

async function openStore({ config, files, log }: StartOptions, processId: string): Promise<EmbeddedStore> {
  try {
    return await openEmbeddedStore({
      directory: config.dataDirectory,
      workerFile: join(files.distDirectory, 'store-thread.mjs'),
      templateDirectory: join(files.distDirectory, 'template'),
      processId,
      logger: (line) => log.info({ part: 'store' }, line),
    })
  } catch (cause) {
    log.debug({ err: cause }, 'The store could not be opened.')
    throw new StartError(
      `The store cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

/** @throws StartError before anything is started */
function checkDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new StartError(
      `The data directory ${directory} (YUMAGATE_DATA_DIR) cannot be written: ${reasonOf(cause)}`,
    )
  }
}
