/** Random histories of keys with budgets: the database and the model in memory answer alike, and K1 holds after each step. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Actor } from '../../../src/ports/accounts.ts'
import { BUDGET_PERIODS, type KeyRules } from '../../../src/ports/keys.ts'
import type { LedgerBatch } from '../../../src/ports/ledger.ts'
import type { Store } from '../../../src/ports/store.ts'
import { holdRequest, receiptFor, unique } from '../../contract/money.ts'
import { fakeStore } from '../../fakes/store.ts'
import { type OpenStore, STORES } from './stores.ts'

const RUNS = 40
const SEED = Date.now() % 2 ** 31
const ANN: Actor = { name: 'ann', address: null }
const FUNDS_RAO = 200n

let opened: OpenStore
beforeAll(async () => {
  console.log(`key-budgets.property seed ${SEED}`)
  opened = await STORES.find(({ name }) => name === 'pglite')!.open()
})
afterAll(() => opened.close())

const key = fc.integer({ min: 0, max: 2 })
const slot = fc.integer({ min: 0, max: 7 })
const amount = fc.bigInt(1n, 60n)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      holds: fc.array(fc.record({ slot, key, amount }), { maxLength: 6 }),
      settles: fc.array(fc.record({ slot, key, amount, part: fc.bigInt(0n, 60n) }), { maxLength: 3 }),
      voids: fc.array(slot, { maxLength: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      key,
      budget: fc.option(
        fc.record({ amountRao: fc.bigInt(1n, 120n), period: fc.constantFrom(...BUDGET_PERIODS) }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
)

it(`${RUNS} random histories of budgets: same answers and counts as the model, and the books balance`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 15 }), async (history) => {
      const stores: readonly [Store, Store] = [opened.store, fakeStore()]
      const name = unique()
      const accountId = `acc_${name}`
      const keys = [0, 1, 2].map((index) => `key_${name}_${index}`)
      for (const store of stores) {
        await store.accounts.create({ id: accountId, name, depositAddress: `address-${name}` })
        for (const id of keys)
          await store.accounts.addKey({ id, accountId, prefix: 'sk', sha256: sha256Of(id) })
        const from = await store.deposits.readCursor()
        const to = {
          genesisHash: from?.genesisHash ?? '0xgenesis',
          number: (from?.number ?? 0) + 1,
          hash: `0x${name}`,
        }
        await store.deposits.credit(from, to, [
          { eventIndex: 0, from: 'x', to: `address-${name}`, amountRao: FUNDS_RAO },
        ])
      }
      const holdOf = (order: { slot: number; key: number; amount: bigint }) =>
        holdRequest({ accountId, keyId: keys[order.key] ?? '', sha256: '' }, order.amount, {
          id: `hold:${name}:${order.slot}`,
        })
      const both = async <Result>(work: (store: Store) => Promise<Result>): Promise<void> => {
        const code = (error: { code?: string }) => ({ code: error.code })
        expect(await work(stores[0]).catch(code)).toEqual(await work(stores[1]).catch(code))
      }
      for (const next of history) {
        switch (next.kind) {
          case 'batch': {
            const settlements = next.settles
              .map((order) => ({ order, request: holdOf(order) }))
              .filter(({ order, request }) => order.part <= request.amountRao)
              .map(({ order, request }) => ({ holdId: request.id, receipt: receiptFor(request, order.part) }))
            const voids = next.voids.map((number) => `hold:${name}:${number}`)
            const batch: LedgerBatch = { holds: next.holds.map(holdOf), settlements, voids, captures: [] }
            await both((store) => store.ledger.commit(batch))
            break
          }
          case 'limit': {
            const rules: Partial<KeyRules> = { budget: next.budget }
            await both(async (store) => {
              return (await store.keys.change(keys[next.key] ?? '', { rules }, ANN)).rules
            })
            break
          }
          case 'rotate': {
            const id = `key_${unique()}`
            const successor = { id, prefix: 'sk', sha256: sha256Of(id), overlapMs: 3_600_000 }
            await both(
              async (store) => (await store.keys.rotate(keys[next.key] ?? '', successor, ANN)).limitId,
            )
            keys[next.key] =
              (await stores[0].keys.list({ keyId: id })).length > 0 ? id : (keys[next.key] ?? '')
            break
          }
          case 'sweep':
            await both(async (store) => void (await store.ledger.sweep({ keepProcessId: null })))
        }
        await both((store) => store.ledger.readBalance(accountId))
        await both(async (store) =>
          (await store.keys.list({ accountId })).map(({ id, spentRao }) => [id, spentRao]),
        )
        for (const store of stores) {
          expect((await store.ledger.verify()).checks.filter(({ passed }) => !passed)).toEqual([])
        }
      }
    }),
    { numRuns: RUNS, seed: SEED },
  )
})

const sha256Of = (id: string): string => Buffer.from(id.padEnd(32).slice(-32)).toString('hex')
