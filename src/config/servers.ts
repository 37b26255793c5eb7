/** The settings of the servers in the shapes that the adapters take, and what contradicts each other among them. */
import type { DatabaseUrl, RedisUrl, ServerAddress } from './server-urls.ts'

/** TLS, always with verification. */
export type TlsSettings = {
  /** Text of the authority's PEM file; null for the authorities that Node trusts. */
  readonly ca: string | null
}

export type DatabaseSettings = ServerAddress & {
  readonly user: string
  readonly password: string | null
  readonly database: string
  /** Null without TLS. */
  readonly tls: TlsSettings | null
  /** Most connections of this process, without those of the queue. */
  readonly poolMax: number
  /** Whether a pooler stands before it that gives each transaction another session. */
  readonly isPooled: boolean
}

export type RedisSettings = {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** The server; the Sentinels; nodes of the Cluster. At least one. */
  readonly nodes: readonly ServerAddress[]
  /** Name of the master set that the Sentinels know; null without Sentinels. */
  readonly masterName: string | null
  readonly username: string | null
  readonly password: string | null
  readonly sentinelPassword: string | null
  readonly database: number
  readonly tls: TlsSettings | null
}

/** What was read, by the names of the settings; null where not given. */
export type ServerValues = {
  readonly databaseUrl: DatabaseUrl | null
  readonly databaseCa: string | null
  readonly poolMax: number
  readonly isPooled: boolean
  readonly redisUrl: RedisUrl | null
  readonly redisCa: string | null
  readonly sentinels: readonly ServerAddress[] | null
  readonly sentinelPassword: string | null
  readonly cluster: readonly ServerAddress[] | null
}

const REDIS_PORT = 6379

/** One line for each contradiction, naming the settings. */
export function findContradictions(values: ServerValues, isGiven: (name: string) => boolean): string[] {
  const { databaseUrl, databaseCa, redisUrl, redisCa, sentinels, cluster } = values
  const needs = (name: string, other: string) =>
    isGiven(name) && !isGiven(other) && !isGiven(`${other}_FILE`) ? [`${name}: needs ${other}`] : []
  const refuse = (isWrong: boolean, line: string) => (isWrong ? [line] : [])
  return [
    ...needs('YUMAGATE_DATABASE_POOL', 'DATABASE_URL'),
    ...needs('YUMAGATE_DATABASE_POOLER', 'DATABASE_URL'),
    ...refuse(
      values.isPooled && databaseUrl !== null && redisUrl === null,
      'YUMAGATE_DATABASE_POOLER: transaction needs REDIS_URL, since the queue listens in a session of its own',
    ),
    ...needs('YUMAGATE_DATABASE_CA', 'DATABASE_URL'),
    ...refuse(
      databaseCa !== null && databaseUrl?.isTls === false,
      'YUMAGATE_DATABASE_CA: contradicts sslmode=disable in DATABASE_URL',
    ),
    ...needs('YUMAGATE_REDIS_CA', 'REDIS_URL'),
    ...refuse(
      redisCa !== null && redisUrl?.isTls === false,
      'YUMAGATE_REDIS_CA: wants rediss:// in REDIS_URL',
    ),
    ...needs('YUMAGATE_REDIS_SENTINELS', 'REDIS_URL'),
    ...needs('YUMAGATE_REDIS_CLUSTER', 'REDIS_URL'),
    ...refuse(
      isGiven('YUMAGATE_REDIS_SENTINEL_PASSWORD') && sentinels === null,
      'YUMAGATE_REDIS_SENTINEL_PASSWORD: needs YUMAGATE_REDIS_SENTINELS',
    ),
    ...refuse(
      sentinels !== null && cluster !== null,
      'YUMAGATE_REDIS_SENTINELS and YUMAGATE_REDIS_CLUSTER: only one of them',
    ),
    ...refuse(
      sentinels !== null && redisUrl !== null && redisUrl.port !== null,
      'REDIS_URL: with YUMAGATE_REDIS_SENTINELS it names the master set, without a port',
    ),
    ...refuse(
      cluster !== null && redisUrl !== null && redisUrl.database !== 0,
      'REDIS_URL: a Cluster has database 0 alone',
    ),
  ]
}

/** Null without `DATABASE_URL`. */
export function arrangeDatabase({
  databaseUrl,
  databaseCa,
  poolMax,
  isPooled,
}: ServerValues): DatabaseSettings | null {
  if (databaseUrl === null) return null
  const { isTls, ...rest } = databaseUrl
  return {
    ...rest,
    tls: isTls === true || databaseCa !== null ? { ca: databaseCa } : null,
    poolMax,
    isPooled,
  }
}

/** Null without `REDIS_URL`. */
export function arrangeRedis(values: ServerValues): RedisSettings | null {
  const { redisUrl, redisCa, sentinels, sentinelPassword, cluster } = values
  if (redisUrl === null) return null
  const { host, port, username, password, database, isTls } = redisUrl
  const common = { username, password, sentinelPassword, database, tls: isTls ? { ca: redisCa } : null }
  if (sentinels !== null) return { ...common, kind: 'sentinel', nodes: sentinels, masterName: host }
  const server = { host, port: port ?? REDIS_PORT }
  if (cluster !== null) return { ...common, kind: 'cluster', nodes: [server, ...cluster], masterName: null }
  return { ...common, kind: 'single', nodes: [server], masterName: null }
}
