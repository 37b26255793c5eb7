/** What a worker serves: whether it lives, and whether it can work. */
import { Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Logger } from '../ports/logger.ts'
import { type HealthAppOptions, healthApp } from './health.ts'
import type { HttpEnv } from './http-env.ts'
import { type MetricsAppOptions, metricsApp } from './metrics.ts'
import { replyError } from './reply.ts'

export type WorkerAppOptions = {
  readonly health: HealthAppOptions
  /** Null without a token for them: a worker has no admin API. */
  readonly metrics?: MetricsAppOptions | null
  readonly log: Logger
}

/** @returns the app; serve it with `serveApp` */
export function createWorkerApp({ health, metrics, log }: WorkerAppOptions) {
  const app = new Hono<HttpEnv>()
  app.use(async (c, next) => {
    c.set('requestId', 'req_worker')
    await next()
  })
  app.route('/', healthApp(health))
  if (metrics) app.route('/metrics', metricsApp(metrics))
  app.notFound((c) =>
    replyError(
      c,
      new GatewayError('not_found', 'A worker has /healthz and /readyz. The API is at a gateway.'),
    ),
  )
  app.onError((thrown, c) => {
    const error = GatewayError.from(thrown)
    log.error({ code: error.code, err: error.cause }, error.message)
    return replyError(c, error)
  })
  return app
}
