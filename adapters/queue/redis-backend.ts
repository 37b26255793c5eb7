/** BullMQ on Redis, over connections of its own. */
import { createRedisBackend } from 'bullmq'
import type { QueueBackend } from './queue-backend.ts'
import { reasonOf } from './reason.ts'
import { openRedis, type RedisClient, type RedisServers } from './redis-clients.ts'
import { withDeadline } from './with-deadline.ts'

/** For the first connection, with the questions before the start. */
const START_MS = 5_000

/** What BullMQ recommends at least. */
const VERSION_LEAST = [6, 2] as const

/**
 * Connects and refuses a server that would lose jobs.
 *
 * @throws Error in one clear line, without a password: out of reach, too old, or with a `maxmemory-policy` that evicts
 */
export async function redisBackend(servers: RedisServers): Promise<QueueBackend> {
  let isEnding = false
  const asking = openRedis(servers, 'ask', () => isEnding)
  const waiting = openRedis(servers, 'wait', () => isEnding)
  const end = (): void => {
    isEnding = true
    asking.disconnect()
    waiting.disconnect()
  }
  let lastError: Error | null = null
  for (const client of [asking, waiting]) {
    client.on('error', (error: Error) => {
      // Whoever asks gets an error of his own; this one tells more, such as why the first connection failed.
      lastError = error
    })
    // Each queue and each worker adds its own listeners.
    client.setMaxListeners(0)
  }
  try {
    await withDeadline(connectAndCheck(asking, waiting), START_MS)
  } catch (error) {
    end()
    throw error instanceof RefusedError
      ? error
      : new Error(`Redis does not serve: ${reasonOf(lastError ?? error)}`, { cause: error })
  }
  return {
    kind: `bullmq on redis${servers.kind === 'single' ? '' : ` ${servers.kind}`}`,
    // Versions are checked here, and a queue that is opened while Redis is away must not wait for it: adding would wait too.
    producer: (name, options, more) =>
      createRedisBackend(
        name,
        { ...options, connection: asking, skipVersionCheck: true, skipWaitingForReady: true },
        more,
      ),
    consumer: (name, options, more) => createRedisBackend(name, { ...options, connection: waiting }, more),
    async ping() {
      await asking.ping()
    },
    async close() {
      end()
    },
  }
}

class RefusedError extends Error {}

async function connectAndCheck(...clients: readonly RedisClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.connect()))
  const [client] = clients
  if (!client) return
  const servers = 'nodes' in client ? client.nodes('master') : [client]
  for (const server of servers) refuseUnfit(await server.info())
}

/** @param info - the answer to INFO. @throws Error naming what to change */
export function refuseUnfit(info: string): void {
  const read = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const version = read('redis_version') ?? 'unknown'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (!(major > VERSION_LEAST[0] || (major === VERSION_LEAST[0] && minor >= VERSION_LEAST[1])))
    throw new RefusedError(`Redis is of version ${version}; it must be ${VERSION_LEAST.join('.')} or later`)
  const policy = read('maxmemory_policy') ?? 'unknown'
  if (policy !== 'noeviction')
    throw new RefusedError(
      `Redis has maxmemory-policy ${policy}, which drops jobs when memory is short; set it to noeviction`,
    )
}
