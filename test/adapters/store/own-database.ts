/** A database of a test's own on the server of TEST_DATABASE_URL. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { ServerAddress } from '../../../adapters/store/server/server-pool.ts'

/** Null when there is no server to test on. */
export const SERVER_URL = process.env.TEST_DATABASE_URL ?? null

/** Whether that URL is of a pooler in transaction mode, such as PgBouncer with its defaults. */
export const IS_POOLED = process.env.TEST_DATABASE_POOLER === 'transaction'

export type OwnDatabase = {
  readonly url: string
  readonly server: ServerAddress
  /** One statement by another way than what is tested. */
  query(text: string): Promise<readonly Record<string, unknown>[]>
  drop(): Promise<void>
}

export async function makeDatabase(): Promise<OwnDatabase> {
  if (SERVER_URL === null) throw new Error('TEST_DATABASE_URL is not set')
  const name = `yumagate_test_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: SERVER_URL })
  await admin.connect()
  await admin.query(`create database ${name}`)
  const url = new URL(SERVER_URL)
  url.pathname = `/${name}`
  const own = new pg.Client({ connectionString: url.href })
  await own.connect()
  return {
    url: url.href,
    server: {
      host: url.hostname,
      port: Number(url.port || 5432),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password) || null,
      database: name,
      tls: null,
    },
    query: async (text) => (await own.query(text)).rows,
    async drop() {
      await own.end()
      await admin.query(`drop database ${name} with (force)`)
      await admin.end()
    },
  }
}
