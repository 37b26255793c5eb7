/** The face: what the API's apps are given. */
import { systemTiming } from '../billing/timing.ts'
import type { AppOptions } from '../http/app.ts'
import type { PartState } from '../http/health.ts'
import type { RunningSignals } from '../http/running-signals.ts'
import type { Directory } from '../network/directory.ts'
import type { Media } from '../ports/media.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { buildCore } from './core.ts'
import type { StartOptions } from './gateway.ts'
import type { Work } from './work.ts'

export type FaceOptions = StartOptions & {
  readonly metrics: Metrics
  readonly directory: Directory
  readonly core: ReturnType<typeof buildCore>
  readonly work: Work
  readonly media: Media
  readonly signals: RunningSignals
  readonly readiness: () => Promise<Readonly<Record<string, PartState>>>
  readonly readGenesisHash: () => string | null
}

/** Unix seconds that models are said to be from: the day of the first version, the same from call to call. */
const MODELS_CREATED_S = 1_764_028_800

export function buildFace(options: FaceOptions) {
  const { config, log, directory, core, media, signals } = options
  const { contract, shelf, pipelines } = options.work
  const { pay, performer, meter } = core
  const common = { contract, directory, signals }
  const { jsonBytesMax, uploadBytesMax } = config
  const app: AppOptions = {
    accounts: core.accounts,
    log,
    keyDoor: { limits: core.limits, timing: systemTiming, trustedProxies: config.trustedProxies },
    chat: { ...common, media, jsonBytesMax, complete: { ...pay, performer, meter, wallMs: Date.now } },
    audio: { ...common, media, pay, performer, uploadBytesMax },
    images: { ...common, shelf, jsonBytesMax, paint: { ...pay, performer, media }, wallMs: Date.now },
    files: { contract, shelf, uploadBytesMax },
    pipelines: { pipelines, signals },
    models: { directory, readPrices: pay.readPrices, createdS: MODELS_CREATED_S },
    account: { ledger: core.ledger, readGenesisHash: options.readGenesisHash },
    metrics: options.metrics,
    health: { version: options.version, readParts: options.readiness },
  }
  return {
    app,
    /** Once the doors are open: neither the first request nor the start waits for it. */
    warm: () => void setImmediate(() => contract.warm()),
  }
}
