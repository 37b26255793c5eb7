/** Rate limits in Redis, over a connection of their own: while it is lost, each process keeps its share of them. */
import { createRedisLimits } from '../../adapters/limits/redis-limits.ts'
import { openRedis } from '../../adapters/queue/redis-clients.ts'
import type { RedisSettings } from '../config/servers.ts'
import type { RateLimits } from '../ports/limits.ts'

export function openRedisLimits(servers: RedisSettings): { readonly limits: RateLimits; close(): void } {
  let isEnding = false
  const client = openRedis(servers, 'ask', () => isEnding)
  // Whoever asks gets an error of his own, and the client connects again by itself.
  client.on('error', () => undefined)
  client.connect().catch(() => undefined)
  return {
    limits: createRedisLimits({
      eval: (script, keyCount, ...args) => client.eval(script, keyCount, ...args),
      evalsha: (sha1, keyCount, ...args) => client.evalsha(sha1, keyCount, ...args),
    }),
    close() {
      isEnding = true
      client.disconnect()
    },
  }
}
