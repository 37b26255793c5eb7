/** Connections to Redis: one server, a master set of Sentinels, or a Cluster. */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { tlsConnector } from './tls-connectors.ts'

export type RedisServers = {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** The server; the Sentinels; nodes of the Cluster. At least one. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** Name of the master set that the Sentinels know; null without Sentinels. */
  readonly masterName: string | null
  readonly username: string | null
  readonly password: string | null
  readonly sentinelPassword: string | null
  readonly database: number
  /** TLS, always with verification; `ca` is the text of a PEM file, null for the authorities that Node trusts. Null without TLS. */
  readonly tls: { readonly ca: string | null } | null
}

export type RedisClient = Redis | Cluster

/**
 * `ask`: a command fails at once while there is no connection, and soon when there is no answer. `wait`: commands wait for the connection,
 * as those must that wait for jobs.
 */
export type RedisUse = 'ask' | 'wait'

const CONNECT_MS = 3_000
/** No command of `ask` blocks: without an answer for so long the connection is dead, or the server. */
const ANSWER_MS = 3_000
/** Longer than BullMQ lets a connection of `wait` block, which is 10 s. */
const SILENCE_MS = 15_000
const RETRY_MS_MAX = 1_000
const PROBE_AFTER_MS = 10_000

/** Replies in the shapes that BullMQ reads. */
const REPLIES = { replyMapping: 'legacy' } as const

/** @param isEnding - once it says yes, no lost connection is opened again */
export function openRedis(servers: RedisServers, use: RedisUse, isEnding: () => boolean): RedisClient {
  const plain = redisOptions(servers, use, isEnding)
  const options = servers.tls === null ? plain : { ...plain, Connector: tlsConnector(plain) }
  if (servers.kind !== 'cluster') return new Redis({ ...options, ...REPLIES })
  const { retryStrategy, lazyConnect, enableOfflineQueue, ...perNode } = options
  return new Cluster([...servers.nodes], {
    redisOptions: { ...perNode, ...REPLIES },
    enableOfflineQueue: enableOfflineQueue ?? false,
    lazyConnect: lazyConnect ?? true,
    clusterRetryStrategy: (times) => retryStrategy?.(times),
    // The names in certificates are those that were given, not the addresses that nodes tell of each other.
    ...(servers.tls !== null && { dnsLookup: (address, done) => done(null, address) }),
  })
}

/** Of one connection. Says every option that matters, whatever the library's default is. */
export function redisOptions(servers: RedisServers, use: RedisUse, isEnding: () => boolean): RedisOptions {
  const { username, password, tls } = servers
  return {
    ...address(servers),
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(tls !== null && { tls: tlsOptions(tls) }),
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    keepAlive: PROBE_AFTER_MS,
    noDelay: true,
    // What BullMQ is tested with.
    protocol: 2,
    retryStrategy: (times) => (isEnding() ? null : Math.min(times * 50, RETRY_MS_MAX)),
    // After a failover the old master still takes connections, but no writes.
    reconnectOnError: (error) => error.message.includes('READONLY'),
    enableOfflineQueue: use === 'wait',
    // BullMQ wants null where it blocks. With 0 a command that was on its way fails with its connection.
    maxRetriesPerRequest: use === 'wait' ? null : 0,
    ...(use === 'ask' && { commandTimeout: ANSWER_MS }),
    socketTimeout: use === 'ask' ? ANSWER_MS : SILENCE_MS,
  }
}

function address(servers: RedisServers): RedisOptions {
  const { kind, nodes, masterName, sentinelPassword, database, tls } = servers
  switch (kind) {
    case 'single': {
      const [node] = nodes
      return { ...node, db: database }
    }
    case 'sentinel':
      return {
        sentinels: [...nodes],
        name: masterName ?? '',
        db: database,
        ...(sentinelPassword !== null && { sentinelPassword }),
        ...(tls !== null && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }),
      }
    case 'cluster':
      return {}
  }
}

const tlsOptions = ({ ca }: { readonly ca: string | null }) => ({
  rejectUnauthorized: true,
  ...(ca !== null && { ca }),
})
