import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../../../adapters/store/database.ts'
import { checkConnections } from '../../../../adapters/store/server/check-connections.ts'
import {
  openServerStore,
  type ServerStore,
  type ServerStoreOptions,
} from '../../../../adapters/store/server/open-server-store.ts'
import { openServerPool, SERVER_LIMITS } from '../../../../adapters/store/server/server-pool.ts'
import { fund, holdRequest, newCustomer } from '../../../contract/money.ts'
import { type CutProxy, startCutProxy } from '../../cut-proxy.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from '../own-database.ts'

const BASIC = { poolMax: 4, hasQueue: false, processId: 'process-1' }

it('a server that is not there is said in one line, without host or password', async () => {
  const server = { host: '127.0.0.1', port: 1, user: 'u', password: 'hunter2', database: 'd', tls: null }
  await expect(openServerStore({ ...BASIC, server })).rejects.toThrow(
    /^Postgres does not serve: ECONNREFUSED$/,
  )
  await expect(openServerStore({ ...BASIC, server: { ...server, host: 'no.such.invalid' } })).rejects.toThrow(
    /^Postgres does not serve: E[A-Z_]+$/,
  )
})

describe.skipIf(SERVER_URL === null)('on a server (else TEST_DATABASE_URL is not set)', () => {
  let own: OwnDatabase
  let proxy: CutProxy
  beforeAll(async () => {
    own = await makeDatabase()
    proxy = await startCutProxy(own.server)
  })
  afterAll(async () => {
    await proxy.close()
    await own.drop()
  })

  const lines: string[] = []
  const open = (more: Partial<ServerStoreOptions> = {}): Promise<ServerStore> =>
    openServerStore({
      ...BASIC,
      server: { ...own.server, host: '127.0.0.1', port: proxy.port },
      logger: (line) => lines.push(line),
      ...more,
    })
  /** Asks until it serves: the store says by itself when it does. */
  const untilServing = async ({ store }: ServerStore): Promise<void> => {
    while (!store.lifecycle.state().serving) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  it('names its kind, and nothing secret', async () => {
    const { store } = await open()
    expect(store.lifecycle.state()).toEqual({
      kind: expect.stringMatching(/^postgres \d\d$/),
      serving: true,
      problem: null,
    })
    await store.lifecycle.close()
    expect(store.lifecycle.state()).toMatchObject({ serving: false, problem: 'closed' })
    await store.lifecycle.close()
  })

  it('two that start at once make one schema', async () => {
    const fresh = await makeDatabase()
    const opened = await Promise.all([1, 2, 3].map(() => openServerStore({ ...BASIC, server: fresh.server })))
    const rows = await fresh.query('select number from yumagate.migration')
    expect(new Set(rows.map((row) => row.number)).size).toBe(rows.length)
    for (const { store } of opened) await store.lifecycle.close()
    await fresh.drop()
  })

  it('while the server is away the answer is ledger_unavailable, and it serves again by itself', async () => {
    const opened = await open()
    const { store } = opened
    const customer = await newCustomer(store, 100n)
    proxy.set('refused')
    proxy.cut()
    await expect(store.ledger.readBalance(customer.accountId)).rejects.toMatchObject({
      code: 'ledger_unavailable',
      retryAfterMs: expect.any(Number),
    })
    expect(store.lifecycle.state()).toMatchObject({ serving: false, problem: expect.any(String) })
    expect(JSON.stringify(store.lifecycle.state())).not.toContain(String(proxy.port))
    proxy.set('open')
    await untilServing(opened)
    expect((await store.ledger.readBalance(customer.accountId)).availableRao).toBe(100n)
    expect(lines.filter((line) => /serve/.test(line))).toEqual([
      expect.stringMatching(/^Postgres does not serve: /),
      'Postgres serves again',
    ])
    await store.lifecycle.close()
  })

  it('a server that takes connections and says nothing is given up in time', async () => {
    const limits = { connectMs: 100, answerMs: 100 }
    const opened = await open({ limits })
    proxy.set('silent')
    // On a connection that was open, then on a new one, then for a whole transaction.
    await expect(opened.store.lifecycle.ping()).rejects.toMatchObject({ code: 'ledger_unavailable' })
    await expect(opened.store.lifecycle.ping()).rejects.toMatchObject({ code: 'ledger_unavailable' })
    await expect(opened.database.transaction(async () => null)).rejects.toMatchObject({
      code: 'ledger_unavailable',
    })
    proxy.set('open')
    await untilServing(opened)
    await opened.store.lifecycle.ping()
    await opened.store.lifecycle.close()
  })

  it('a commit whose answer is lost is unknown, and the same again does it once', async () => {
    const opened = await open()
    const { store } = opened
    const customer = await newCustomer(store, 100n)
    const batch = { captures: [], settlements: [], voids: [], holds: [holdRequest(customer, 60n)] }
    proxy.set('deaf')
    const lost = store.ledger.commit(batch)
    const answered = proxy.droppedBytes()
    // Once the server has answered, the commit is done.
    while (proxy.droppedBytes() === answered) await new Promise((resolve) => setImmediate(resolve))
    proxy.cut()
    await expect(lost).rejects.toMatchObject({ code: 'ledger_unavailable' })
    proxy.set('open')
    await untilServing(opened)
    expect(await store.ledger.readBalance(customer.accountId)).toMatchObject({ heldRao: 60n })
    expect((await store.ledger.commit(batch)).holds).toEqual([{ kind: 'held' }])
    expect(await store.ledger.readBalance(customer.accountId)).toMatchObject({
      availableRao: 40n,
      heldRao: 60n,
    })
    await store.lifecycle.close()
  })

  it('a server that ends our sessions, as one that restarts does, fails nobody who asks again', async () => {
    const opened = await open()
    const { store } = opened
    const customer = await newCustomer(store, 0n)
    await own.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'yumagate%' and datname = current_database()`,
    )
    await store.lifecycle.ping().catch(() => undefined)
    await fund(store, customer.accountId, 5n)
    expect((await store.ledger.readBalance(customer.accountId)).availableRao).toBe(5n)
    await store.lifecycle.close()
  })

  it('the server ends a statement that takes too long, but not one of a long transaction', async () => {
    const { store, database } = await open({ limits: { statementMs: 50 } })
    await expect(database.query('select pg_sleep(60)')).rejects.toMatchObject({ code: 'ledger_unavailable' })
    // It has answered: nothing is wrong with it.
    expect(store.lifecycle.state().serving).toBe(true)
    await database.transaction(async ({ query }) => query('select pg_sleep(0.2)'), { isLong: true })
    expect((await store.ledger.verify()).holds).toBe(true)
    await store.lifecycle.close()
  })

  it('a process that hangs in a transaction loses it, and its locks', async () => {
    const { store, database } = await open({ limits: { idleTransactionMs: 50 } })
    await store.documents.write('contended', 1)
    const change = `update yumagate.document set body = '2' where name = 'contended'`
    let wasEnded: unknown = null
    await database
      .transaction(async (transaction) => {
        await transaction.query(change)
        await database.query(change)
        await transaction.query(change)
      })
      .catch((error: unknown) => {
        wasEnded = error
      })
    expect(wasEnded).toMatchObject({ code: 'ledger_unavailable' })
    await store.lifecycle.close()
  })

  it('no session is left in a state that another would find', async () => {
    const { store, database } = await open({ poolMax: 2 })
    const read = () =>
      database.query(
        `select current_setting('statement_timeout') as a, current_setting('search_path') as b,
           (select count(*) from pg_locks where locktype = 'advisory') as c`,
      )
    const before = await read()
    await store.ledger.verify()
    await database.transaction(async ({ query }) => query('select 1'), { isLong: true })
    expect(await read()).toEqual(before)
    await store.lifecycle.close()
  })

  it('behind a pooler nothing is asked of a session, and nothing is left in one', async () => {
    const { store, database } = await open({ poolMax: 2, isPooled: true })
    const customer = await newCustomer(store, 10n)
    await store.ledger.commit({
      ...{ captures: [], settlements: [], voids: [], holds: [holdRequest(customer, 5n)] },
    })
    await store.ledger.verify()
    expect(
      await database.query(
        `select current_setting('statement_timeout') as a, current_setting('idle_in_transaction_session_timeout') as b,
           (select count(*)::int from pg_prepared_statements) as c`,
      ),
    ).toEqual([{ a: '0', b: '0', c: 0 }])
    await store.lifecycle.close()
  })

  it('more connections than the server has are refused, with both numbers', async () => {
    // With the connection that listens 100,000.
    const poolMax = 99_999
    await expect(open({ poolMax })).rejects.toThrow(
      /^Postgres has \d+ connections to give .* \d+ process(es)? with up to 100000 each may want \d+00000: lower YUMAGATE_DATABASE_POOL/,
    )
    // What each may take counts for all who live, those of the queue too.
    const pools = ['a', 'b', 'c'].map((processId) =>
      openServerPool(own.server, {
        max: 1,
        processId,
        isQueue: processId === 'c',
        isPooled: false,
        limits: SERVER_LIMITS,
      }),
    )
    await Promise.all(pools.map((pool) => pool.query('select 1')))
    const [first] = pools
    if (!first) throw new Error('no pool')
    await expect(checkConnections(openDatabase(first), { perProcess: 100_000 })).rejects.toThrow(
      / ([3-9]|\d\d) processes with up to 100000 each may want ([3-9]|\d\d)00000/,
    )
    await Promise.all(pools.map((pool) => pool.end()))
  })

  it('connections of the queue have its search_path, and none is opened before', async () => {
    const { store, queuePool } = await open()
    expect(queuePool.totalCount).toBe(0)
    const { rows } = await queuePool.query('show search_path')
    expect(rows).toEqual([{ search_path: 'bullmq,public' }])
    await queuePool.end()
    await store.lifecycle.close()
  })
})
