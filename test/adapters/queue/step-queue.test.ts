import { rm } from 'node:fs/promises'
import { afterAll, expect, it } from 'vitest'
import { postgresBackend } from '../../../adapters/queue/postgres-backend.ts'
import type { QueueBackend } from '../../../adapters/queue/queue-backend.ts'
import { redisBackend } from '../../../adapters/queue/redis-backend.ts'
import { createStepQueue } from '../../../adapters/queue/step-queue.ts'
import type { EmbeddedStore } from '../../../adapters/store/embedded/open-embedded-store.ts'
import { openServerStore, type ServerStore } from '../../../adapters/store/server/open-server-store.ts'
import { queueContract } from '../../contract/queue.ts'
import { fakeStepQueue } from '../../fakes/queue.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from '../store/own-database.ts'
import { openEmbeddedAt, temporaryDirectory } from '../store/stores.ts'
import { REDIS_URL, serversOf } from './redis-server.ts'

const lines: string[] = []
const logger = (line: string): void => {
  lines.push(line)
}

queueContract('memory', { make: async () => fakeStepQueue() })

const directory = await temporaryDirectory()
let embedded: EmbeddedStore
let backend: QueueBackend
queueContract('bullmq on pglite', {
  async prepare() {
    embedded = await openEmbeddedAt(directory)
    backend = await postgresBackend(embedded.queuePool)
  },
  make: async () => createStepQueue({ backend, logger }),
})

it('jobs that were done leave no rows behind', async () => {
  const { rows } = await embedded.queuePool.query('select count(*)::int as count from bullmq.job')
  expect(rows).toEqual([{ count: 0 }])
})

it('opening it again migrates nothing', async () => {
  const read = async () =>
    (await embedded.queuePool.query('select * from bullmq.migration order by version')).rows
  const before = await read()
  expect(before.length).toBeGreaterThan(0)
  await postgresBackend(embedded.queuePool)
  expect(await read()).toEqual(before)
})

it('what was added is delivered after the database was closed and opened again', async () => {
  const queue = createStepQueue({ backend, logger })
  const step = { runId: 'run_1', stepId: 'a:b', use: 'chat', fence: 3 }
  await queue.add(step, { delayMs: 0 })
  await queue.close(1000)
  await embedded.store.lifecycle.close()

  embedded = await openEmbeddedAt(directory)
  const again = createStepQueue({ backend: await postgresBackend(embedded.queuePool), logger })
  const delivered = await new Promise((resolve) => {
    again.work('chat', 1, async (reference) => resolve(reference))
  })
  expect(delivered).toEqual(step)
  await again.close(1000)
})

it('what was at work when its process died is delivered to the next', async () => {
  const timing = { lockMs: 300, lookForDeadMs: 100 }
  const dying = createStepQueue({ backend: await postgresBackend(embedded.queuePool), logger, ...timing })
  const step = { runId: 'run_2', stepId: 'a', use: 'image.generate', fence: 1 }
  await new Promise<void>((resolve) => {
    dying.work('image.generate', 1, () => {
      resolve()
      return new Promise(() => {})
    })
    void dying.add(step, { delayMs: 0 })
  })
  // The database goes away under a worker at work: as near to a kill as one process gets.
  await embedded.store.lifecycle.close()

  embedded = await openEmbeddedAt(directory)
  const next = createStepQueue({ backend: await postgresBackend(embedded.queuePool), logger, ...timing })
  const delivered = await new Promise((resolve) => {
    next.work('image.generate', 1, async (reference) => resolve(reference))
  })
  expect(delivered).toEqual(step)
  expect(next.state().problem).toBeNull()
  await next.close(1000)
})

it('a lane whose database is gone says so and refuses', async () => {
  const queue = createStepQueue({ backend: await postgresBackend(embedded.queuePool), logger })
  await queue.add({ runId: 'run_1', stepId: 'a', use: 'nobody.works', fence: 0 }, { delayMs: 0 })
  expect(queue.state()).toEqual({ kind: 'bullmq on postgres', serving: true, problem: null })
  await embedded.store.lifecycle.close()
  const step = { runId: 'run_1', stepId: 'b', use: 'nobody.works', fence: 0 }
  await expect(queue.add(step, { delayMs: 0 })).rejects.toMatchObject({ code: 'ledger_unavailable' })
  expect(queue.state().serving).toBe(false)
  await queue.close(100)
})

afterAll(() => rm(directory, { recursive: true, force: true }))

if (SERVER_URL !== null) {
  let own: OwnDatabase
  let server: ServerStore
  queueContract('bullmq on postgres', {
    async prepare() {
      own = await makeDatabase()
      server = await openServerStore({
        ...{ server: own.server, poolMax: 2, hasQueue: true, processId: 'process-1' },
      })
    },
    make: async () => createStepQueue({ backend: await postgresBackend(server.queuePool), logger }),
    async cleanUp() {
      await server.store.lifecycle.close()
      await own.drop()
    },
  })
} else it.skip('queue: bullmq on postgres (TEST_DATABASE_URL is not set)', () => {})

if (REDIS_URL !== null) {
  let redis: QueueBackend
  queueContract('bullmq on redis', {
    async prepare() {
      redis = await redisBackend(serversOf(REDIS_URL ?? ''))
    },
    make: async () => createStepQueue({ backend: redis, logger }),
    cleanUp: () => redis.close(),
  })
} else it.skip('queue: bullmq on redis (TEST_REDIS_URL is not set)', () => {})

if (process.env.CI)
  it('where everything is checked, no queue is left out', () => {
    expect({ SERVER_URL, REDIS_URL }).toEqual({
      SERVER_URL: expect.any(String),
      REDIS_URL: expect.any(String),
    })
  })
