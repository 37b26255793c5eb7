import { afterEach, describe, expect, it } from 'vitest'
import type { PartState } from '../../../src/http/health.ts'
import { RunningSignals } from '../../../src/http/running-signals.ts'
import { type Served, serveApp } from '../../../src/http/serve.ts'
import { createWorkerApp } from '../../../src/http/worker-app.ts'
import { keptLog } from '../billing/manual-timing.ts'

let served: Served | null = null
afterEach(async () => {
  await served?.close(0)
  served = null
})

async function open(readParts: () => Promise<Readonly<Record<string, PartState>>>) {
  const log = keptLog()
  served = await serveApp(createWorkerApp({ health: { version: '1.2.3', readParts }, log }), {
    ...{ host: '127.0.0.1', port: 0 },
    signals: new RunningSignals({ requestTimeoutMs: 1_000 }),
  })
  return { log, get: (path: string) => fetch(`${served?.url}${path}`) }
}

const ready = { ready: true, problem: null }

describe('a worker', () => {
  it('200: says that it lives, and that it can work', async () => {
    const { get } = await open(async () => ({ store: ready }))
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok', version: '1.2.3' })
    const answer = await get('/readyz')
    expect([answer.status, await answer.json()]).toEqual([200, { ready: true, parts: { store: ready } }])
  })

  it('503: says what it lacks', async () => {
    const store = { ready: false, problem: 'does not answer' }
    const { get } = await open(async () => ({ store, queue: ready }))
    const answer = await get('/readyz')
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { ready: false, parts: { store, queue: ready } },
    ])
  })

  it('404: has no API, and says where it is', async () => {
    const { get } = await open(async () => ({}))
    const answer = await get('/v1/chat/completions')
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({
      error: { code: 'not_found', message: expect.stringContaining('gateway') },
    })
  })

  it('500: tells nothing of what went wrong inside but to the log', async () => {
    const { get, log } = await open(async () => {
      throw new Error('secret')
    })
    const answer = await get('/readyz')
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('secret')
    expect(log.lines.some((line) => line.startsWith('error'))).toBe(true)
  })
})
