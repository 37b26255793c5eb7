/** Who gets to see metrics, and which routes they name. */
import { readFileSync } from 'node:fs'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { HttpEnv } from '../../../src/http/http-env.ts'
import { metricsApp, routeOf } from '../../../src/http/metrics.ts'
import { replyError } from '../../../src/http/reply.ts'
import { RunningSignals } from '../../../src/http/running-signals.ts'
import { type Served, serveApp } from '../../../src/http/serve.ts'
import type { PartStates } from '../../../src/ports/metrics.ts'

let served: Served | null = null
afterEach(async () => {
  await served?.close(0)
  served = null
})

async function ask(headers: Record<string, string>) {
  const app = new Hono<HttpEnv>()
  app.onError((error, c) => replyError(c, error))
  app.route(
    '/metrics',
    metricsApp({
      metrics: { write: async () => ({ type: 'text/plain; version=0.0.4', text: 'up 1\n' }) },
      readStates: async () => ({}) as PartStates,
      tokens: ['admin-token', 'metrics-token'],
      host: '127.0.0.1',
    }),
  )
  served = await serveApp(app, {
    host: '127.0.0.1',
    port: 0,
    signals: new RunningSignals({ requestTimeoutMs: 10_000 }),
  })
  return await fetch(`${served.url}/metrics`, { headers })
}

describe('200', () => {
  it.each(['admin-token', 'metrics-token'])('for %s', async (token) => {
    const answer = await ask({ authorization: `Bearer ${token}` })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(await answer.text()).toBe('up 1\n')
  })
})

describe('401', () => {
  it.each([{}, { authorization: 'Bearer other' }, { authorization: 'Basic YTpi' }])(
    'for %j',
    async (headers) => {
      expect((await ask(headers as Record<string, string>)).status).toBe(401)
    },
  )
})

it('names the route of every path of openapi.yaml, and of nothing else', () => {
  const paths = Object.keys(parse(readFileSync('openapi.yaml', 'utf8')).paths)
  expect(paths.map((path) => routeOf(path.replaceAll(/\{\w+\}/g, 'some-id')))).toEqual(paths)
  expect(routeOf('/v1/models/with/a/slash')).toBe('/v1/models/{model}')
  for (const path of ['/', '/v1', '/v1/chat', '/v1/files/a/b', '/v1/pipelines/runs/a/b', '/wp-login.php'])
    expect(routeOf(path)).toBe('other')
})
