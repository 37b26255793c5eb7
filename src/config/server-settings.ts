/** The rows of the servers in the table of settings: where everything is kept, and how it is reached. */
import { z } from 'zod'
import { parseDatabaseUrl, parseNodes, parseRedisUrl } from './server-urls.ts'
import { integer, PATH, type Setting } from './setting.ts'

/** By name, in the order of the documentation. */
export const SERVER_SETTINGS = {
  DATABASE_URL: {
    schema: z.string().transform(parseDatabaseUrl),
    default: null,
    reason:
      'Postgres 15 or later: postgres://user:password@host:5432/database, with ?sslmode=verify-full for TLS. Default: the embedded database in the data directory.',
    secret: 'url',
  },
  YUMAGATE_DATABASE_POOL: {
    schema: integer(2, 1000),
    default: '10',
    reason:
      'Most connections of one process to Postgres. One more listens to the other processes, and the queue takes up to 16 more while it lies there too.',
  },
  YUMAGATE_DATABASE_POOLER: {
    schema: z.enum(['none', 'transaction']),
    default: 'none',
    reason:
      'transaction: DATABASE_URL is that of a pooler such as PgBouncer in transaction mode. Then nothing is kept in a session, the pooler has to bound its own connections and statements, and REDIS_URL is needed.',
  },
  YUMAGATE_DATABASE_CA: {
    schema: PATH,
    default: null,
    reason:
      'PEM file of the authority that signed the certificate of Postgres; turns TLS on. Default: the authorities that Node trusts.',
  },
  REDIS_URL: {
    schema: z.string().transform(parseRedisUrl),
    default: null,
    reason:
      'Redis 6.2 or later, with maxmemory-policy noeviction, for the queue: redis://user:password@host:6379/0, or rediss:// for TLS. Default: the queue lies in the database.',
    secret: 'url',
  },
  YUMAGATE_REDIS_SENTINELS: {
    schema: z.string().transform(parseNodes),
    default: null,
    reason:
      'Sentinels to ask for the server: host:26379, separated by commas. REDIS_URL then names the master set instead of a host: redis://:password@mymaster/0.',
  },
  YUMAGATE_REDIS_SENTINEL_PASSWORD: {
    schema: z.string().min(1).max(1000),
    default: null,
    reason: 'Password of the Sentinels, where they want one.',
    secret: 'whole',
  },
  YUMAGATE_REDIS_CLUSTER: {
    schema: z.string().transform(parseNodes),
    default: null,
    reason:
      'The servers are a Redis Cluster: more of its nodes to ask beside that of REDIS_URL, as host:6379, separated by commas.',
  },
  YUMAGATE_REDIS_CA: {
    schema: PATH,
    default: null,
    reason:
      'PEM file of the authority that signed the certificates of Redis; wants rediss://. Default: the authorities that Node trusts.',
  },
  YUMAGATE_BLOB_DIR: {
    schema: PATH,
    default: null,
    reason:
      'Folder for the content of files, shared by all processes. Default: in Postgres with DATABASE_URL, else in the data directory.',
  },
} as const satisfies Record<string, Setting>
