import { afterEach, describe, expect, it } from 'vitest'
import type { QueueBackend } from '../../../adapters/queue/queue-backend.ts'
import { redisBackend, refuseUnfit } from '../../../adapters/queue/redis-backend.ts'
import type { RedisServers } from '../../../adapters/queue/redis-clients.ts'
import { createStepQueue } from '../../../adapters/queue/step-queue.ts'
import type { StepQueue, StepReference } from '../../../src/ports/queue.ts'
import { type CutProxy, startCutProxy } from '../cut-proxy.ts'
import { freePort, NO_REDIS_PROGRAM, type OwnRedis, serversAt, startRedis } from './redis-server.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const step = (stepId: string): StepReference => ({ runId: 'run_1', stepId, use: 'chat', fence: 0 })

async function start(options: readonly string[] = []): Promise<OwnRedis> {
  const redis = await startRedis(options)
  closers.push(() => redis.stop())
  return redis
}

async function proxyTo(redis: OwnRedis): Promise<CutProxy> {
  const proxy = await startCutProxy({ host: '127.0.0.1', port: redis.port })
  closers.push(() => proxy.close())
  return proxy
}

async function open(servers: RedisServers): Promise<QueueBackend> {
  const backend = await redisBackend(servers)
  closers.push(() => backend.close())
  return backend
}

function lane(backend: QueueBackend, lines: string[] = []): StepQueue {
  const queue = createStepQueue({ backend, logger: (line) => lines.push(line) })
  closers.push(() => queue.close(0))
  return queue
}

/** A worker, and a way to wait until it had a step. */
function listen(queue: StepQueue): (stepId: string) => Promise<void> {
  const seen = new Set<string>()
  let wake = (): void => {}
  queue.work('chat', 1, async ({ stepId }) => {
    seen.add(stepId)
    wake()
  })
  return async (stepId) => {
    while (!seen.has(stepId)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
}

/** Adds as the sweep of due rows does: again, until it is taken. */
async function untilAdded(queue: StepQueue, reference: StepReference): Promise<void> {
  for (;;) {
    const isAdded = await queue.add(reference, { delayMs: 0 }).then(
      () => true,
      () => false,
    )
    if (isAdded) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function untilServing(queue: StepQueue): Promise<void> {
  while (!queue.state().serving) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('what is refused at the start', () => {
  it('a server that is not there, without its address', async () => {
    const servers = serversAt(await freePort(), { password: 'hunter2' })
    await expect(redisBackend(servers)).rejects.toThrow(/^Redis does not serve: ECONNREFUSED$/)
  })

  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('a server that evicts by %s', (policy) => {
    expect(() => refuseUnfit(`redis_version:7.0.15\r\nmaxmemory_policy:${policy}\r\n`)).toThrow(
      `Redis has maxmemory-policy ${policy}, which drops jobs when memory is short; set it to noeviction`,
    )
  })

  it.each(['5.0.14', '6.0.16'])('a server of version %s', (version) => {
    expect(() => refuseUnfit(`redis_version:${version}\r\nmaxmemory_policy:noeviction\r\n`)).toThrow(
      `Redis is of version ${version}; it must be 6.2 or later`,
    )
  })

  it.each(['6.2.0', '7.0.15', '8.2.1'])('but not one of version %s', (version) => {
    refuseUnfit(`redis_version:${version}\r\nmaxmemory_policy:noeviction\r\n`)
  })

  it.skipIf(NO_REDIS_PROGRAM)('a real server that evicts', async () => {
    const redis = await start(['--maxmemory-policy', 'allkeys-lru'])
    await expect(redisBackend(serversAt(redis.port))).rejects.toThrow('maxmemory-policy allkeys-lru')
  })

  it.skipIf(NO_REDIS_PROGRAM)('a wrong password, which is not repeated', async () => {
    const redis = await start(['--requirepass', 'right'])
    const refused = redisBackend(serversAt(redis.port, { password: 'hunter2' }))
    await expect(refused).rejects.toThrow(/^Redis does not serve: WRONGPASS/)
    await expect(refused).rejects.not.toThrow(/hunter2/)
  })
})

describe.skipIf(NO_REDIS_PROGRAM)('while Redis is away', () => {
  it('adding fails at once, the lane says why, and serves again by itself', async () => {
    const redis = await start()
    const proxy = await proxyTo(redis)
    const lines: string[] = []
    const queue = lane(await open(serversAt(proxy.port)), lines)
    await queue.add(step('before'), { delayMs: 0 })
    proxy.set('refused')
    proxy.cut()
    await expect(queue.add(step('away'), { delayMs: 0 })).rejects.toMatchObject({
      code: 'ledger_unavailable',
      retryAfterMs: 1000,
    })
    // A kind of step that nobody added before, too.
    await expect(queue.add({ ...step('away'), use: 'new' }, { delayMs: 0 })).rejects.toMatchObject({
      code: 'ledger_unavailable',
    })
    expect(queue.state()).toEqual({
      kind: 'bullmq on redis',
      serving: false,
      problem: expect.not.stringContaining(String(proxy.port)),
    })
    proxy.set('open')
    await untilServing(queue)
    await queue.add({ ...step('after'), use: 'new' }, { delayMs: 0 })
    expect(lines).toEqual([expect.stringMatching(/^the queue has a problem: /), 'the queue serves again'])
  })

  it('a server that takes connections and says nothing is given up in time', async () => {
    const redis = await start()
    const proxy = await proxyTo(redis)
    const queue = lane(await open(serversAt(proxy.port)))
    await queue.add(step('before'), { delayMs: 0 })
    proxy.set('silent')
    await expect(queue.add(step('away'), { delayMs: 0 })).rejects.toMatchObject({
      code: 'ledger_unavailable',
    })
    expect(queue.state().serving).toBe(false)
    proxy.set('open')
    await untilServing(queue)
  }, 20_000)

  it('workers go on when it is back, restarted and empty', async () => {
    const redis = await start()
    const queue = lane(await open(serversAt(redis.port)))
    const delivered = listen(queue)
    await queue.add(step('first'), { delayMs: 0 })
    await delivered('first')
    await redis.restart()
    await untilAdded(queue, step('second'))
    await delivered('second')
  }, 20_000)

  it('workers begin all the same when it goes while they begin', async () => {
    const redis = await start()
    const proxy = await proxyTo(redis)
    const queue = lane(await open(serversAt(proxy.port)))
    const delivered = listen(queue)
    proxy.set('refused')
    proxy.cut()
    await expect(queue.add(step('away'), { delayMs: 0 })).rejects.toMatchObject({
      code: 'ledger_unavailable',
    })
    proxy.set('open')
    await untilAdded(queue, step('first'))
    await delivered('first')
  }, 20_000)

  it('workers go on when it was flushed under them', async () => {
    const redis = await start()
    const queue = lane(await open(serversAt(redis.port)))
    const delivered = listen(queue)
    await queue.add(step('first'), { delayMs: 0 })
    await delivered('first')
    await queue.add(step('lost'), { delayMs: 60_000 })
    redis.command('flushall')
    await queue.add(step('second'), { delayMs: 0 })
    await delivered('second')
    expect(
      redis
        .command('keys', '*')
        .split('\n')
        .every((key) => key.startsWith('{yumagate}:')),
    ).toBe(true)
  }, 20_000)

  it('closing ends', async () => {
    const redis = await start()
    const proxy = await proxyTo(redis)
    const backend = await open(serversAt(proxy.port))
    const queue = lane(backend)
    const delivered = listen(queue)
    await queue.add(step('first'), { delayMs: 0 })
    await delivered('first')
    proxy.set('refused')
    proxy.cut()
    await queue.close(10)
    await backend.close()
  }, 20_000)
})

describe.skipIf(NO_REDIS_PROGRAM)('a Cluster', () => {
  it('delivers, with all keys in one slot', async () => {
    const redis = await start(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
    redis.command('cluster', 'addslotsrange', '0', '16383')
    while (!redis.command('cluster', 'info').includes('cluster_state:ok')) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const queue = lane(await open(serversAt(redis.port, { kind: 'cluster' })))
    const delivered = listen(queue)
    await queue.add(step('first'), { delayMs: 0 })
    await delivered('first')
    expect(queue.state()).toEqual({ kind: 'bullmq on redis cluster', serving: true, problem: null })
  }, 20_000)

  it('that is not there is refused', async () => {
    const servers = serversAt(await freePort(), { kind: 'cluster' })
    await expect(redisBackend(servers)).rejects.toThrow(/^Redis does not serve: /)
  }, 20_000)
})

describe.skipIf(NO_REDIS_PROGRAM)('Sentinels', () => {
  it('say where the server is', async () => {
    const redis = await start()
    const sentinel = await start(['--sentinel'])
    sentinel.command('sentinel', 'monitor', 'mymaster', '127.0.0.1', String(redis.port), '1')
    const queue = lane(
      await open(serversAt(sentinel.port, { kind: 'sentinel', masterName: 'mymaster', database: 3 })),
    )
    const delivered = listen(queue)
    await queue.add(step('first'), { delayMs: 0 })
    await delivered('first')
    expect(queue.state().kind).toBe('bullmq on redis sentinel')
    expect(redis.command('info', 'keyspace')).toContain('db3')
  }, 20_000)

  it('that are not there are refused', async () => {
    const servers = serversAt(await freePort(), { kind: 'sentinel', masterName: 'mymaster' })
    await expect(redisBackend(servers)).rejects.toThrow(/^Redis does not serve: /)
  }, 20_000)
})
