/** `GET /healthz` (alive) and `GET /readyz` (can serve and charge, part by part). */
import { Hono } from 'hono'
import type { HttpEnv } from './http-env.ts'
import { replyJson } from './reply.ts'

/** One part of the gateway, as people and probes see it. */
export type PartState = {
  readonly ready: boolean
  /** What is wrong and what to do; null when nothing is. */
  readonly problem: string | null
} & Readonly<Record<string, unknown>>

export type HealthAppOptions = {
  readonly version: string
  /** Looks at every part now. */
  readonly readParts: () => Promise<Readonly<Record<string, PartState>>>
}

export function healthApp({ version, readParts }: HealthAppOptions) {
  return new Hono<HttpEnv>()
    .get('/healthz', (c) => replyJson(c, { status: 'ok', version }))
    .get('/readyz', async (c) => {
      const parts = await readParts()
      const ready = Object.values(parts).every((part) => part.ready)
      return replyJson(
        c,
        { ready, parts },
        { status: ready ? 200 : 503, headers: { 'cache-control': 'no-store' } },
      )
    })
}
