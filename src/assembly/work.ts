/** What works on runs in every process, with or without an API in front: files, their links, and the pipelines themselves. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTypedPlanner } from '../../routers/planner/typed.ts'
import type { PriceBook } from '../billing/price-book.ts'
import { systemTiming } from '../billing/timing.ts'
import { createContract } from '../http/contract.ts'
import { FileShelf } from '../http/file-shelf.ts'
import { createSignedLinks } from '../http/signed-links.ts'
import type { Directory } from '../network/directory.ts'
import { createPipelines } from '../pipeline/pipelines.ts'
import type { Media } from '../ports/media.ts'
import type { StepQueue } from '../ports/queue.ts'
import type { Blobs, Store } from '../ports/store.ts'
import type { buildCore } from './core.ts'
import type { StartOptions } from './gateway.ts'

export type WorkOptions = Pick<StartOptions, 'config' | 'files' | 'log'> & {
  readonly processId: string
  readonly isAlone: boolean
  readonly isWorking: boolean
  readonly store: Store
  readonly blobs: Blobs
  readonly linkSecret: Uint8Array
  readonly directory: Directory
  readonly core: ReturnType<typeof buildCore>
  readonly prices: PriceBook
  readonly media: Media
  readonly queue: StepQueue
  /** Address of this process's API; empty without one. */
  readonly baseUrl: () => string
  readonly readGenesisHash: () => string | null
}

export type Work = ReturnType<typeof buildWork>

export function buildWork(options: WorkOptions) {
  const { config, files, log, store, directory, core, media } = options
  const contract = createContract(readFileSync(join(files.rootDirectory, 'openapi.yaml'), 'utf8'))
  const shelf = new FileShelf({
    files: store.files,
    blobs: options.blobs,
    links: createSignedLinks({ secret: options.linkSecret, wallMs: Date.now }),
    wallMs: Date.now,
    publicUrl: config.publicUrl,
    accountBytesMax: config.accountFileBytesMax,
    baseUrl: options.baseUrl,
  })
  const { performer, meter } = core
  const pipelines = createPipelines({
    ...{ contract, directory, media, meter, performer, log, files: shelf },
    ...{ prices: options.prices, queue: options.queue, processId: options.processId },
    ...{ isAlone: options.isAlone, isWorking: options.isWorking },
    planner: createTypedPlanner(),
    runs: store.runs,
    timing: systemTiming,
    random: (sizeBytes) => randomBytes(sizeBytes),
    readGenesisHash: options.readGenesisHash,
    recall: core.purse.recall,
  })
  return { contract, shelf, pipelines }
}
