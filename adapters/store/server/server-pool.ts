/** Pools of connections to a PostgreSQL server, with every wait bounded. */
import pg from 'pg'

export type ServerAddress = {
  /** Name, address, or folder of a socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | null
  readonly database: string
  /** TLS, always with verification; `ca` is the text of a PEM file, null for the authorities that Node trusts. Null without TLS. */
  readonly tls: { readonly ca: string | null } | null
}

/** BullMQ keeps a listening connection for each kind of step, and wants more than one beside it. */
export const QUEUE_POOL_MAX = 16

/** Stands in `application_name` before the process: this is how processes see each other on the server. */
export const APPLICATION = 'yumagate'

/** Bounds of every wait, in milliseconds. */
export type ServerLimits = {
  /** For a connection, whether it is opened or waited for. */
  readonly connectMs: number
  /** The server ends a statement after this time. */
  readonly statementMs: number
  /** We give a statement up after this time, when the server cannot say so any more: a little longer than `statementMs`. */
  readonly answerMs: number
  /** A transaction that makes no statement for so long is ended by the server: its process hangs, and others wait for its locks. */
  readonly idleTransactionMs: number
}

export const SERVER_LIMITS: ServerLimits = {
  connectMs: 3_000,
  statementMs: 15_000,
  answerMs: 18_000,
  idleTransactionMs: 10_000,
}

/** A connection that nobody needed for so long is given back to the server. */
const IDLE_MS = 60_000

const PROBE_AFTER_MS = 10_000

export type PoolOptions = {
  readonly max: number
  readonly processId: string
  readonly isQueue: boolean
  /** Whether a pooler stands before it, which may refuse parameters that it does not know. */
  readonly isPooled: boolean
  readonly limits: ServerLimits
}

/** Opens no connection yet. */
export function openServerPool(
  server: ServerAddress,
  { max, processId, isQueue, isPooled, limits }: PoolOptions,
): pg.Pool {
  const { tls, password, ...address } = server
  const pool = new pg.Pool({
    ...address,
    ...(password !== null && { password }),
    ssl: tls === null ? false : { rejectUnauthorized: true, ...(tls.ca !== null && { ca: tls.ca }) },
    max,
    application_name: `${APPLICATION}${isQueue ? '-queue' : ''} ${processId}`,
    connectionTimeoutMillis: limits.connectMs,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: PROBE_AFTER_MS,
    query_timeout: limits.answerMs,
    ...(!isPooled && {
      statement_timeout: limits.statementMs,
      idle_in_transaction_session_timeout: limits.idleTransactionMs,
    }),
    // BullMQ sets no search_path in a pool that it is given.
    ...(isQueue && { options: '-c search_path=bullmq,public' }),
  })
  pool.on('error', () => {
    // An idle connection ended with its server: whoever asks next gets a new one, or the error.
  })
  pool.on('connect', (client) => {
    client.on('error', () => {
      // The same for one that is lent out. Without a listener it would be the end of the process.
    })
    // Whoever borrows a connection listens too.
    client.setMaxListeners(0)
  })
  // Each worker of the queue adds its own listener.
  pool.setMaxListeners(0)
  return pool
}
