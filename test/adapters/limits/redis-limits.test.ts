/** Set TEST_REDIS_URL to a Redis of the test's own: the scripts that it knows are flushed. */
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { createRedisLimits } from '../../../adapters/limits/redis-limits.ts'
import { limitsContract } from '../../contract/limits.ts'
import { unique } from '../../contract/money.ts'

const URL = process.env.TEST_REDIS_URL

describe.skipIf(!URL)('redis', () => {
  const clients: Redis[] = []
  const open = () => {
    const client = new Redis(URL ?? '', { enableOfflineQueue: true, replyMapping: 'legacy', protocol: 2 })
    clients.push(client)
    return client
  }
  afterAll(() => {
    for (const client of clients) client.disconnect()
  })

  limitsContract('redis', async () => createRedisLimits(open()))

  it('two processes share a bucket exactly', async () => {
    const processes = [createRedisLimits(open()), createRedisLimits(open())]
    const order = { bucket: unique(), perMinute: 25, amount: 1 }
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) => processes[index % 2]!.take(order)),
    )
    expect(outcomes.filter(({ isTaken }) => isTaken)).toHaveLength(25)
  })

  it('goes on when the server has forgotten the script', async () => {
    const client = open()
    const limits = createRedisLimits(client)
    const order = { bucket: unique(), perMinute: 2, amount: 1 }
    await limits.take(order)
    await client.script('FLUSH')
    expect((await limits.take(order)).state.remaining).toBe(0)
  })

  it('leaves nothing behind of a bucket that is full, and nothing for ever of one that is not', async () => {
    const client = open()
    const limits = createRedisLimits(client)
    const order = { bucket: unique(), perMinute: 10, amount: 4 }
    await limits.take(order)
    const leftMs = await client.pttl(`yumagate:rate:${order.bucket}`)
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(25_000)
    await limits.giveBack(order)
    expect(await client.exists(`yumagate:rate:${order.bucket}`)).toBe(0)
  })
})

it('an answer of another shape is an error, not a permit', async () => {
  const limits = createRedisLimits({ eval: async () => null, evalsha: async () => 'OK' })
  await expect(limits.take({ bucket: 'b', perMinute: 1, amount: 1 })).rejects.toThrow('no answer')
})
