/** The services of compose.yaml, each by its own command and health check, in the order of `depends_on`, without containers. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRunFile } from '../../src/cli/run-file.ts'
import { startOrder } from '../compose/read-compose.ts'
import { hasRedis, NativeHost, postgresPrograms, type RunningService } from '../compose/run-natively.ts'
import { built } from './gateway.ts'

const missing = [...(hasRedis() ? [] : ['redis-server']), ...(postgresPrograms() ? [] : ['postgresql'])]
const isSkipped = missing.length > 0 && !process.env.CI
const because = isSkipped ? ` (skipped: ${missing.join(' and ')} not installed)` : ''

const hosts: NativeHost[] = []
const running: RunningService[] = []

beforeAll(() => built())
afterAll(async () => {
  await stopAll()
  for (const { scratch } of hosts)
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

const openHost = () => {
  const host = new NativeHost()
  hosts.push(host)
  return host
}

async function startAll(host: NativeHost, profile: string): Promise<string[]> {
  for (const [name, service] of startOrder(profile)) running.push(await host.start(name, service))
  return running.map(({ name }) => name)
}

/** In the opposite order. @returns exit codes by name */
async function stopAll(): Promise<Record<string, number | null>> {
  const codes: Record<string, number | null> = {}
  for (const service of running.splice(0).reverse()) codes[service.name] = await service.stop()
  return codes
}

async function connect(host: NativeHost, volume: string) {
  const key = readRunFile(join(host.scratch, volume))?.demoKey
  const url = `http://127.0.0.1:${await host.port('api')}`
  const call = async (path: string, body?: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, any> }
  }
  return { key, call }
}

const CHAT = { model: 'yuma-text', messages: [{ role: 'user', content: 'What is 12 times 7?' }] }
const RUN = {
  version: 1,
  steps: [
    { id: 'first', use: 'chat', with: { messages: [{ role: 'user', content: 'What is 12 times 7?' }] } },
    { id: 'second', use: 'text.concat', with: { parts: ['It is ', { $from: '/steps/first/text' }] } },
    { id: 'paint', use: 'image.generate', with: { prompt: 'a red fox under a tree', size: '256x256' } },
  ],
  output: { words: { $from: '/steps/second/text' }, picture: { $from: '/steps/paint/items/0/url' } },
}

describe.skipIf(isSkipped)(`docker compose --profile servers up${because}`, () => {
  const host = openHost()
  let before: Record<string, unknown>

  it('starts each service after those that it depends on, once these are healthy', async () => {
    expect(await startAll(host, 'servers')).toEqual(['postgres', 'redis', 'gateway', 'worker'])
  }, 300_000)

  it('answers a chat on Postgres and Redis', async () => {
    const { call } = await connect(host, 'gateway-data')
    const ready = await call('/readyz')
    expect(ready.body).toMatchObject({ ready: true })
    expect(JSON.stringify(ready.body.parts.store)).toContain('postgres')
    expect(JSON.stringify(ready.body.parts.queue)).toContain('redis')
    const { status, body } = await call('/v1/chat/completions', CHAT)
    expect([status, body.choices?.[0].message.content]).toEqual([200, '84'])
  })

  it('runs a pipeline, whose steps the worker alone can have done', async () => {
    const { call, key } = await connect(host, 'gateway-data')
    const { status, body } = await call('/v1/pipelines/runs?wait=30', RUN)
    expect([status, body.status]).toEqual([200, 'succeeded'])
    expect(body.output.words).toBe('It is 84')
    const picture = await fetch(body.output.picture, { headers: { authorization: `Bearer ${key}` } })
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png'])
    before = (await call('/v1/account')).body
  })

  it('ends each service with 0 on SIGTERM', async () => {
    expect(await stopAll()).toEqual({ worker: 0, gateway: 0, redis: 0, postgres: 0 })
  })

  it('keeps key and balance from one start to the next', async () => {
    const was = await connect(host, 'gateway-data')
    expect(was.key).toBeFalsy()
    await startAll(host, 'servers')
    const { call } = await connect(host, 'gateway-data')
    const { status, body } = await call('/v1/account')
    expect([status, body.available_rao, body.spent_rao]).toEqual([
      200,
      before.available_rao,
      before.spent_rao,
    ])
    await stopAll()
  }, 300_000)

  it('does not start a gateway whose secret is wrong, which says so without telling it', async () => {
    const [postgres, redis, gateway] = startOrder('servers')
    for (const [name, service] of [postgres!, redis!]) running.push(await host.start(name, service))
    host.clientPassword = 'the-wrong-secret'
    const failed = await host.start(...gateway!).then(
      () => 'it started',
      (error: Error) => error.message,
    )
    expect(failed).toMatch(/^ended with 1: gateway: .*The store cannot be opened: Postgres/s)
    expect(failed).not.toContain('the-wrong-secret')
    await stopAll()
  }, 120_000)
})

describe('docker compose --profile embedded up', () => {
  it('starts one service with everything inside, healthy by its own check, and ends it with 0', async () => {
    const host = openHost()
    expect(await startAll(host, 'embedded')).toEqual(['embedded'])
    const { call } = await connect(host, 'embedded-data')
    expect((await call('/v1/chat/completions', CHAT)).status).toBe(200)
    expect(await stopAll()).toEqual({ embedded: 0 })
  }, 200_000)
})
