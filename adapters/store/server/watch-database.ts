/** Knows whether the server serves: by what callers meet, and while they meet trouble, by asking again. */
import { GatewayError } from '../../../src/errors.ts'
import { type Database, lossOf } from '../database.ts'

export type WatchedDatabase = {
  readonly database: Database
  /** What is wrong, without the name of a host; null when nothing is known to be. */
  problem(): string | null
  stop(): void
}

/** How often a server that failed is asked. */
const ASK_EVERY_MS = 1_000

export function watchDatabase(database: Database, logger: (line: string) => void): WatchedDatabase {
  let problem: string | null = null
  let timer: NodeJS.Timeout | null = null
  let isStopped = false

  const serve = (): void => {
    if (problem !== null) logger('Postgres serves again')
    problem = null
  }
  const fail = (error: unknown): void => {
    if (isStopped || !lossOf(error)) return
    const reason = reasonOf(error)
    if (problem === null) logger(`Postgres does not serve: ${reason}`)
    problem = reason
    timer ??= setTimeout(ask, ASK_EVERY_MS).unref()
  }
  const ask = (): void => {
    timer = null
    if (isStopped || problem === null) return
    database.query('select 1').then(serve, fail)
  }
  const watch = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      const result = await work
      serve()
      return result
    } catch (error) {
      fail(error)
      throw error
    }
  }

  return {
    database: {
      query: (statement, values) => watch(database.query(statement, values)),
      transaction: (work, options) => watch(database.transaction(work, options)),
    },
    problem: () => problem,
    stop() {
      isStopped = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}

/** Such as `ECONNREFUSED`, or the words of the server about itself; never a host or an address. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof GatewayError ? error.cause : error
  if (!(cause instanceof Error)) return 'it does not answer'
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : null
  // Node's own messages, and those of Postgres about whom it lets in, name addresses.
  if (code !== null && /^(E[A-Z_]+|28...)$/.test(code)) return code
  return cause.message === '' ? (code ?? cause.name) : cause.message
}
