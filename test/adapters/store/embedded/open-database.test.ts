/** PGlite by itself, as the thread opens it. */
import fs, { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { prepareDatabaseDirectory } from '../../../../adapters/store/embedded/database-directory.ts'
import { openDatabase } from '../../../../adapters/store/embedded/open-database.ts'
import { TEMPLATE_NAME } from '../../../../adapters/store/embedded/open-embedded-store.ts'
import { temporaryDirectory } from '../stores.ts'
import { CACHE_DIRECTORY } from '../thread-file.ts'

const directory = await temporaryDirectory()
const pgdata = join(directory, 'pgdata')
const { fsyncSync } = fs
afterAll(() => {
  fs.fsyncSync = fsyncSync
  syncBuiltinESMExports()
  rmSync(directory, { recursive: true, force: true })
})

it('every commit reaches the disk before it is answered', async () => {
  mkdirSync(CACHE_DIRECTORY, { recursive: true })
  const writeTemplate = await prepareDatabaseDirectory(pgdata, join(CACHE_DIRECTORY, TEMPLATE_NAME))
  await writeTemplate?.()
  expect(statSync(pgdata).mode & 0o077).toBe(0)
  let syncs = 0
  fs.fsyncSync = (descriptor: number): void => {
    syncs += 1
    fsyncSync(descriptor)
  }
  syncBuiltinESMExports()
  const database = await openDatabase(pgdata)
  await database.exec('create table paid (n int)')
  for (let n = 0; n < 5; n += 1) {
    const before = syncs
    await database.query('insert into paid values ($1)', [n])
    expect(syncs).toBeGreaterThan(before)
  }
  const before = syncs
  await database.query('select * from paid')
  expect(syncs).toBe(before)
  const { rows } = await database.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
       where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'wal_sync_method') order by name`,
  )
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    wal_sync_method: 'fsync',
  })
  await database.close()
})

it('a template is named after the version of PGlite that made it', () => {
  const { version } = JSON.parse(
    readFileSync(join(CACHE_DIRECTORY, '../../@electric-sql/pglite/package.json'), 'utf8'),
  )
  expect(TEMPLATE_NAME).toBe(`pglite-${version}.tar.br`)
})

it('a directory that is there is left as it is', async () => {
  const marker = join(pgdata, 'PG_VERSION')
  const { mtimeMs } = statSync(marker)
  expect(await prepareDatabaseDirectory(pgdata, null)).toBeNull()
  expect(statSync(marker).mtimeMs).toBe(mtimeMs)
})
