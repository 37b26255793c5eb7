/** Brings the schema `yumagate` to the version of this code. */

import { integerOf, textOf } from './columns.ts'
import type { Database, Queryable } from './database.ts'
import { MIGRATIONS, type Migration } from './migrations/index.ts'

const LONG = { isLong: true }

/** Any number, the same in every version: whoever migrates holds this lock until its transaction ends. */
const LOCK = 7_935_221_640_413

/**
 * Applies what is missing, all in one transaction, one process at a time.
 *
 * @returns names of what was applied
 * @throws Error when the schema is newer than this code, or has another history
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly string[]> {
  return database.transaction((transaction) => migrateWithin(transaction, migrations), LONG)
}

/** The same as a part of a transaction of the caller's, until whose end nobody else migrates. */
export async function migrateWithin(
  transaction: Queryable,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly string[]> {
  await transaction.query('select pg_advisory_xact_lock($1::bigint)', [LOCK])
  await transaction.query('create schema if not exists yumagate')
  await transaction.query(
    `create table if not exists yumagate.migration (
         number integer primary key, name text not null, applied_at timestamptz not null default now())`,
  )
  const rows = await transaction.query('select number, name from yumagate.migration order by number')
  const applied = rows.map((row) => ({ number: integerOf(row, 'number'), name: textOf(row, 'name') }))
  for (const { number, name } of applied) {
    const known = migrations[number - 1]
    if (!known) {
      throw new Error(
        `the database has a newer schema (${name}) than this version of the gateway knows: start the newer version again`,
      )
    }
    if (known.name !== name) {
      throw new Error(
        `the database has the schema ${name} where this gateway has ${known.name}: it is not of this gateway`,
      )
    }
  }
  const missing = migrations.slice(applied.length)
  for (const [index, { name, sql }] of missing.entries()) {
    await transaction.query(sql)
    await transaction.query('insert into yumagate.migration (number, name) values ($1, $2)', [
      applied.length + index + 1,
      name,
    ])
  }
  return missing.map(({ name }) => name)
}
