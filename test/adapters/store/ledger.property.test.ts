/** Random histories of the ledger: the database and the model in memory answer alike, and every invariant holds after each step. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { HoldRequest, LeaseChange, LedgerBatch, Settlement } from '../../../src/ports/ledger.ts'
import type { Store } from '../../../src/ports/store.ts'
import { type Customer, holdRequest, newCustomer, receiptFor, unique } from '../../contract/money.ts'
import { fakeStore } from '../../fakes/store.ts'
import { type OpenStore, PROCESS_ID, STORES } from './stores.ts'

const RUNS = 40
const SEED = Date.now() % 2 ** 31

let opened: OpenStore
beforeAll(async () => {
  console.log(`ledger.property seed ${SEED}`)
  opened = await STORES.find(({ name }) => name === 'pglite')!.open()
})
afterAll(() => opened.close())

const amount = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt(1n, 60n) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 53n + 1n, 2n ** 54n - 1n) },
)
/** Few, so that the same one is named again and again, with the same content and with another. */
const slot = fc.integer({ min: 0, max: 5 })
const who = fc.integer({ min: 0, max: 1 })
const holdOp = fc.record({ slot, who, amount, expired: fc.boolean() })
const settleOp = fc.record({ slot, who, part: fc.integer({ min: 0, max: 5 }), receipt: slot })
const leaseOp = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('open' as const), slot, who, amount, free: fc.bigInt(1n, 60n) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('give-back' as const), slot, keep: fc.bigInt(0n, 20n) }),
  },
)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      holds: fc.array(holdOp, { maxLength: 8 }),
      settlements: fc.array(settleOp, { maxLength: 5 }),
      captures: fc.array(settleOp, { maxLength: 5 }),
      voids: fc.array(slot, { maxLength: 3 }),
      leaseVoids: fc.array(slot, { maxLength: 1 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('lease' as const), change: leaseOp }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deposit' as const), who, amount, event: slot }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), all: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('replay' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

it(`${RUNS} random histories: same answers as the model, L1 to L7 after each step, L8 by replay`, async () => {
  let steps = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (history) => {
      // Both begin the same, with names of their own, so that histories in one database do not meet.
      const model = fakeStore({ processId: PROCESS_ID })
      const pair = await beginPair(opened.store, model)
      for (const next of history) {
        steps += 1
        await apply(pair, next)
        await compare(pair)
      }
    }),
    { numRuns: RUNS, seed: SEED },
  )
  console.log(`ledger.property: ${steps} steps`)
  expect(steps).toBeGreaterThan(RUNS * 3)
})

type Pair = {
  readonly stores: readonly [Store, Store]
  readonly customers: readonly Customer[]
  readonly prefix: string
  /** What was held and settled, batch by batch. */
  readonly done: LedgerBatch[]
}

async function beginPair(real: Store, model: Store): Promise<Pair> {
  const customers: Customer[] = []
  await real.ledger.sweep({ keepProcessId: 'another' })
  for (const fundsRao of [100n, 2n ** 55n]) {
    const customer = await newCustomer(real, fundsRao)
    const account = await real.accounts.get(customer.accountId)
    await model.accounts.create(account)
    await model.accounts.addKey({
      id: customer.keyId,
      accountId: account.id,
      prefix: 'yg',
      sha256: customer.sha256,
    })
    const from = await model.deposits.readCursor()
    const to = { genesisHash: 'g', number: customers.length, hash: `h${customers.length}` }
    await model.deposits.credit(from, to, [
      { eventIndex: 0, from: 'x', to: account.depositAddress, amountRao: fundsRao },
    ])
    customers.push(customer)
  }
  return { stores: [real, model], customers, prefix: unique(), done: [] }
}

async function apply(pair: Pair, next: Step): Promise<void> {
  const [real, model] = pair.stores
  switch (next.kind) {
    case 'batch': {
      const batch = batchOf(pair, next)
      const outcome = await real.ledger.commit(batch)
      expect(outcome).toEqual(await model.ledger.commit(batch))
      pair.done.push({
        holds: batch.holds.filter((_, index) => outcome.holds[index]?.kind === 'held'),
        settlements: batch.settlements.filter((_, index) => outcome.settlements[index]?.kind === 'settled'),
        captures: batch.captures.filter((_, index) => outcome.captures[index]?.kind === 'settled'),
        voids: [],
      })
      return
    }
    case 'lease': {
      const change = leaseChange(pair, next.change)
      expect(await real.ledger.changeLease(change)).toEqual(await model.ledger.changeLease(change))
      return
    }
    case 'deposit': {
      // Event 0 and 1 of a block that may have been read before: only new events credit.
      const block = next.event % 2
      const hash = `${pair.prefix}-${block}`
      const { depositAddress } = await real.accounts.get(pair.customers[next.who]!.accountId)
      const credit = { eventIndex: next.event, from: 'x', to: depositAddress, amountRao: next.amount }
      const results = []
      for (const store of pair.stores) {
        const from = await store.deposits.readCursor()
        results.push(await store.deposits.credit(from, { genesisHash: 'g', number: block, hash }, [credit]))
      }
      expect(results[0]).toEqual(results[1])
      return
    }
    case 'sweep': {
      const options = { keepProcessId: next.all ? 'another' : null }
      expect(await real.ledger.sweep(options)).toBe(await model.ledger.sweep(options))
      return
    }
    case 'replay': {
      // L8: all that ever had an effect has none the second time, and the same answer.
      const before = await balances(real, pair)
      for (const batch of pair.done) {
        const again = await real.ledger.commit(batch)
        expect(again.holds.every(({ kind }) => kind === 'held')).toBe(true)
        expect([...again.settlements, ...again.captures].every(({ kind }) => kind === 'settled')).toBe(true)
      }
      expect(await balances(real, pair)).toEqual(before)
    }
  }
}

function batchOf(pair: Pair, next: Extract<Step, { kind: 'batch' }>): LedgerBatch {
  const holdOf = (index: number, owner: number, amountRao: bigint, expired: boolean): HoldRequest =>
    holdRequest(pair.customers[owner]!, amountRao, {
      id: `hold:${pair.prefix}-${index}`,
      ttlMs: expired ? 0 : 600_000,
    })
  const settlements: Settlement[] = next.settlements.map(({ slot: index, who: owner, part, receipt }) => {
    // What the hold was made of is not known here: captures of all sizes, and some receipts that are used twice.
    const hold = holdOf(index, owner, 60n, false)
    return {
      holdId: hold.id,
      receipt: receiptFor(hold, BigInt(part * 12), {
        id: `rcp_${pair.prefix}-${receipt}`,
        requestId: hold.id.slice(5),
      }),
    }
  })
  const captures: Settlement[] = next.captures.map(({ slot: index, who: owner, part, receipt }) => {
    const lease = holdOf(index, owner, 60n, false)
    const name = `${pair.prefix}-c${receipt}`
    const more = { id: `rcp_${name}`, requestId: `req_${name}` }
    return { holdId: leaseId(pair, index), receipt: receiptFor(lease, BigInt(part * 12), more) }
  })
  return {
    captures,
    holds: next.holds.map((hold) => holdOf(hold.slot, hold.who, hold.amount, hold.expired)),
    settlements,
    voids: [
      ...next.voids.map((index) => `hold:${pair.prefix}-${index}`),
      ...next.leaseVoids.map((index) => leaseId(pair, index)),
    ],
  }
}

const leaseId = ({ prefix }: Pair, index: number): string => `hold:lease:${prefix}:${index}`

function leaseChange(pair: Pair, change: Extract<Step, { kind: 'lease' }>['change']): LeaseChange {
  const id = leaseId(pair, change.slot)
  if (change.kind === 'give-back') return { kind: 'give-back', leaseId: id, keepRao: change.keep }
  const request = holdRequest(pair.customers[change.who]!, change.amount, { id })
  return { kind: 'open', request, freeRaoMin: change.free }
}

const balances = (store: Store, { customers }: Pair) =>
  Promise.all(customers.map(({ accountId }) => store.ledger.readBalance(accountId)))

async function compare(pair: Pair): Promise<void> {
  const [real, model] = pair.stores
  expect(await balances(real, pair)).toEqual(await balances(model, pair))
  for (const { accountId } of pair.customers) {
    expect(await real.ledger.listReceipts(accountId, 50)).toEqual(
      await model.ledger.listReceipts(accountId, 50),
    )
  }
  expect((await real.ledger.verify()).checks.filter(({ passed }) => !passed)).toEqual([])
}
