/** Two purses of two processes on one Postgres: money that lies in the spend lease of one is there for the other. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServerStore, type ServerStore } from '../../../../adapters/store/server/open-server-store.ts'
import { createPurse, type Purse, type ReserveOrder } from '../../../../src/billing/purse.ts'
import type { ReceiptParts } from '../../../../src/billing/receipt.ts'
import { systemTiming } from '../../../../src/billing/timing.ts'
import { type Customer, newCustomer, unique } from '../../../contract/money.ts'
import { keptLog } from '../../../src/billing/manual-timing.ts'
import { IS_POOLED, makeDatabase, type OwnDatabase, SERVER_URL } from '../own-database.ts'

const WORST_RAO = 100n

const parts: ReceiptParts = {
  ...{ model: 'chat', capability: 'chat', priceVersion: '1', attempts: 1, runId: null, stepId: null },
  lines: [{ meter: 'output_token', units: 1n, rao: 1n, per: 1n, costRao: 1n }],
  provider: { netuid: 1, mechid: 0, hotkey: '5F', uid: 3, incentive: 900, block: 12 },
  outputSha256: 'ab'.repeat(32),
}

// Notifications do not pass a pooler in transaction mode: there the lease goes home when it is idle.
describe.skipIf(SERVER_URL === null || IS_POOLED)('spend leases of two processes on Postgres', () => {
  let database: OwnDatabase
  const processes: (ServerStore & { readonly purse: Purse })[] = []
  let customer: Customer

  const open = async (processId: string) => {
    const opened = await openServerStore({
      server: database.server,
      ...{ poolMax: 4, hasQueue: false, processId },
    })
    const purse = createPurse({
      ledger: opened.store.ledger,
      leaseCalls: opened.leaseCalls,
      timing: systemTiming,
      random: randomBytes,
      log: keptLog(),
      readGenesisHash: () => null,
    })
    processes.push({ ...opened, purse })
  }
  const order = (amountRao: bigint): ReserveOrder => ({
    ...{ accountId: customer.accountId, keyId: customer.keyId, depositAddress: 'address' },
    ...{ requestId: `req_${unique()}`, amountRao, ttlMs: 60_000 },
  })
  const purseOf = (index: number): Purse => {
    const found = processes[index]
    if (!found) throw new Error('no such process')
    return found.purse
  }
  const warm = async (purse: Purse) => {
    for (let turn = 0; turn < 4; turn += 1) await purse.settle(await purse.reserve(order(WORST_RAO)), parts)
    const reserveOnce = async () => {
      const reservation = await purse.reserve(order(WORST_RAO))
      await purse.void(reservation)
      return reservation.holdId
    }
    await expect.poll(reserveOnce).toMatch(/^hold:lease:/)
  }

  beforeAll(async () => {
    database = await makeDatabase()
    await open('first')
    await open('second')
  })
  afterAll(async () => {
    for (const { purse, store } of processes) {
      await purse.close(2_000)
      await store.lifecycle.close()
    }
    await database?.drop()
  })

  it('what one has leased and nobody reserves is there for the other, who asks for it', async () => {
    customer = await newCustomer(processes[0]!.store, 10_000n)
    const [first, second] = [purseOf(0), purseOf(1)]
    await warm(first)
    const running = await first.reserve(order(WORST_RAO))
    expect(running.holdId).toMatch(/^hold:lease:/)
    // More than is free beside the lease of 3,200 rao.
    const large = await second.reserve(order(9_800n))
    await second.void(large)
    await expect(second.reserve(order(9_900n))).rejects.toMatchObject({ code: 'insufficient_quota' })
    await first.settle(running, parts)
    await expect.poll(() => first.state().leases).toBe(0)
  })

  it('both read the same balance: what requests in flight reserve is held, the rest of a lease is not', async () => {
    customer = await newCustomer(processes[0]!.store, 10_000n)
    const [first, second] = [purseOf(0), purseOf(1)]
    await warm(first)
    const running = await first.reserve(order(WORST_RAO))
    const expected = { availableRao: 10_000n - 4n - WORST_RAO, heldRao: WORST_RAO, spentRao: 4n }
    expect(await first.readBalance(customer.accountId)).toEqual(expected)
    expect(await second.readBalance(customer.accountId)).toEqual(expected)
    expect(first.state().leases).toBe(1)
    await first.void(running)
    expect(await second.readBalance(customer.accountId)).toMatchObject({ heldRao: 0n })
  })

  it('a process that is gone answers nothing: its lease counts as held, and nobody waits for ever', async () => {
    await open('third')
    customer = await newCustomer(processes[0]!.store, 10_000n)
    await warm(purseOf(2))
    const third = processes.pop()
    await third?.store.lifecycle.close()
    const balance = await purseOf(0).readBalance(customer.accountId)
    expect(balance).toEqual({ availableRao: 9_996n - 3_200n, heldRao: 3_200n, spentRao: 4n })
    await expect(purseOf(0).reserve(order(9_000n))).rejects.toMatchObject({ code: 'insufficient_quota' })
  })

  it('is heard again after the connection that listens was lost', async () => {
    customer = await newCustomer(processes[0]!.store, 10_000n)
    const [first, second] = [purseOf(0), purseOf(1)]
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen yumagate%' and datname = current_database()`,
    )
    await warm(first)
    await expect
      .poll(
        async () => {
          if (first.state().leases === 0) await warm(first)
          return (await second.readBalance(customer.accountId)).heldRao
        },
        { timeout: 10_000, interval: 200 },
      )
      .toBe(0n)
  })
})
