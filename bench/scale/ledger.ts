/**
 * What a request pays for its money: pairs of hold and settle a second, group-committed by the gateway's own committer, beside the same
 * pairs as transactions of one row each; on PGlite and on Postgres, in turns.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openServerStore } from '../../adapters/store/server/open-server-store.ts'
import { Committer } from '../../src/billing/committer.ts'
import { systemTiming } from '../../src/billing/timing.ts'
import type { Ledger } from '../../src/ports/ledger.ts'
import type { Store } from '../../src/ports/store.ts'
import { openEmbeddedAt } from '../../test/adapters/store/stores.ts'
import { type Customer, holdRequest, newCustomer, receiptFor } from '../../test/contract/money.ts'
import { type OwnPostgres, startPostgres } from '../../test/drills/postgres-server.ts'
import { writeTable } from '../../test/drills/tables.ts'

const ACCOUNTS = 64
const CLIENTS = [1, 32, 128]
const ROUNDS = 3
const CONNECTIONS = 32

type Row = {
  readonly server: string
  readonly clients: number
  readonly bare: number
  readonly grouped: number
}

export async function measureLedger({ seconds }: { readonly seconds: number }): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'yumagate-bench-'))
  const postgres = await startPostgres()
  const embedded = await openEmbeddedAt(directory)
  const server = await openPostgres(postgres)
  const stores: readonly (readonly [string, Store])[] = [
    ['PGlite', embedded.store],
    ['Postgres', server],
  ]
  const rows: Row[] = []
  try {
    for (const [name, store] of stores) {
      const customers: Customer[] = []
      for (let index = 0; index < ACCOUNTS; index += 1) customers.push(await newCustomer(store, 10n ** 15n))
      await pairs(store.ledger, { customers, clients: 32, seconds: 1, isGrouped: true })
      for (const clients of CLIENTS) {
        let [bare, grouped] = [0, 0]
        for (let round = 0; round < ROUNDS; round += 1) {
          bare = Math.max(bare, await pairs(store.ledger, { customers, clients, seconds, isGrouped: false }))
          grouped = Math.max(
            grouped,
            await pairs(store.ledger, { customers, clients, seconds, isGrouped: true }),
          )
        }
        rows.push({ server: name, clients, bare, grouped })
        process.stderr.write(
          `${name}, ${clients} clients: ${bare.toFixed(0)} bare, ${grouped.toFixed(0)} grouped\n`,
        )
      }
    }
  } finally {
    await embedded.store.lifecycle.close()
    await server.lifecycle.close()
    await postgres.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  const bareOf = (row: Row) =>
    rows.find(({ server, clients }) => server === row.server && clients === 1)?.bare ?? 1
  return writeTable<Row>(
    [
      ['server', ({ server: name }) => name],
      ['clients', ({ clients }) => clients],
      ['pairs/s, one row a transaction', ({ bare }) => bare.toFixed(0)],
      ['pairs/s, group commit', ({ grouped }) => grouped.toFixed(0)],
      ['ratio', ({ bare, grouped }) => `${(grouped / bare).toFixed(1)} ×`],
      ['ratio to one client alone', (row) => `${(row.grouped / bareOf(row)).toFixed(1)} ×`],
    ],
    rows,
  )
}

async function openPostgres({ port }: OwnPostgres): Promise<Store> {
  const { store } = await openServerStore({
    server: { host: '127.0.0.1', port, user: 'postgres', password: null, database: 'postgres', tls: null },
    ...{ poolMax: CONNECTIONS, hasQueue: false, processId: 'bench' },
  })
  return store
}

type PairsOptions = {
  readonly customers: readonly Customer[]
  readonly clients: number
  readonly seconds: number
  readonly isGrouped: boolean
}

/** @returns pairs a second, each durable before the next of its client begins */
async function pairs(
  ledger: Ledger,
  { customers, clients, seconds, isGrouped }: PairsOptions,
): Promise<number> {
  const log = { debug() {}, info() {}, warn: console.warn, error: console.error }
  const committer = new Committer({
    ...{ ledger, timing: systemTiming, log, batchMax: 512, queueMax: 8_192 },
    ...{ commitTimeoutMs: 10_000, holdWaitMs: 20_000, settleWaitMs: 20_000 },
  })
  const empty = { holds: [], settlements: [], captures: [], voids: [] }
  const startMs = performance.now()
  let done = 0
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let turn = client; performance.now() - startMs < seconds * 1000; turn += 1) {
        const customer = customers[turn % customers.length]
        if (!customer) return
        const hold = holdRequest(customer, 100_000n)
        const settlement = { holdId: hold.id, receipt: receiptFor(hold, 70_000n) }
        if (isGrouped) {
          await committer.hold(hold)
          await committer.settle(settlement, hold.ttlMs)
        } else {
          await ledger.commit({ ...empty, holds: [hold] })
          await ledger.commit({ ...empty, settlements: [settlement] })
        }
        done += 1
      }
    }),
  )
  return done / ((performance.now() - startMs) / 1000)
}
