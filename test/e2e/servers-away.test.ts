/** What callers meet while a server is away, and afterwards. */
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type CutProxy, startCutProxy } from '../adapters/cut-proxy.ts'
import { NO_REDIS_PROGRAM, type OwnRedis, startRedis } from '../adapters/queue/redis-server.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from '../adapters/store/own-database.ts'
import { command, freshDirectory, launch, type RunningGateway, remove } from './gateway.ts'

const CHAT = { model: 'yuma-text', messages: [{ role: 'user', content: 'What is 2 plus 2?' }] }
const RUN = {
  version: 1,
  steps: [{ id: 'one', use: 'chat', with: { messages: CHAT.messages } }],
  output: { answer: { $from: '/steps/one/text' } },
}

let gateway: RunningGateway | undefined
let proxy: CutProxy | undefined
const directories: string[] = []
const newDirectory = (): string => {
  const directory = freshDirectory()
  directories.push(directory)
  return directory
}
afterEach(async () => {
  await gateway?.kill()
  await proxy?.close()
})
afterAll(() => {
  for (const directory of directories) remove(directory)
})

async function ask({ url, key }: RunningGateway, path: string, body?: unknown) {
  const answer = await fetch(`${url}${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const text = (await answer.json()) as Record<string, unknown>
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: text }
}

/** Asks again until the answer fits; what never fits ends with the test's own time. */
async function until<Result>(
  read: () => Promise<Result>,
  fits: (result: Result) => boolean,
): Promise<Result> {
  for (;;) {
    const result = await read()
    if (fits(result)) return result
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe.skipIf(NO_REDIS_PROGRAM !== null)(`Redis${NO_REDIS_PROGRAM ? ` (${NO_REDIS_PROGRAM})` : ''}`, () => {
  let redis: OwnRedis | undefined
  afterAll(() => redis?.stop())

  it('may go, and come back empty: chat goes on, runs are taken, and end once it is back', async () => {
    redis = await startRedis()
    proxy = await startCutProxy({ host: '127.0.0.1', port: redis.port })
    const env = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` }
    const running = await launch({ directory: newDirectory(), env })
    gateway = running
    proxy.set('refused')
    proxy.cut()
    const taken = await ask(running, '/v1/pipelines/runs', RUN)
    expect(taken.status).toBe(202)
    expect((await ask(running, '/v1/chat/completions', CHAT)).status).toBe(200)
    const ready = await until(
      () => ask(running, '/readyz'),
      ({ body }) => JSON.stringify(body).includes('"serving":false'),
    )
    // Ready all the same: a balancer that took every gateway away would end the chat, too.
    expect(ready).toMatchObject({ status: 200, body: { parts: { queue: { problem: expect.any(String) } } } })
    expect(JSON.stringify(ready.body)).not.toContain(String(proxy.port))

    redis.command('flushall')
    proxy.set('open')
    const ended = await until(
      () => ask(running, `/v1/pipelines/runs/${taken.body.id}`),
      ({ body }) => body.status === 'succeeded' || body.status === 'failed',
    )
    expect(ended.body).toMatchObject({ status: 'succeeded', output: { answer: '4' } })
    expect((await ask(running, '/v1/receipts')).body.data).toHaveLength(2)
    expect(await running.stop()).toBe(0)
  }, 120_000)
})

describe.skipIf(SERVER_URL === null)(
  `Postgres${SERVER_URL === null ? ' (TEST_DATABASE_URL is not set)' : ''}`,
  () => {
    let own: OwnDatabase | undefined
    afterAll(() => own?.drop())

    it('may go: callers get a 503 that says when to ask again, and service returns by itself', async () => {
      own = await makeDatabase()
      proxy = await startCutProxy(own.server)
      const url = new URL(own.url)
      url.host = `127.0.0.1:${proxy.port}`
      const env = { DATABASE_URL: url.href }
      const directory = newDirectory()
      const running = await launch({ directory, env })
      gateway = running
      expect((await ask(running, '/v1/chat/completions', CHAT)).status).toBe(200)
      proxy.set('refused')
      proxy.cut()
      const refused = await ask(running, '/v1/chat/completions', CHAT)
      expect(refused).toMatchObject({
        status: 503,
        retryAfter: expect.stringMatching(/^\d+$/),
        body: { error: { code: 'ledger_unavailable' } },
      })
      const away = await ask(running, '/readyz')
      expect(away).toMatchObject({ status: 503, body: { parts: { store: { ready: false } } } })
      expect(JSON.stringify(away.body)).not.toContain(String(proxy.port))
      expect((await fetch(`${running.url}/healthz`)).status).toBe(200)
      proxy.set('open')
      await until(
        () => ask(running, '/v1/chat/completions', CHAT),
        ({ status }) => status === 200,
      )
      await until(
        () => ask(running, '/readyz'),
        ({ status }) => status === 200,
      )
      expect((await ask(running, '/v1/receipts')).body.data).toHaveLength(2)
      expect(await running.stop()).toBe(0)
      const verified = await command(['ledger', 'verify'], { YUMAGATE_DATA_DIR: directory, ...env })
      expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('The books balance.') })
    }, 120_000)
  },
)
