/** What time does to limits of keys, in SQL: the rows are moved back in time instead of waiting. */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EmbeddedStore } from '../../../adapters/store/embedded/open-embedded-store.ts'
import type { Actor } from '../../../src/ports/accounts.ts'
import type { KeyRules } from '../../../src/ports/keys.ts'
import type { HoldRequest, Settlement } from '../../../src/ports/ledger.ts'
import { type Customer, holdRequest, newCustomer, receiptFor } from '../../contract/money.ts'
import { openEmbeddedAt, temporaryDirectory } from './stores.ts'

const ANN: Actor = { name: 'ann', address: null }

let directory: string
let embedded: EmbeddedStore
beforeAll(async () => {
  directory = await temporaryDirectory()
  embedded = await openEmbeddedAt(directory)
})
afterAll(async () => {
  await embedded.store.lifecycle.close()
  await rm(directory, { recursive: true, force: true })
})

async function sql(text: string, values: readonly unknown[] = []): Promise<void> {
  const client = await embedded.queuePool.connect()
  try {
    await client.query(text, [...values])
  } finally {
    client.release()
  }
}

async function limited(rules: Partial<KeyRules>): Promise<Customer> {
  const customer = await newCustomer(embedded.store, 1_000_000n)
  await embedded.store.keys.change(customer.keyId, { rules }, ANN)
  return customer
}

const commit = (parts: { holds?: HoldRequest[]; settlements?: Settlement[] }) =>
  embedded.store.ledger.commit({ holds: [], settlements: [], captures: [], voids: [], ...parts })
const hold = async (request: HoldRequest) => (await commit({ holds: [request] })).holds[0]
const settle = (request: HoldRequest, capturedRao: bigint) =>
  commit({ settlements: [{ holdId: request.id, receipt: receiptFor(request, capturedRao) }] })
const spentOf = async ({ keyId }: Customer) => (await embedded.store.keys.list({ keyId }))[0]?.spentRao

describe('a budget for each day or month', () => {
  it.each([
    ['day', '1 day'],
    ['month', '1 month'],
  ] as const)(
    'begins anew with the %s, and what was held in the last one is not given back to it',
    async (period, ago) => {
      const customer = await limited({ budget: { amountRao: 100n, period } })
      await sql(`update yumagate.api_key set budget_since = now() - interval '1 year' where id = $1`, [
        customer.keyId,
      ])
      const before = holdRequest(customer, 70n)
      expect(await hold(before)).toEqual({ kind: 'held' })
      expect(await hold(holdRequest(customer, 31n))).toEqual({ kind: 'over-budget', leftRao: 30n })
      await sql(
        `update yumagate.key_meter set period_start = period_start - interval '${ago}' where limit_id = $1`,
        [customer.keyId],
      )
      await sql(`update yumagate.hold set metered_from = metered_from - interval '${ago}' where id = $1`, [
        before.id,
      ])
      expect(await spentOf(customer)).toBe(0n)
      expect(await hold(holdRequest(customer, 90n))).toEqual({ kind: 'held' })
      await settle(before, 5n)
      expect(await spentOf(customer)).toBe(90n)
      expect((await embedded.store.ledger.verify()).holds).toBe(true)
    },
  )

  it('never goes back to the day before: what began before midnight counts in the new day', async () => {
    const customer = await limited({ budget: { amountRao: 100n, period: 'day' } })
    await hold(holdRequest(customer, 60n))
    // As another statement would have left it, which began a moment later, after midnight.
    await sql(
      `update yumagate.key_meter set period_start = period_start + interval '1 day' where limit_id = $1`,
      [customer.keyId],
    )
    await sql(`update yumagate.hold set metered_from = metered_from + interval '1 day' where key_id = $1`, [
      customer.keyId,
    ])
    expect(await hold(holdRequest(customer, 41n))).toEqual({ kind: 'over-budget', leftRao: 40n })
  })
})

describe('rao per minute', () => {
  it('flow in evenly, up to a minute of them', async () => {
    const customer = await limited({ raoPerMinute: 6_000n })
    expect(await hold(holdRequest(customer, 6_000n))).toEqual({ kind: 'held' })
    await sql(`update yumagate.key_meter set minute_at = now() - interval '30 seconds' where limit_id = $1`, [
      customer.keyId,
    ])
    expect(await hold(holdRequest(customer, 3_500n))).toMatchObject({ kind: 'over-rate' })
    expect(await hold(holdRequest(customer, 3_000n))).toEqual({ kind: 'held' })
    await sql(`update yumagate.key_meter set minute_at = now() - interval '1 hour' where limit_id = $1`, [
      customer.keyId,
    ])
    expect(await hold(holdRequest(customer, 6_001n))).toMatchObject({ kind: 'over-rate', leftRao: 6_000n })
  })

  it('a clock that was set back lets none flow in, and takes none away', async () => {
    const customer = await limited({ raoPerMinute: 60n })
    await hold(holdRequest(customer, 50n))
    await sql(`update yumagate.key_meter set minute_at = now() + interval '1 hour' where limit_id = $1`, [
      customer.keyId,
    ])
    expect(await hold(holdRequest(customer, 11n))).toEqual({ kind: 'over-rate', leftRao: 10n })
    expect(await hold(holdRequest(customer, 10n))).toEqual({ kind: 'held' })
  })

  it('what flowed in since a hold is not given back a second time', async () => {
    const customer = await limited({ raoPerMinute: 6_000n })
    const early = holdRequest(customer, 6_000n)
    await hold(early)
    await sql(
      `update yumagate.key_meter set minute_at = minute_at - interval '30 seconds' where limit_id = $1`,
      [customer.keyId],
    )
    await sql(`update yumagate.hold set made_at = made_at - interval '30 seconds' where id = $1`, [early.id])
    expect(await hold(holdRequest(customer, 3_000n))).toEqual({ kind: 'held' })
    await settle(early, 0n)
    // Of the 6000, 3000 had flowed in and were taken again; the other 3000 come back now.
    expect(await hold(holdRequest(customer, 3_500n))).toMatchObject({ kind: 'over-rate' })
    expect(await hold(holdRequest(customer, 2_900n))).toEqual({ kind: 'held' })
  })
})

it('a bucket fills by the clock of the database, and not beyond full', async () => {
  const { limits } = embedded.store
  const order = { bucket: 'clock', perMinute: 60, amount: 60 }
  await limits.take(order)
  await sql(`update yumagate.rate_bucket set at = at - interval '30 seconds' where id = 'clock'`)
  expect(await limits.take({ ...order, amount: 31 })).toMatchObject({ isTaken: false })
  expect(await limits.take({ ...order, amount: 30 })).toMatchObject({ isTaken: true })
  await sql(`update yumagate.rate_bucket set at = at - interval '1 hour' where id = 'clock'`)
  expect(await limits.take(order)).toMatchObject({ isTaken: true })
  await sql(`update yumagate.rate_bucket set at = at + interval '1 hour' where id = 'clock'`)
  expect(await limits.take({ ...order, amount: 1 })).toMatchObject({ isTaken: false })
})

it.each([
  'update yumagate.audit_log set actor = actor',
  'delete from yumagate.audit_log',
  'truncate yumagate.audit_log',
])('the database refuses: %s', async (text) => {
  await newCustomer(embedded.store, 0n)
  await expect(sql(text)).rejects.toThrow('append-only')
})
