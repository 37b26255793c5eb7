/** Starts a worker: a process that works on steps and does its part for the others, without an API. */

import { RunningSignals } from '../http/running-signals.ts'
import { type Served, serveApp } from '../http/serve.ts'
import { createWorkerApp } from '../http/worker-app.ts'
import { explainAddress } from './doors.ts'
import { StartError } from './files.ts'
import { announceEnd, CLOSE_MS_LEAST, type StartOptions } from './gateway.ts'
import { openParts } from './parts.ts'
import { readStates } from './states.ts'

export type RunningWorker = {
  /** Of `healthz` and `readyz`. */
  readonly url: string
  /** Milliseconds that the start took. */
  readonly tookMs: number
  /** Says no to `readyz` for `noticeMs`, gives running steps `drainMs` to end, gives back the others, and ends every part. */
  close(drainMs: number, noticeMs: number): Promise<void>
}

/** @throws StartError with the embedded store, or as for a gateway */
export async function startWorker(options: StartOptions): Promise<RunningWorker> {
  const { config, log, version } = options
  const startedMs = performance.now()
  if (config.database === null) {
    throw new StartError(
      'yumagate worker needs DATABASE_URL: the embedded database is of one process, whose gateway has a worker inside.',
    )
  }
  if (config.chainEndpoints === null) {
    throw new StartError(
      'yumagate worker needs YUMAGATE_CHAIN_ENDPOINTS: it starts no development network. run.json of the gateway that did names its chain.',
    )
  }
  const parts = await openParts({ ...options, role: 'worker', isWorking: true })
  const { pipelines } = parts.work
  const app = createWorkerApp({
    health: { version, readParts: parts.readiness },
    metrics:
      config.metricsToken === null
        ? null
        : {
            ...{ metrics: parts.metrics, tokens: [config.metricsToken], host: config.host },
            readStates: () => readStates(parts, { runningRequests: 0, bodyBytes: 0 }),
          },
    log,
  })
  const door = await openDoor(app, options).catch(async (error: unknown) => {
    await parts.closeRest(0)
    throw error
  })
  pipelines.start()
  parts.core.meter
    .ready()
    .catch((err: unknown) => log.error({ err }, 'The tokenizer could not be loaded; it is tried again.'))
  return {
    url: door.url,
    tookMs: performance.now() - startedMs,
    async close(drainMs, noticeMs) {
      await announceEnd(parts, noticeMs)
      const deadlineMs = performance.now() + drainMs
      await pipelines.close(drainMs)
      await parts.closeRest(Math.max(CLOSE_MS_LEAST, deadlineMs - performance.now()))
      await door.close(0)
    },
  }
}

async function openDoor(app: ReturnType<typeof createWorkerApp>, { config }: StartOptions): Promise<Served> {
  const { host, workerPort: port, requestTimeoutMs } = config
  const signals = new RunningSignals({ requestTimeoutMs })
  return serveApp(app, { host, port, signals }).catch((error: unknown) => {
    throw explainAddress(error, { host, port, setting: 'YUMAGATE_WORKER_PORT' })
  })
}
