/** The same program on the embedded database, on Postgres, and each with the queue in Redis. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { REDIS_URL } from '../adapters/queue/redis-server.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from '../adapters/store/own-database.ts'
import { command, freshDirectory, launch, type RunningGateway, remove } from './gateway.ts'

type Combination = {
  readonly name: string
  readonly store: RegExp
  readonly queue: string
  readonly onPostgres: boolean
  readonly onRedis: boolean
}

const COMBINATIONS: readonly Combination[] = [
  {
    name: 'embedded alone',
    store: /^pglite/,
    queue: 'bullmq on postgres',
    onPostgres: false,
    onRedis: false,
  },
  {
    name: 'embedded and Redis',
    store: /^pglite/,
    queue: 'bullmq on redis',
    onPostgres: false,
    onRedis: true,
  },
  {
    name: 'Postgres alone',
    store: /^postgres/,
    queue: 'bullmq on postgres',
    onPostgres: true,
    onRedis: false,
  },
  {
    name: 'Postgres and Redis',
    store: /^postgres/,
    queue: 'bullmq on redis',
    onPostgres: true,
    onRedis: true,
  },
]

const RUN = {
  version: 1,
  steps: [
    { id: 'paint', use: 'image.generate', with: { prompt: 'a red circle', size: '256x256', seed: 7 } },
    { id: 'look', use: 'image.recognize', with: { image: { $from: '/steps/paint/items/0' } } },
    { id: 'say', use: 'text.concat', with: { parts: ['I see ', { $from: '/steps/look/description' }] } },
  ],
  output: { picture: { $from: '/steps/paint/items/0' }, said: { $from: '/steps/say/text' } },
}

type Answer = { readonly status: number; readonly body: Record<string, never> }

async function call({ url, key }: RunningGateway, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, never> }
}

for (const { name, store, queue, onPostgres, onRedis } of COMBINATIONS) {
  const missing = [
    ...(onPostgres && SERVER_URL === null ? ['TEST_DATABASE_URL is not set'] : []),
    ...(onRedis && REDIS_URL === null ? ['TEST_REDIS_URL is not set'] : []),
  ]
  describe.skipIf(missing.length > 0)(`${name}${missing.map((why) => ` (${why})`).join('')}`, () => {
    let gateway: RunningGateway | undefined
    let own: OwnDatabase | undefined
    const directory = freshDirectory()
    const env: Record<string, string> = {}
    afterEach(async () => {
      await gateway?.kill()
    })
    afterAll(async () => {
      await own?.drop()
      remove(directory)
    })

    it('serves chat and a run with a picture, keeps all over a restart, and its books balance', async () => {
      if (onPostgres) {
        own = await makeDatabase()
        env.DATABASE_URL = own.url
      }
      if (onRedis && REDIS_URL !== null) env.REDIS_URL = REDIS_URL
      gateway = await launch({ directory, env })
      const { body: ready } = await call(gateway, '/readyz')
      expect(ready).toMatchObject({
        ready: true,
        parts: { store: { kind: expect.stringMatching(store) }, queue: { kind: queue, serving: true } },
      })
      const chat = await call(gateway, '/v1/chat/completions', {
        model: 'yuma-text',
        messages: [{ role: 'user', content: 'What is 2 plus 2?' }],
      })
      expect(chat).toMatchObject({ status: 200, body: { choices: [{ message: { content: '4' } }] } })
      const run = await call(gateway, '/v1/pipelines/runs?wait=30', RUN)
      expect(run).toMatchObject({ status: 200, body: { status: 'succeeded' } })
      expect(JSON.stringify(run.body.output)).toContain('I see ')
      const picture = await fetch(`${gateway.url}/v1/files/${fileOf(run.body)}/content`, {
        headers: { authorization: `Bearer ${gateway.key}` },
      })
      expect(
        Buffer.from(await picture.arrayBuffer())
          .subarray(1, 4)
          .toString(),
      ).toBe('PNG')
      // Where files lie, and that the embedded database is not made where it is not used.
      const blobs = join(directory, 'blobs')
      expect(existsSync(blobs) && readdirSync(blobs).length > 0).toBe(!onPostgres)
      expect(existsSync(join(directory, 'pgdata'))).toBe(!onPostgres)
      const { body: before } = await call(gateway, '/v1/account')
      expect(await gateway.stop()).toBe(0)

      const verified = await command(['ledger', 'verify'], { YUMAGATE_DATA_DIR: directory, ...env })
      expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('The books balance.') })

      gateway = await launch({ directory, env })
      expect((await call(gateway, '/v1/account')).body).toEqual(before)
      expect(await call(gateway, `/v1/pipelines/runs/${run.body.id}`)).toMatchObject({
        body: { status: 'succeeded' },
      })
      // Beside a gateway that runs: by its admin door, or on the server itself.
      const beside = await command(['ledger', 'verify'], { YUMAGATE_DATA_DIR: directory, ...env })
      expect(beside).toMatchObject({ code: 0, stdout: expect.stringContaining('The books balance.') })
      expect(await gateway.stop()).toBe(0)
    }, 120_000)
  })
}

const fileOf = (body: unknown): string => /file-[0-9a-f]{32}/.exec(JSON.stringify(body))?.[0] ?? ''

describe('what does not go together', () => {
  it.each([
    [{ REDIS_URL: 'redis://127.0.0.1:1' }, 'The queue cannot be opened: Redis does not serve: ECONNREFUSED'],
    [
      { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/d' },
      'The store cannot be opened: Postgres does not serve: ECONNREFUSED',
    ],
    [{ YUMAGATE_REDIS_CLUSTER: 'a:1' }, 'YUMAGATE_REDIS_CLUSTER: needs REDIS_URL'],
    [{ YUMAGATE_BLOB_DIR: '/dev/null/x' }, 'YUMAGATE_BLOB_DIR'],
  ])('%j is refused in one line', async (more, line) => {
    const directory = freshDirectory()
    const { code, stdout, stderr } = await command(['start', '--json'], {
      ...{ YUMAGATE_DATA_DIR: directory, PORT: '0' },
      ...more,
    })
    remove(directory)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(line)
    expect(stderr).not.toMatch(/hunter2|\n\s+at /)
  })

  it('yumagate config shows no password', async () => {
    const { stdout } = await command(['config'], { DATABASE_URL: 'postgres://u:hunter2@h/d' })
    expect(stdout).toContain('postgres://u@h/d')
    expect(stdout).not.toContain('hunter2')
  })
})
