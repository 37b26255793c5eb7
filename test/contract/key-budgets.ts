/** What every ledger promises of keys with a budget or a limit of rao per minute. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Actor } from '../../src/ports/accounts.ts'
import type { KeyBudget, KeyRules } from '../../src/ports/keys.ts'
import type { HoldRequest, LedgerBatch } from '../../src/ports/ledger.ts'
import type { Store } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { type Customer, holdRequest, newCustomer, receiptFor, unique } from './money.ts'

const ANN: Actor = { name: 'ann', address: null }
const FUNDS_RAO = 1_000_000n

const batch = (parts: Partial<LedgerBatch>): LedgerBatch => ({
  holds: [],
  settlements: [],
  captures: [],
  voids: [],
  ...parts,
})

export function keyBudgetsContract(name: string, { make }: Pick<StoreContract, 'make'>): void {
  describe(`key budgets: ${name}`, () => {
    let store: Store
    beforeAll(async () => {
      store = await make()
    })
    const limited = async (rules: Partial<KeyRules>): Promise<Customer> => {
      const customer = await newCustomer(store, FUNDS_RAO)
      await store.keys.change(customer.keyId, { rules }, ANN)
      return customer
    }
    const budget = (amountRao: bigint, period: KeyBudget['period'] = 'total') => ({
      budget: { amountRao, period },
    })
    const hold = async (...holds: readonly HoldRequest[]) =>
      (await store.ledger.commit(batch({ holds }))).holds
    const settle = (request: HoldRequest, capturedRao: bigint) =>
      store.ledger.commit(
        batch({ settlements: [{ holdId: request.id, receipt: receiptFor(request, capturedRao) }] }),
      )
    const spentOf = async ({ keyId }: Customer) => (await store.keys.list({ keyId }))[0]?.spentRao
    const addSecondKey = async ({ accountId }: Customer, rules: KeyRules | null = null) => {
      const key = { id: `key_${unique()}`, accountId, prefix: 'sk', sha256: randomBytes(32).toString('hex') }
      await store.accounts.addKey({ ...key, rules })
      return { accountId, keyId: key.id, sha256: key.sha256 }
    }

    it.each([
      ['one by one', false],
      ['in one batch', true],
    ])('a budget for k of n parallel requests serves exactly k (%s)', async (_how, isBatch) => {
      const customer = await limited(budget(50n * 7n + 6n))
      const requests = Array.from({ length: 200 }, () => holdRequest(customer, 7n))
      const outcomes = isBatch
        ? await hold(...requests)
        : (await Promise.all(requests.map((request) => hold(request)))).flat()
      expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(50)
      expect(outcomes.filter(({ kind }) => kind === 'over-budget')).toHaveLength(150)
      expect(await spentOf(customer)).toBe(350n)
      expect((await store.ledger.readBalance(customer.accountId)).heldRao).toBe(350n)
    })

    it('says what is left of the budget, and changes nothing', async () => {
      const customer = await limited(budget(100n))
      expect(await hold(holdRequest(customer, 60n))).toEqual([{ kind: 'held' }])
      expect(await hold(holdRequest(customer, 41n))).toEqual([{ kind: 'over-budget', leftRao: 40n }])
      expect(await hold(holdRequest(customer, 40n))).toEqual([{ kind: 'held' }])
      expect(await store.ledger.readBalance(customer.accountId)).toMatchObject({ heldRao: 100n })
    })

    it('an empty balance is told from an empty budget', async () => {
      const customer = await limited(budget(10n * FUNDS_RAO))
      expect(await hold(holdRequest(customer, FUNDS_RAO + 1n))).toEqual([
        { kind: 'insufficient', availableRao: FUNDS_RAO },
      ])
      expect(await spentOf(customer)).toBe(0n)
    })

    it('what a settle, a void or the sweep releases can be spent again; what was captured cannot', async () => {
      const customer = await limited(budget(100n))
      const [first, second] = [holdRequest(customer, 60n), holdRequest(customer, 40n)]
      await hold(first, second)
      await settle(first, 15n)
      expect(await spentOf(customer)).toBe(55n)
      await store.ledger.commit(batch({ voids: [second.id] }))
      expect(await spentOf(customer)).toBe(15n)
      const old = holdRequest(customer, 85n, { ttlMs: 0 })
      expect(await hold(old)).toEqual([{ kind: 'held' }])
      await store.ledger.sweep({ keepProcessId: null })
      expect(await spentOf(customer)).toBe(15n)
      expect(await hold(holdRequest(customer, 86n))).toEqual([{ kind: 'over-budget', leftRao: 85n }])
    })

    it('many settles and voids in one batch give back to each key its own', async () => {
      const [ann, bob] = [await limited(budget(1000n)), await limited(budget(1000n, 'day'))]
      const plain = await newCustomer(store, FUNDS_RAO)
      const requests = [ann, bob, plain].flatMap((customer) =>
        [10n, 20n, 30n].map((amountRao) => holdRequest(customer, amountRao)),
      )
      expect(new Set((await hold(...requests)).map(({ kind }) => kind))).toEqual(new Set(['held']))
      const settled = requests.filter((_, index) => index % 3 !== 2)
      const voids = requests.filter((_, index) => index % 3 === 2).map(({ id }) => id)
      const settlements = settled.map((request) => ({ holdId: request.id, receipt: receiptFor(request, 4n) }))
      await store.ledger.commit(batch({ settlements, voids }))
      expect([await spentOf(ann), await spentOf(bob), await spentOf(plain)]).toEqual([8n, 8n, null])
    })

    it('the same hold again counts once, and so does the same settle', async () => {
      const customer = await limited(budget(100n))
      const request = holdRequest(customer, 60n)
      for (let times = 0; times < 3; times += 1) expect(await hold(request)).toEqual([{ kind: 'held' }])
      expect(await spentOf(customer)).toBe(60n)
      for (let times = 0; times < 3; times += 1) await settle(request, 25n)
      expect(await spentOf(customer)).toBe(25n)
    })

    it('another key of the account is not bound by it', async () => {
      const customer = await limited(budget(10n))
      const other = await addSecondKey(customer)
      expect(await hold(holdRequest(customer, 11n), holdRequest(other, 500n))).toEqual([
        { kind: 'over-budget', leftRao: 10n },
        { kind: 'held' },
      ])
      expect(await spentOf(customer)).toBe(0n)
    })

    it('another amount keeps the count, another period starts a new one, none at all ends it', async () => {
      const customer = await limited(budget(100n, 'day'))
      const before = holdRequest(customer, 70n)
      await hold(before)
      await store.keys.change(customer.keyId, { rules: budget(80n, 'day') }, ANN)
      expect(await spentOf(customer)).toBe(70n)
      expect(await hold(holdRequest(customer, 11n))).toEqual([{ kind: 'over-budget', leftRao: 10n }])
      await store.keys.change(customer.keyId, { rules: budget(60n, 'day') }, ANN)
      expect(await hold(holdRequest(customer, 1n))).toEqual([{ kind: 'over-budget', leftRao: 0n }])
      await store.keys.change(customer.keyId, { rules: budget(80n, 'month') }, ANN)
      expect(await spentOf(customer)).toBe(0n)
      expect(await hold(holdRequest(customer, 50n))).toEqual([{ kind: 'held' }])
      // Of the period before: it is not counted in this one.
      await settle(before, 0n)
      expect(await spentOf(customer)).toBe(50n)
      await store.keys.change(customer.keyId, { rules: { budget: null } }, ANN)
      expect(await hold(holdRequest(customer, 500n))).toEqual([{ kind: 'held' }])
      expect(await spentOf(customer)).toBeNull()
    })

    it('what was held before there was a budget is not given back to it', async () => {
      const customer = await newCustomer(store, FUNDS_RAO)
      const before = holdRequest(customer, 70n)
      await hold(before)
      await store.keys.change(customer.keyId, { rules: budget(100n) }, ANN)
      await hold(holdRequest(customer, 60n))
      await settle(before, 1n)
      expect(await spentOf(customer)).toBe(60n)
    })

    it('a successor goes on with what its predecessor has left', async () => {
      const customer = await limited(budget(100n))
      await hold(holdRequest(customer, 60n))
      const next = { id: `key_${unique()}`, prefix: 'sk', sha256: randomBytes(32).toString('hex') }
      await store.keys.rotate(customer.keyId, { ...next, overlapMs: 600_000 }, ANN)
      const successor = { ...customer, keyId: next.id }
      expect(await hold(holdRequest(successor, 41n))).toEqual([{ kind: 'over-budget', leftRao: 40n }])
      expect(await hold(holdRequest(successor, 30n), holdRequest(customer, 10n))).toEqual([
        { kind: 'held' },
        { kind: 'held' },
      ])
      expect(await spentOf(successor)).toBe(100n)
    })

    it('a limit of rao per minute refuses what it has not left, and says so', async () => {
      const customer = await limited({ raoPerMinute: 10n })
      const first = holdRequest(customer, 10n)
      expect(await hold(first)).toEqual([{ kind: 'held' }])
      expect(await hold(holdRequest(customer, 5n))).toEqual([
        { kind: 'over-rate', leftRao: expect.any(BigInt) },
      ])
      await settle(first, 4n)
      expect(await hold(holdRequest(customer, 5n))).toEqual([{ kind: 'held' }])
      expect(await hold(holdRequest(customer, 5n))).toEqual([
        { kind: 'over-rate', leftRao: expect.any(BigInt) },
      ])
    })

    it('a fast limit of rao flows in again', async () => {
      const perMinute = 60n * FUNDS_RAO
      const customer = await limited({ raoPerMinute: perMinute })
      // Fifty at once: more than the purse, so each is given back first; the limit is what counts.
      let served = 0
      for (let turn = 0; turn < 70; turn += 1) {
        const request = holdRequest(customer, FUNDS_RAO)
        const [outcome] = await hold(request)
        if (outcome?.kind === 'held') served += 1
        await store.ledger.commit(batch({ voids: [request.id] }))
      }
      expect(served).toBe(70)
    })

    it('no spend lease is opened for a key that is counted', async () => {
      const customer = await limited(budget(100n))
      const request = { ...holdRequest(customer, 50n), id: `hold:lease:${unique()}` }
      const outcome = await store.ledger.changeLease({ kind: 'open', request, freeRaoMin: 1n })
      expect(outcome.kind).toBe('insufficient')
      expect(await spentOf(customer)).toBe(0n)
      expect((await store.ledger.readBalance(customer.accountId)).heldRao).toBe(0n)
    })

    it('an expired key holds nothing, alone or in a batch', async () => {
      const customer = await newCustomer(store, FUNDS_RAO)
      await store.keys.change(customer.keyId, { expiresAt: new Date(Date.now() - 1000).toISOString() }, ANN)
      expect(await hold(holdRequest(customer, 1n))).toEqual([{ kind: 'refused' }])
      expect(await hold(holdRequest(customer, 1n), holdRequest(customer, 1n))).toEqual([
        { kind: 'refused' },
        { kind: 'refused' },
      ])
    })

    it('a run is held within the budget, or not at all', async () => {
      const customer = await limited(budget(100n))
      const run = (holdRao: bigint) => ({
        ...{ id: `run_${unique()}`, accountId: customer.accountId, keyId: customer.keyId, definition: {} },
        ...{ priceVersion: '1', holdRao, timeoutMs: 60_000, steps: [], events: [], idempotency: null },
      })
      expect(await store.runs.create(run(101n))).toEqual({ kind: 'over-budget', leftRao: 100n })
      expect((await store.runs.create(run(90n))).kind).toBe('created')
      expect(await hold(holdRequest(customer, 11n))).toEqual([{ kind: 'over-budget', leftRao: 10n }])
    })

    it('after all of this the books balance, K1 among them', async () => {
      const { holds, checks } = await store.ledger.verify()
      expect(checks.filter(({ passed }) => !passed)).toEqual([])
      expect(holds).toBe(true)
      expect(checks.some(({ name: check }) => check.startsWith('K1'))).toBe(true)
    })
  })
}
