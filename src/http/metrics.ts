/** `GET /metrics` in Prometheus' text format, for who has a token; and the names of routes that its labels use. */
import { Hono } from 'hono'
import type { Metrics, PartStates } from '../ports/metrics.ts'
import { guardAdmin } from './admin-guard.ts'
import type { HttpEnv } from './http-env.ts'
import { replyBytes } from './reply.ts'

export type MetricsAppOptions = {
  readonly metrics: Pick<Metrics, 'write'>
  /** Looks at every part now. */
  readonly readStates: () => Promise<PartStates>
  /** Each of them opens it. */
  readonly tokens: readonly string[]
  /** The name that it listens on. */
  readonly host: string
}

export function metricsApp({ metrics, readStates, tokens, host }: MetricsAppOptions) {
  return new Hono<HttpEnv>().get('/', guardAdmin(tokens, host), async (c) => {
    const { type, text } = await metrics.write(await readStates())
    return replyBytes(c, text, { type })
  })
}

const EXACT = new Set([
  '/healthz',
  '/readyz',
  '/v1/account',
  '/v1/audio/transcriptions',
  '/v1/chat/completions',
  '/v1/files',
  '/v1/images/generations',
  '/v1/models',
  '/v1/pipelines/runs',
  '/v1/receipts',
])

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/^\/v1\/pipelines\/runs\/[^/]+$/, '/v1/pipelines/runs/{run}'],
  [/^\/v1\/pipelines\/runs\/[^/]+\/events$/, '/v1/pipelines/runs/{run}/events'],
  [/^\/v1\/pipelines\/runs\/[^/]+\/cancel$/, '/v1/pipelines/runs/{run}/cancel'],
  [/^\/v1\/files\/[^/]+$/, '/v1/files/{file}'],
  [/^\/v1\/files\/[^/]+\/content$/, '/v1/files/{file}/content'],
  [/^\/v1\/receipts\/[^/]+$/, '/v1/receipts/{receipt}'],
  [/^\/v1\/models\/.+$/, '/v1/models/{model}'],
]

/** The route of openapi.yaml that a path belongs to: a label must not have as many values as callers can think of. */
export function routeOf(path: string): string {
  if (EXACT.has(path)) return path
  return PATTERNS.find(([pattern]) => pattern.test(path))?.[1] ?? 'other'
}
