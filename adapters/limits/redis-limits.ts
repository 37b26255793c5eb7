/** Token buckets in Redis, on its clock: one script, so one round trip, for each order. The script's commands are those of Redis 6.2. */
import { createHash } from 'node:crypto'
import { type BucketOrder, bucketOutcome, type RateLimits } from '../../src/ports/limits.ts'

/** What is used of a client of Redis (ioredis). */
export type RedisScripts = {
  eval(script: string, keyCount: number, ...args: string[]): Promise<unknown>
  evalsha(sha1: string, keyCount: number, ...args: string[]): Promise<unknown>
}

// A bucket is what was used of it and when that was so; a full one is not kept. A clock that was set back lets nothing flow in.
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('HMGET', KEYS[1], 'used', 'at')
local limit, amount = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = (tonumber(kept[1]) or 0) - math.max(0, now - (tonumber(kept[2]) or now)) * limit / 60000000
if used < 0 then used = 0 end
local taken = 0
if ARGV[3] == 'back' then
  used = math.max(0, used - amount)
elseif used + amount <= limit then
  used = used + amount
  taken = 1
end
if used > 0 then
  redis.call('HSET', KEYS[1], 'used', string.format('%.6f', used), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(used * 60000 / limit) + 1000)
else
  redis.call('DEL', KEYS[1])
end
return { taken, string.format('%.6f', used) }`

const SHA1 = createHash('sha1').update(SCRIPT).digest('hex')

/** A key of Redis for each bucket, so that a Cluster spreads them. */
const KEY_START = 'yumagate:rate:'

/** @throws Error of the client, when Redis does not answer; `createFallbackLimits` goes on without it */
export function createRedisLimits(redis: RedisScripts): RateLimits {
  const run = async ({ bucket, perMinute, amount }: BucketOrder, way: 'take' | 'back'): Promise<unknown> => {
    const args = [KEY_START + bucket, String(perMinute), String(amount), way]
    try {
      return await redis.evalsha(SHA1, 1, ...args)
    } catch (error) {
      // A server that was restarted, or a node of the Cluster that was not asked yet, does not know the script.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await redis.eval(SCRIPT, 1, ...args)
    }
  }
  return {
    async take(order) {
      const answer: unknown = await run(order, 'take')
      const [taken, used] = Array.isArray(answer) ? answer : []
      if (typeof used !== 'string') throw new Error('Redis gave no answer about a bucket.')
      const { perMinute, amount } = order
      return bucketOutcome({ perMinute, amount, used: Number(used), isTaken: taken === 1 })
    },
    async giveBack(order) {
      if (order.amount > 0) await run(order, 'back')
    },
  }
}
