/** What everything else stands on: what is kept, and the network, opened side by side. */
import { randomUUID } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { Directory } from '../network/directory.ts'
import { readBearers, readSubnets, reasonOf, StartError } from './files.ts'
import type { StartOptions } from './gateway.ts'
import { connectNetwork } from './network.ts'
import { openStorage } from './storage.ts'

/** @throws StartError a file is wrong, the data directory cannot be had · Error the development network cannot be started */
export async function openBase(options: StartOptions) {
  const { config, files, progress } = options
  const subnets = readSubnets(config, files)
  const directory = new Directory({
    file: subnets,
    bearers: readBearers(subnets),
    ownAddresses: readOwnAddresses(),
  })
  checkDirectory(config.dataDirectory, 'data directory', 'YUMAGATE_DATA_DIR')
  if (config.blobDirectory !== null)
    checkDirectory(config.blobDirectory, 'folder of files', 'YUMAGATE_BLOB_DIR')
  const processId = randomUUID()
  progress('Opening the database and starting the development network …')
  const [opened, connected] = await Promise.allSettled([
    openStorage({ ...options, processId }),
    connectNetwork(options),
  ])
  if (opened.status === 'fulfilled' && connected.status === 'fulfilled') {
    return { ...opened.value, network: connected.value, subnets, directory, processId }
  }
  if (opened.status === 'fulfilled') await opened.value.closeStorage()
  if (connected.status === 'fulfilled') await connected.value.close()
  throw opened.status === 'rejected' ? opened.reason : connected.status === 'rejected' && connected.reason
}

/** @throws StartError before anything is started */
function checkDirectory(directory: string, name: string, setting: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new StartError(`The ${name} ${directory} (${setting}) cannot be written: ${reasonOf(cause)}`)
  }
}

function readOwnAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
  )
}
