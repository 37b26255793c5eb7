/** The face: what the API's apps are given, and the pipelines that run behind one of them. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTypedPlanner } from '../../routers/planner/typed.ts'
import type { PriceBook } from '../billing/price-book.ts'
import { systemTiming } from '../billing/timing.ts'
import type { AppOptions } from '../http/app.ts'
import { createContract } from '../http/contract.ts'
import { FileShelf } from '../http/file-shelf.ts'
import type { PartState } from '../http/health.ts'
import type { RunningSignals } from '../http/running-signals.ts'
import { createSignedLinks } from '../http/signed-links.ts'
import type { Directory } from '../network/directory.ts'
import { createPipelines } from '../pipeline/pipelines.ts'
import type { Media } from '../ports/media.ts'
import type { StepQueue } from '../ports/queue.ts'
import type { Blobs, Store } from '../ports/store.ts'
import type { buildCore } from './core.ts'
import type { StartOptions } from './gateway.ts'
import { openSecret } from './secrets.ts'

export type FaceOptions = StartOptions & {
  readonly processId: string
  readonly store: Store
  readonly blobs: Blobs
  readonly directory: Directory
  readonly core: ReturnType<typeof buildCore>
  readonly prices: PriceBook
  readonly media: Media
  readonly queue: StepQueue
  readonly signals: RunningSignals
  readonly readiness: () => Promise<Readonly<Record<string, PartState>>>
  readonly baseUrl: () => string
  readonly readGenesisHash: () => string | null
}

/** Unix seconds that models are said to be from: the day of the first version, the same from call to call. */
const MODELS_CREATED_S = 1_764_028_800

export function buildFace(options: FaceOptions) {
  const { config, files, log, store, directory, core, media, signals } = options
  const contract = createContract(readFileSync(join(files.rootDirectory, 'openapi.yaml'), 'utf8'))
  const links = createSignedLinks({
    secret: openSecret(join(config.dataDirectory, 'link-secret')),
    wallMs: Date.now,
  })
  const shelf = new FileShelf({
    files: store.files,
    blobs: options.blobs,
    links,
    wallMs: Date.now,
    baseUrl: options.baseUrl,
  })
  const { pay, performer, meter } = core
  const pipelines = createPipelines({
    ...{ contract, directory, media, meter, performer, log, files: shelf },
    ...{ prices: options.prices, queue: options.queue, processId: options.processId },
    planner: createTypedPlanner(),
    runs: store.runs,
    timing: systemTiming,
    random: (sizeBytes) => randomBytes(sizeBytes),
    isAlone: true,
    readGenesisHash: options.readGenesisHash,
    recall: core.purse.recall,
  })
  const common = { contract, directory, signals }
  const { jsonBytesMax, uploadBytesMax } = config
  const app: AppOptions = {
    accounts: core.accounts,
    log,
    chat: { ...common, media, jsonBytesMax, complete: { ...pay, performer, meter, wallMs: Date.now } },
    audio: { ...common, media, pay, performer, uploadBytesMax },
    images: { ...common, shelf, jsonBytesMax, paint: { ...pay, performer, media }, wallMs: Date.now },
    files: { contract, shelf, uploadBytesMax },
    pipelines: { pipelines, signals },
    models: { directory, readPrices: pay.readPrices, createdS: MODELS_CREATED_S },
    account: { ledger: core.ledger, readGenesisHash: options.readGenesisHash },
    health: { version: options.version, readParts: options.readiness },
  }
  return {
    app,
    start() {
      pipelines.start()
      // After the doors are open: neither the first request nor the start waits for it.
      setImmediate(() => contract.warm())
    },
    async close(drainMs: number) {
      await pipelines.close(drainMs)
    },
  }
}
