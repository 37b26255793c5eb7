/** Statements and transactions over a pool of node-postgres, whichever server stands behind it. */
import pg from 'pg'
import { GatewayError } from '../../src/errors.ts'
import { EXACT_TYPES, type Row } from './columns.ts'

/** A statement with a name is prepared once per connection: for what every request does. */
export type Statement = { readonly name?: string; readonly text: string }

export type Queryable = {
  /** @throws GatewayError `ledger_unavailable`, or `internal_error` for a statement that the database refuses */
  query(statement: Statement | string, values?: readonly unknown[]): Promise<readonly Row[]>
}

export type Database = Queryable & {
  /**
   * Runs `work` in one transaction, which it gets as a handle: whatever belongs to the transaction goes through the handle. Whoever
   * awaits the database itself inside of `work` waits for himself; the embedded one ends that after its idle time with an error.
   *
   * @param options - `isLong` for what reads or changes whole tables: no time limit of a server ends it
   */
  transaction<Result>(
    work: (transaction: Queryable) => Promise<Result>,
    options?: { readonly isLong?: boolean },
  ): Promise<Result>
}

/** What a statement of a long transaction may take on a server. */
const LONG_MS = 3_600_000

/** Thrown out of the work of a transaction to undo it and still answer. */
export class Rollback<Result> extends Error {
  readonly result: Result

  constructor(result: Result) {
    super('the transaction is undone on purpose')
    this.result = result
  }
}

/** @param options - `isPrepared` false where sessions change under a connection, so that no statement is prepared in one */
export function openDatabase(
  pool: pg.Pool,
  { isPrepared = true }: { readonly isPrepared?: boolean } = {},
): Database {
  const asConfig = (statement: Statement | string): Statement => {
    if (typeof statement === 'string') return { text: statement }
    return isPrepared ? statement : { text: statement.text }
  }
  return {
    query: (statement, values) => run(pool, asConfig(statement), values),
    async transaction(work, { isLong = false } = {}) {
      const more = isLong ? { query_timeout: LONG_MS } : {}
      const client = await connect(pool)
      // Raised when the connection is lost between two statements: the next one only says that it cannot be used.
      let lost: Error | undefined
      const noteLoss = (error: Error): void => {
        lost ??= error
      }
      client.on('error', noteLoss)
      let broken: Error | undefined
      try {
        await run(client, { text: 'begin' })
        if (isLong) await run(client, { text: `set local statement_timeout = ${LONG_MS}` })
        const result = await work({
          query: (statement, values) => run(client, { ...asConfig(statement), ...more }, values),
        })
        await run(client, { text: 'commit' })
        return result
      } catch (error) {
        broken = lossOf(error)
        // Asking a server that does not answer to roll back would only wait once more; it does so by itself.
        if (!broken) {
          await client.query('rollback').catch((failure: Error) => {
            // The connection is gone or the server has rolled back by itself: it must not go back into the pool.
            broken = failure
          })
        }
        if (error instanceof Rollback) return error.result
        throw lost && error instanceof GatewayError ? translate(lost) : error
      } finally {
        client.off('error', noteLoss)
        client.release(broken)
      }
    },
  }
}

/** The SQLSTATE of an error of the database, as it is found behind a `GatewayError`; null when it has none. */
export function sqlStateOf(error: unknown): string | null {
  const cause = error instanceof GatewayError ? error.cause : error
  return cause instanceof pg.DatabaseError ? (cause.code ?? null) : null
}

export const UNIQUE_VIOLATION = '23505'
export const FOREIGN_KEY_VIOLATION = '23503'

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw translate(error)
  }
}

async function run(
  target: pg.Pool | pg.PoolClient,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  try {
    const result = await target.query<Row>({
      ...statement,
      values: [...values],
      types: EXACT_TYPES,
    })
    return result.rows
  } catch (error) {
    throw translate(error)
  }
}

/**
 * SQLSTATE classes (PostgreSQL appendix A) that say nothing about the statement: connection (08), who we are and where (28, 3D),
 * serialization and deadlock (40), resources (53), intervention by an operator (57), system (58), the idle guard (25P03), and a server
 * that is no longer the one to write to (25006).
 */
const PASSING = /^(08|28|3D|40|53|57|58|25P03|25006)/

/** Of those, the ones after which the connection, or the server behind it, is not the one to ask. */
const LOST = /^(08|28|3D|53|57P|58|25P03|25006)/

/**
 * What says that the server is out of reach, found behind a `GatewayError`: an error of the connection, or one of the server about itself.
 * Undefined when the server has answered and works.
 */
export function lossOf(error: unknown): Error | undefined {
  if (!(error instanceof GatewayError) || error.code !== 'ledger_unavailable') return undefined
  const { cause } = error
  if (!(cause instanceof Error)) return error
  return cause instanceof pg.DatabaseError && !LOST.test(cause.code ?? '') ? undefined : cause
}

function translate(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof pg.DatabaseError && !PASSING.test(error.code ?? '')) {
    return new GatewayError('internal_error', 'The gateway failed. The request was not charged.', {
      cause: error,
    })
  }
  const message = 'The ledger cannot be reached now. Try again in a moment.'
  return new GatewayError('ledger_unavailable', message, { cause: error, retryAfterMs: 1000 })
}
