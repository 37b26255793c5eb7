import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../../../adapters/store/database.ts'
import { unpackArchive } from '../../../../adapters/store/embedded/archive.ts'
import { startDatabaseThread } from '../../../../adapters/store/embedded/database-thread.ts'
import { lockDirectory } from '../../../../adapters/store/embedded/directory-lock.ts'
import {
  type EmbeddedStore,
  openEmbeddedStore,
  TEMPLATE_NAME,
} from '../../../../adapters/store/embedded/open-embedded-store.ts'
import { migrate } from '../../../../adapters/store/migrate.ts'
import { fund, newCustomer } from '../../../contract/money.ts'
import { openEmbeddedAt, temporaryDirectory } from '../stores.ts'
import { threadFile } from '../thread-file.ts'

const folders: string[] = []
const newFolder = async (): Promise<string> => {
  const folder = await temporaryDirectory()
  folders.push(folder)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Short for the two tests that wait for it, long for the others on a busy machine. */
const IDLE_MS = 1000

describe('connections to the one session', () => {
  let embedded: EmbeddedStore
  let pool: pg.Pool
  beforeAll(async () => {
    embedded = await openEmbeddedAt(await newFolder(), { idleTransactionMs: IDLE_MS })
    pool = embedded.queuePool
  })
  afterAll(() => embedded.store.lifecycle.close())

  it('who awaits the pool inside of a transaction gets a clear error instead of waiting for ever', async () => {
    const database = openDatabase(pool)
    const work = database.transaction(async (transaction) => {
      await transaction.query('select 1')
      await database.query('select 2')
    })
    // The guard gives the pool free, so that the inner statement ends; the transaction is told why it is gone.
    await expect(work).rejects.toMatchObject({ code: 'ledger_unavailable' })
    const reason = await work.catch((error: Error) => String(error.cause))
    expect(reason).toContain('made no statement for 1000 ms')
    expect(reason).toContain('use its own connection only, never the pool')
    expect(await database.query('select 3 as three')).toEqual([{ three: 3 }])
  })

  it('the guard says what to do', async () => {
    const client = await pool.connect()
    const told = new Promise<Error>((resolve) => client.once('error', resolve))
    await client.query('begin')
    expect((await told).message).toContain(
      'inside of a transaction use its own connection only, never the pool',
    )
    client.release(true)
  })

  it('a transaction by its handle is kept whole, whoever asks meanwhile', async () => {
    const database = openDatabase(pool)
    await database.query('create table public.tally (n int)')
    await Promise.all(
      Array.from({ length: 8 }, () =>
        database.transaction(async (transaction) => {
          const [row] = await transaction.query('select coalesce(sum(n), 0)::int as n from public.tally')
          await transaction.query('insert into public.tally values ($1)', [Number(row?.n) === 0 ? 1 : 0])
        }),
      ),
    )
    expect(await database.query('select sum(n)::int as n from public.tally')).toEqual([{ n: 1 }])
  })

  it('what a transaction did is undone when it fails, and when its connection is lost', async () => {
    const database = openDatabase(pool)
    await database.query('create table public.undone (n int)')
    const failing = database.transaction(async (transaction) => {
      await transaction.query('insert into public.undone values (1)')
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    const client = await pool.connect()
    await client.query('begin')
    await client.query('insert into public.undone values (2)')
    client.release(true)
    expect(await database.query('select n from public.undone')).toEqual([])
  })

  it('a statement that fails disturbs neither its own connection nor others', async () => {
    const client = await pool.connect()
    const results = await Promise.allSettled([
      client.query({ name: 'bad', text: 'select 1 / $1::int as x', values: [0] }),
      client.query({ name: 'good', text: 'select $1::int as x', values: [5] }),
      pool.query('select nothing from nowhere'),
      pool.query('select 6 as x'),
    ])
    client.release()
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
  })

  it('prepared statements of the same name do not meet', async () => {
    const [first, second] = [await pool.connect(), await pool.connect()]
    const named = (client: pg.PoolClient, text: string) => client.query({ name: 'same', text })
    for (let time = 0; time < 2; time += 1) {
      expect((await named(first, 'select 1 as n')).rows).toEqual([{ n: 1 }])
      expect((await named(second, 'select 2 as n')).rows).toEqual([{ n: 2 }])
    }
    first.release()
    second.release()
  })

  it('a notification reaches those who listen, and nobody else', async () => {
    const [listener, deaf] = [await pool.connect(), await pool.connect()]
    const heard: (string | undefined)[] = []
    const arrived = new Promise<void>((resolve) => {
      listener.on('notification', ({ channel, payload }) => {
        heard.push(`${channel}:${payload}`)
        if (payload === 'last') resolve()
      })
    })
    deaf.on('notification', () => heard.push('deaf'))
    await listener.query('listen "My Channel"')
    await pool.query(`select pg_notify('My Channel', 'first'), pg_notify('other', 'x')`)
    await pool.query(`select pg_notify('My Channel', 'last')`)
    await arrived
    expect(heard).toEqual(['My Channel:first', 'My Channel:last'])
    for (const client of [listener, deaf]) client.release(true)
  })

  it('large statements and answers pass whole', async () => {
    const text = 'é'.repeat(1_000_000)
    const { rows } = await pool.query('select $1::text as text', [text])
    expect(rows[0].text === text).toBe(true)
  })

  it('a hundred at once are all answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => pool.query('select $1::int as n', [n])),
    )
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  })

  it('maintenance makes a checkpoint and keeps tables that change from growing', async () => {
    const checkpoint = async () =>
      (await pool.query('select checkpoint_lsn as at from pg_control_checkpoint()')).rows[0].at
    const size = async () =>
      (await pool.query(`select pg_table_size('yumagate.document')::int as size`)).rows[0].size
    await embedded.store.documents.write('a', { text: 'x'.repeat(500) })
    const churn = async (): Promise<number> => {
      for (let time = 0; time < 60; time += 1) {
        await pool.query(`update yumagate.document set written_at = now(), body = body || ' '`)
      }
      await embedded.maintain()
      return size()
    }
    const before = await checkpoint()
    const first = await churn()
    expect(await checkpoint()).not.toBe(before)
    for (let round = 0; round < 5; round += 1) expect(await churn()).toBeLessThanOrEqual(first + 16_384)
  })

  it('migrations of another history are refused', async () => {
    const database = openDatabase(pool)
    await expect(migrate(database, [{ name: '0001-other', sql: '' }])).rejects.toThrow('not of this gateway')
  })

  it('migrations that fail leave nothing behind', async () => {
    const database = openDatabase(pool)
    const { rows } = await pool.query('select name from yumagate.migration order by number')
    const known = rows.map(({ name }) => ({ name, sql: '' }))
    const broken = [
      ...known,
      { name: 'good', sql: 'create table public.half (n int)' },
      { name: 'bad', sql: 'no sql' },
    ]
    await expect(migrate(database, broken)).rejects.toMatchObject({ code: 'internal_error' })
    expect(await database.query(`select to_regclass('public.half') as half`)).toEqual([{ half: null }])
  })
})

describe('a data directory', () => {
  it('has one owner at a time, keeps what was written, and is refused to older code', async () => {
    const directory = await newFolder()
    const lines: string[] = []
    const logger = (line: string): void => {
      lines.push(line)
    }
    const first = await openEmbeddedAt(directory, { logger })
    await expect(openEmbeddedAt(directory)).rejects.toThrow(
      `${directory} is in use by process ${process.pid}`,
    )
    expect(first.store.lifecycle.state()).toEqual({
      kind: `pglite in ${directory}`,
      serving: true,
      problem: null,
    })
    await first.store.lifecycle.ping()
    const { accountId } = await newCustomer(first.store, 5n)
    await first.store.lifecycle.close()
    await first.store.lifecycle.close()
    expect(first.store.lifecycle.state().serving).toBe(false)
    await expect(first.store.lifecycle.ping()).rejects.toMatchObject({ code: 'ledger_unavailable' })

    const second = await openEmbeddedAt(directory, { logger })
    expect((await second.store.ledger.readBalance(accountId)).availableRao).toBe(5n)
    await fund(second.store, accountId, 2n)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('0001-money')
    await second.queuePool.query(`insert into yumagate.migration (number, name) values (9001, '9001-future')`)
    await second.store.lifecycle.close()

    await expect(openEmbeddedAt(directory)).rejects.toThrow('newer schema (9001-future)')
    // The failed opening let go of the directory.
    const unlock = await lockDirectory(directory)
    unlock()
  })

  it('is made with initdb when the template is damaged, which then is made anew', async () => {
    const [directory, templateDirectory] = [await newFolder(), await newFolder()]
    const template = join(templateDirectory, TEMPLATE_NAME)
    writeFileSync(template, 'no archive')
    // Left behind by a start that was killed.
    writeFileSync(join(directory, 'pgdata.new'), 'half of it')
    const options = { workerFile: await threadFile(), templateDirectory, processId: 'process-1' }
    const first = await openEmbeddedStore({ directory, ...options })
    await first.store.lifecycle.close()
    expect(statSync(template).size).toBeGreaterThan(500_000)
    expect(readdirSync(templateDirectory)).toHaveLength(1)
    expect(existsSync(join(directory, 'pgdata.new'))).toBe(false)
    const unpacked = await newFolder()
    unpackArchive(brotliDecompressSync(readFileSync(template)), unpacked)
    expect(readdirSync(unpacked)).toEqual(readdirSync(join(directory, 'pgdata')))
  })
})

describe('a thread that dies', () => {
  const start = async (body: string) => {
    const file = join(await newFolder(), 'worker.mjs')
    writeFileSync(file, `import { parentPort } from 'node:worker_threads'\n${body}`)
    const settings = { databaseDirectory: '/nowhere', templateFile: null, idleTransactionMs: 1000 }
    return startDatabaseThread({ workerFile: file, execArgv: [], ...settings })
  }

  it('before it serves fails the start', async () => {
    await expect(start('process.exit(3)')).rejects.toThrow('ended with code 3')
    await expect(start(`throw new Error('no space left')`)).rejects.toThrow('no space left')
  })

  it('later ends every connection with the reason, and refuses new ones', async () => {
    const thread = await start(`
      parentPort.postMessage({ kind: 'ready' })
      parentPort.on('message', (message) => { if (message.kind === 'data') process.exit(4) })`)
    const ended = new Promise<Error | null>((resolve) => {
      const id = thread.connect(() => {}, resolve)
      thread.send(id, Buffer.from('x'))
    })
    expect((await ended)?.message).toContain('ended with code 4')
    expect(thread.problem()).toContain('code 4')
    const refused = await new Promise<Error | null>((resolve) => thread.connect(() => {}, resolve))
    expect(refused?.message).toContain('has stopped')
    await thread.close()
  })

  it('whose backend crashed says so to everybody', async () => {
    const thread = await start(`
      parentPort.postMessage({ kind: 'ready' })
      parentPort.on('message', () => parentPort.postMessage({ kind: 'failed', message: 'out of memory' }))`)
    const ended = await new Promise<Error | null>((resolve) => thread.connect(() => {}, resolve))
    expect(ended?.message).toContain('out of memory')
    await thread.close()
  })
})
