/** What every ledger promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { HoldRequest, Ledger, LedgerBatch } from '../../src/ports/ledger.ts'
import type { Store } from '../../src/ports/store.ts'
import { RAO_MAX } from '../../src/units.ts'
import { type Customer, holdRequest, newCustomer, receiptFor, unique } from './money.ts'

export type StoreContract = {
  /** One store for all tests of the contract; closed by who made it. */
  readonly make: () => Promise<Store>
  /** The `processId` it was made with. */
  readonly processId: string
}

const batch = (parts: Partial<LedgerBatch>): LedgerBatch => ({
  holds: [],
  settlements: [],
  captures: [],
  voids: [],
  ...parts,
})

const place = async (ledger: Ledger, ...holds: readonly HoldRequest[]) =>
  (await ledger.commit(batch({ holds }))).holds

export function ledgerContract(name: string, { make, processId }: StoreContract): void {
  describe(`ledger: ${name}`, () => {
    let store: Store
    let ledger: Ledger
    beforeAll(async () => {
      store = await make()
      ledger = store.ledger
    })
    const balanceOf = ({ accountId }: Customer) => ledger.readBalance(accountId)

    it('a hold moves its amount from available to held', async () => {
      const customer = await newCustomer(store, 1000n)
      expect(await place(ledger, holdRequest(customer, 300n))).toEqual([{ kind: 'held' }])
      expect(await balanceOf(customer)).toEqual({ availableRao: 700n, heldRao: 300n, spentRao: 0n })
    })

    it('the same hold again has no effect and the same answer, even after it was resolved', async () => {
      const customer = await newCustomer(store, 1000n)
      const hold = holdRequest(customer, 300n)
      expect(await place(ledger, hold)).toEqual([{ kind: 'held' }])
      expect(await place(ledger, hold)).toEqual([{ kind: 'held' }])
      expect((await balanceOf(customer)).heldRao).toBe(300n)
      await ledger.commit(batch({ voids: [hold.id] }))
      expect(await place(ledger, hold)).toEqual([{ kind: 'held' }])
      expect((await balanceOf(customer)).heldRao).toBe(0n)
    })

    it('the same hold id with another content is a conflict and has no effect', async () => {
      const customer = await newCustomer(store, 1000n)
      const other = await newCustomer(store, 1000n)
      const hold = holdRequest(customer, 300n)
      await place(ledger, hold)
      const twisted = [
        { ...hold, amountRao: 301n },
        { ...hold, accountId: other.accountId, keyId: other.keyId },
        { ...hold, keyId: 'key_other' },
      ]
      for (const request of twisted) expect(await place(ledger, request)).toEqual([{ kind: 'conflict' }])
      expect(await balanceOf(customer)).toEqual({ availableRao: 700n, heldRao: 300n, spentRao: 0n })
      expect((await balanceOf(other)).availableRao).toBe(1000n)
    })

    it('a hold above the balance is insufficient, says what is available, and changes nothing', async () => {
      const customer = await newCustomer(store, 1000n)
      expect(await place(ledger, holdRequest(customer, 1001n))).toEqual([
        { kind: 'insufficient', availableRao: 1000n },
      ])
      expect(await balanceOf(customer)).toEqual({ availableRao: 1000n, heldRao: 0n, spentRao: 0n })
    })

    it('a hold of zero or less is refused as a defect', async () => {
      const customer = await newCustomer(store, 10n)
      await expect(place(ledger, holdRequest(customer, 0n))).rejects.toMatchObject({ code: 'internal_error' })
      await expect(place(ledger, holdRequest(customer, -1n))).rejects.toMatchObject({
        code: 'internal_error',
      })
    })

    it('an unknown account, an unknown key and the key of another account are refused', async () => {
      const customer = await newCustomer(store, 1000n)
      const other = await newCustomer(store, 1000n)
      const refused = [
        holdRequest(customer, 1n, { accountId: 'acc_nobody' }),
        holdRequest(customer, 1n, { keyId: 'key_nobody' }),
        holdRequest(customer, 1n, { keyId: other.keyId }),
      ]
      for (const request of refused) expect(await place(ledger, request)).toEqual([{ kind: 'refused' }])
      expect((await balanceOf(customer)).availableRao).toBe(1000n)
    })

    it('a key stops holding the moment it is revoked', async () => {
      const customer = await newCustomer(store, 1000n)
      expect(await place(ledger, holdRequest(customer, 1n))).toEqual([{ kind: 'held' }])
      await store.accounts.revokeKeys(customer.accountId, null)
      expect(await place(ledger, holdRequest(customer, 1n))).toEqual([{ kind: 'refused' }])
    })

    it('of ten holds at once on funds for four exactly four are held', async () => {
      const customer = await newCustomer(store, 450n)
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async () => (await place(ledger, holdRequest(customer, 100n)))[0]?.kind),
      )
      expect(outcomes.filter((kind) => kind === 'held')).toHaveLength(4)
      expect(outcomes.filter((kind) => kind === 'insufficient')).toHaveLength(6)
      expect(await balanceOf(customer)).toEqual({ availableRao: 50n, heldRao: 400n, spentRao: 0n })
    })

    it.each([1, 3, 10])('in a batch of %i times three each hold is judged in its turn', async (times) => {
      const customer = await newCustomer(store, 100n)
      const amounts = Array.from({ length: times }, () => [80n, 50n, 10n]).flat()
      const outcomes = await place(ledger, ...amounts.map((amount) => holdRequest(customer, amount)))
      // 80 leaves 20: 50 does not fit, 10 does; then one more 10.
      const held = amounts.filter((_, index) => outcomes[index]?.kind === 'held')
      expect(held).toEqual(times === 1 ? [80n, 10n] : [80n, 10n, 10n])
      expect(outcomes[1]).toEqual({ kind: 'insufficient', availableRao: 20n })
    })

    it('a settle takes what was captured, releases the rest, and writes the receipt', async () => {
      const customer = await newCustomer(store, 1000n)
      const hold = holdRequest(customer, 300n)
      const receipt = receiptFor(hold, 120n)
      await place(ledger, hold)
      const { settlements } = await ledger.commit(batch({ settlements: [{ holdId: hold.id, receipt }] }))
      expect(settlements).toEqual([{ kind: 'settled' }])
      expect(await balanceOf(customer)).toEqual({ availableRao: 880n, heldRao: 0n, spentRao: 120n })
      expect(await ledger.findReceipt(customer.accountId, receipt.id)).toEqual(receipt)
      expect(await ledger.findReceipt(customer.accountId, receipt.requestId)).toEqual(receipt)
    })

    it.each([0n, 300n])('a settle may capture %i of 300', async (capturedRao) => {
      const customer = await newCustomer(store, 1000n)
      const hold = holdRequest(customer, 300n)
      await place(ledger, hold)
      await ledger.commit(
        batch({ settlements: [{ holdId: hold.id, receipt: receiptFor(hold, capturedRao) }] }),
      )
      expect(await balanceOf(customer)).toEqual({
        availableRao: 1000n - capturedRao,
        heldRao: 0n,
        spentRao: capturedRao,
      })
    })

    it('the same settle again is settled and takes nothing more', async () => {
      const customer = await newCustomer(store, 1000n)
      const hold = holdRequest(customer, 300n)
      const settlement = { holdId: hold.id, receipt: receiptFor(hold, 120n) }
      await place(ledger, hold)
      const outcomes = await Promise.all(
        [1, 2, 3].map(async () => (await ledger.commit(batch({ settlements: [settlement] }))).settlements),
      )
      expect(outcomes.flat()).toEqual([{ kind: 'settled' }, { kind: 'settled' }, { kind: 'settled' }])
      expect((await balanceOf(customer)).spentRao).toBe(120n)
    })

    it('another content under a used receipt id, and another receipt for a settled hold, are closed', async () => {
      const customer = await newCustomer(store, 1000n)
      const [hold, second] = [holdRequest(customer, 300n), holdRequest(customer, 300n)]
      await place(ledger, hold, second)
      await ledger.commit(batch({ settlements: [{ holdId: hold.id, receipt: receiptFor(hold, 120n) }] }))
      const wrong = [
        { holdId: hold.id, receipt: receiptFor(hold, 121n) },
        { holdId: second.id, receipt: receiptFor(second, 5n, { id: receiptFor(hold, 120n).id }) },
        { holdId: hold.id, receipt: receiptFor(hold, 120n, { id: 'rcp_other' }) },
      ]
      for (const settlement of wrong) {
        expect((await ledger.commit(batch({ settlements: [settlement] }))).settlements).toEqual([
          { kind: 'closed' },
        ])
      }
      expect(await balanceOf(customer)).toEqual({ availableRao: 580n, heldRao: 300n, spentRao: 120n })
    })

    it('a hold that is void, unknown, of another account, or smaller than the capture is closed', async () => {
      const customer = await newCustomer(store, 1000n)
      const other = await newCustomer(store, 0n)
      const [voided, open, unknown] = [1, 2, 3].map(() => holdRequest(customer, 100n)) as [
        HoldRequest,
        HoldRequest,
        HoldRequest,
      ]
      await place(ledger, voided, open)
      await ledger.commit(batch({ voids: [voided.id] }))
      const wrong = [
        { holdId: voided.id, receipt: receiptFor(voided, 10n) },
        { holdId: unknown.id, receipt: receiptFor(unknown, 10n) },
        { holdId: open.id, receipt: receiptFor(open, 10n, { accountId: other.accountId }) },
        { holdId: open.id, receipt: receiptFor(open, 101n, { heldRao: 101n, releasedRao: 0n }) },
      ]
      for (const settlement of wrong) {
        expect((await ledger.commit(batch({ settlements: [settlement] }))).settlements).toEqual([
          { kind: 'closed' },
        ])
      }
      expect(await balanceOf(customer)).toEqual({ availableRao: 900n, heldRao: 100n, spentRao: 0n })
      expect(await ledger.listReceipts(customer.accountId, 10)).toEqual([])
    })

    it('a receipt whose amounts do not fit together is refused as a defect', async () => {
      const customer = await newCustomer(store, 1000n)
      const hold = holdRequest(customer, 100n)
      await place(ledger, hold)
      for (const receipt of [receiptFor(hold, -1n), receiptFor(hold, 60n, { releasedRao: 41n })]) {
        await expect(
          ledger.commit(batch({ settlements: [{ holdId: hold.id, receipt }] })),
        ).rejects.toMatchObject({
          code: 'internal_error',
        })
      }
      expect((await balanceOf(customer)).heldRao).toBe(100n)
    })

    it('a void gives all of it back, once, and leaves closed and unknown holds alone', async () => {
      const customer = await newCustomer(store, 1000n)
      const [first, settled] = [holdRequest(customer, 300n), holdRequest(customer, 100n)]
      await place(ledger, first, settled)
      await ledger.commit(
        batch({ settlements: [{ holdId: settled.id, receipt: receiptFor(settled, 100n) }] }),
      )
      for (let time = 0; time < 2; time += 1) {
        await ledger.commit(batch({ voids: [first.id, settled.id, 'hold:nothing', first.id] }))
      }
      expect(await balanceOf(customer)).toEqual({ availableRao: 900n, heldRao: 0n, spentRao: 100n })
    })

    it.each([1, 8])('in one batch settles come first, then voids, then holds (%i of each)', async (count) => {
      const customer = await newCustomer(store, 20n * BigInt(count))
      const first = Array.from({ length: count * 2 }, () => holdRequest(customer, 10n))
      await place(ledger, ...first)
      const settled = first.slice(0, count)
      const outcome = await ledger.commit({
        // All funds are held: these fit only into what the settles and the voids release.
        holds: Array.from({ length: count }, () => holdRequest(customer, 14n)),
        settlements: settled.map((hold) => ({ holdId: hold.id, receipt: receiptFor(hold, 6n) })),
        captures: [],
        voids: first.map(({ id }) => id),
      })
      expect(outcome.settlements.every(({ kind }) => kind === 'settled')).toBe(true)
      expect(outcome.holds.every(({ kind }) => kind === 'held')).toBe(true)
      expect(await balanceOf(customer)).toEqual({
        availableRao: 0n,
        heldRao: 14n * BigInt(count),
        spentRao: 6n * BigInt(count),
      })
    })

    it('a batch that names a hold or a settle twice does it once', async () => {
      const customer = await newCustomer(store, 1000n)
      const hold = holdRequest(customer, 10n)
      const filler = Array.from({ length: 10 }, () => holdRequest(customer, 1n))
      const holds = [hold, hold, { ...hold, amountRao: 11n }, ...filler]
      const placed = await place(ledger, ...holds)
      expect(placed.slice(0, 3)).toEqual([{ kind: 'held' }, { kind: 'held' }, { kind: 'conflict' }])
      const settlement = { holdId: hold.id, receipt: receiptFor(hold, 4n) }
      const other = { holdId: hold.id, receipt: receiptFor(hold, 5n, { id: 'rcp_twice' }) }
      const rest = filler.map((request) => ({ holdId: request.id, receipt: receiptFor(request, 1n) }))
      const { settlements } = await ledger.commit(
        batch({ settlements: [settlement, settlement, other, ...rest] }),
      )
      expect(settlements.map(({ kind }) => kind)).toEqual([
        'settled',
        'settled',
        'closed',
        ...rest.map(() => 'settled'),
      ])
      expect(await balanceOf(customer)).toEqual({ availableRao: 986n, heldRao: 0n, spentRao: 14n })
    })

    it('a large batch over many accounts answers each in its place', async () => {
      const customers: Customer[] = []
      for (const funds of [100n, 50n, 0n]) customers.push(await newCustomer(store, funds))
      const holds = Array.from({ length: 30 }, (_, index) => holdRequest(customers[index % 3]!, 10n))
      const strange = holdRequest(customers[0]!, 1n, { keyId: 'key_nobody' })
      const outcomes = await place(ledger, ...holds, strange)
      expect(outcomes.map(({ kind }) => kind)).toEqual([
        ...holds.map((_, index) =>
          index % 3 === 0 || (index % 3 === 1 && index < 15) ? 'held' : 'insufficient',
        ),
        'refused',
      ])
    })

    it('amounts beyond 2^53, up to 2^63-1, stay exact', async () => {
      const customer = await newCustomer(store, RAO_MAX)
      const hold = holdRequest(customer, RAO_MAX - 1n)
      const receipt = receiptFor(hold, 2n ** 53n + 1n)
      await place(ledger, hold)
      await ledger.commit(batch({ settlements: [{ holdId: hold.id, receipt }] }))
      expect(await balanceOf(customer)).toEqual({
        availableRao: RAO_MAX - 2n ** 53n - 1n,
        heldRao: 0n,
        spentRao: 2n ** 53n + 1n,
      })
      expect(await ledger.findReceipt(customer.accountId, receipt.id)).toEqual(receipt)
    })

    it('the sweep voids holds that are past their time, and no others', async () => {
      const customer = await newCustomer(store, 1000n)
      const [late, fresh] = [holdRequest(customer, 100n, { ttlMs: 0 }), holdRequest(customer, 10n)]
      await place(ledger, late, fresh)
      expect(await ledger.sweep({ keepProcessId: null })).toBe(1)
      expect(await ledger.sweep({ keepProcessId: null })).toBe(0)
      expect(await balanceOf(customer)).toEqual({ availableRao: 990n, heldRao: 10n, spentRao: 0n })
      const { settlements } = await ledger.commit(
        batch({ settlements: [{ holdId: late.id, receipt: receiptFor(late, 1n) }] }),
      )
      expect(settlements).toEqual([{ kind: 'closed' }])
    })

    it('the sweep of a new process voids what others held, and keeps its own', async () => {
      const customer = await newCustomer(store, 1000n)
      await ledger.sweep({ keepProcessId: 'somebody-else' })
      await place(ledger, ...Array.from({ length: 250 }, () => holdRequest(customer, 1n)))
      expect(await ledger.sweep({ keepProcessId: processId })).toBe(0)
      expect(await ledger.sweep({ keepProcessId: 'the-next-process' })).toBe(250)
      expect((await balanceOf(customer)).availableRao).toBe(1000n)
    })

    it('receipts are listed newest first, and belong to their account alone', async () => {
      const customer = await newCustomer(store, 1000n)
      const other = await newCustomer(store, 1000n)
      const holds = [1, 2, 3].map(() => holdRequest(customer, 10n))
      await place(ledger, ...holds)
      for (const hold of holds) {
        await ledger.commit(batch({ settlements: [{ holdId: hold.id, receipt: receiptFor(hold, 1n) }] }))
      }
      const [first, second, third] = holds.map((hold) => receiptFor(hold, 1n))
      expect(await ledger.listReceipts(customer.accountId, 10)).toEqual([third, second, first])
      expect(await ledger.listReceipts(customer.accountId, 2)).toEqual([third, second])
      expect(await ledger.listReceipts(other.accountId, 10)).toEqual([])
      expect(await ledger.findReceipt(other.accountId, first!.id)).toBeNull()
      expect(await ledger.findReceipt(customer.accountId, 'rcp_none')).toBeNull()
    })

    describe('spend leases', () => {
      /** Opens a lease of an account, and names it. */
      const open = async (customer: Customer, amountRao: bigint, freeRaoMin = amountRao) => {
        const request = holdRequest(customer, amountRao, { id: `hold:lease:${unique()}` })
        const outcome = await ledger.changeLease({ kind: 'open', request, freeRaoMin })
        return { request, outcome }
      }
      const captureOf = (request: HoldRequest, capturedRao: bigint) => {
        const id = unique()
        const more = {
          id: `rcp_${id}`,
          requestId: `req_${id}`,
          heldRao: 100n,
          releasedRao: 100n - capturedRao,
        }
        return { holdId: request.id, receipt: receiptFor(request, capturedRao, more) }
      }
      const draw = async (...captures: ReturnType<typeof captureOf>[]) =>
        (await ledger.commit(batch({ captures }))).captures.map(({ kind }) => kind)

      it('holds its amount once, and each capture takes its own and leaves it open', async () => {
        const customer = await newCustomer(store, 1000n)
        const { request, outcome } = await open(customer, 600n)
        expect(outcome).toEqual({ kind: 'held' })
        expect(await balanceOf(customer)).toEqual({ availableRao: 400n, heldRao: 600n, spentRao: 0n })
        const [one, two, free] = [10n, 20n, 0n].map((rao) => captureOf(request, rao))
        expect(await draw(one!)).toEqual(['settled'])
        expect(await draw(two!, free!)).toEqual(['settled', 'settled'])
        expect(await balanceOf(customer)).toEqual({ availableRao: 400n, heldRao: 570n, spentRao: 30n })
        for (const { receipt } of [one!, two!, free!]) {
          expect(await ledger.findReceipt(customer.accountId, receipt.requestId)).toEqual(receipt)
        }
        await ledger.commit(batch({ voids: [request.id] }))
        expect(await balanceOf(customer)).toEqual({ availableRao: 970n, heldRao: 0n, spentRao: 30n })
      })

      it('is refused when less is free than it asks to be, by a revoked key, and of nothing', async () => {
        const customer = await newCustomer(store, 1000n)
        expect((await open(customer, 600n, 1001n)).outcome).toEqual({
          kind: 'insufficient',
          availableRao: 1000n,
        })
        await expect(open(customer, 0n)).rejects.toMatchObject({ code: 'internal_error' })
        await store.accounts.revokeKeys(customer.accountId, null)
        expect((await open(customer, 600n)).outcome).toEqual({ kind: 'refused' })
        expect(await balanceOf(customer)).toEqual({ availableRao: 1000n, heldRao: 0n, spentRao: 0n })
      })

      it('the same capture again takes nothing more, in one batch and in the next', async () => {
        const customer = await newCustomer(store, 1000n)
        const { request } = await open(customer, 600n)
        const capture = captureOf(request, 10n)
        expect(await draw(capture, capture)).toEqual(['settled', 'settled'])
        expect(await draw(capture)).toEqual(['settled'])
        expect(await draw({ ...capture, receipt: { ...capture.receipt, attempts: 2 } })).toEqual(['closed'])
        expect((await balanceOf(customer)).spentRao).toBe(10n)
      })

      it('gives nothing beyond what it has left, nothing once closed, and nothing to another account', async () => {
        const [customer, other] = [await newCustomer(store, 1000n), await newCustomer(store, 1000n)]
        const { request } = await open(customer, 50n)
        expect(await draw(captureOf(request, 30n), captureOf(request, 30n))).toEqual(['closed', 'closed'])
        expect(await draw(captureOf(request, 30n))).toEqual(['settled'])
        expect(await draw(captureOf(request, 21n))).toEqual(['closed'])
        const foreign = captureOf(request, 1n)
        const receipt = { ...foreign.receipt, accountId: other.accountId }
        expect(await draw({ ...foreign, receipt })).toEqual(['closed'])
        await ledger.commit(batch({ voids: [request.id] }))
        expect(await draw(captureOf(request, 1n))).toEqual(['closed'])
        const ordinary = holdRequest(customer, 10n)
        await place(ledger, ordinary)
        expect(await draw(captureOf(ordinary, 1n))).toEqual(['closed'])
        expect((await balanceOf(customer)).spentRao).toBe(30n)
        expect((await balanceOf(other)).spentRao).toBe(0n)
      })

      it('is not taken down by another lease that is asked for too much in the same batch', async () => {
        const customer = await newCustomer(store, 1000n)
        const [small, large] = [(await open(customer, 10n)).request, (await open(customer, 100n)).request]
        const hold = holdRequest(customer, 5n)
        const outcome = await ledger.commit(
          batch({ captures: [captureOf(small, 11n), captureOf(large, 11n)], holds: [hold] }),
        )
        expect(outcome.captures.map(({ kind }) => kind)).toEqual(['closed', 'settled'])
        expect(outcome.holds).toEqual([{ kind: 'held' }])
        expect(await balanceOf(customer)).toEqual({ availableRao: 885n, heldRao: 104n, spentRao: 11n })
      })

      it('gives back what is beyond what is kept, once, and goes on', async () => {
        const customer = await newCustomer(store, 1000n)
        const { request } = await open(customer, 600n)
        await draw(captureOf(request, 50n))
        for (let time = 0; time < 2; time += 1) {
          await ledger.changeLease({ kind: 'give-back', leaseId: request.id, keepRao: 100n })
          expect(await balanceOf(customer)).toEqual({ availableRao: 850n, heldRao: 100n, spentRao: 50n })
        }
        expect(await draw(captureOf(request, 60n))).toEqual(['settled'])
        await ledger.changeLease({ kind: 'give-back', leaseId: request.id, keepRao: 100n })
        expect((await balanceOf(customer)).heldRao).toBe(40n)
        await ledger.commit(batch({ voids: [request.id] }))
        await ledger.changeLease({ kind: 'give-back', leaseId: request.id, keepRao: 0n })
        expect(await balanceOf(customer)).toEqual({ availableRao: 890n, heldRao: 0n, spentRao: 110n })
      })

      it('what nobody has reserved of it reads as available, that of others as held', async () => {
        const customer = await newCustomer(store, 1000n)
        const [own, foreign] = [(await open(customer, 600n)).request, (await open(customer, 100n)).request]
        await draw(captureOf(own, 50n))
        const read = (reservedRao: bigint) =>
          ledger.readBalance(customer.accountId, new Map([[own.id, reservedRao]]))
        expect(await read(200n)).toEqual({ availableRao: 650n, heldRao: 300n, spentRao: 50n })
        expect(await read(900n)).toEqual({ availableRao: 300n, heldRao: 650n, spentRao: 50n })
        await ledger.commit(batch({ voids: [own.id] }))
        expect(await read(0n)).toEqual({ availableRao: 850n, heldRao: 100n, spentRao: 50n })
        await ledger.commit(batch({ voids: [foreign.id] }))
      })

      it('is released by the sweep with what is left', async () => {
        const customer = await newCustomer(store, 1000n)
        const { request } = await open(customer, 600n)
        await draw(captureOf(request, 50n))
        await ledger.sweep({ keepProcessId: 'the-next-process' })
        expect(await balanceOf(customer)).toEqual({ availableRao: 950n, heldRao: 0n, spentRao: 50n })
        expect(await draw(captureOf(request, 1n))).toEqual(['closed'])
      })
    })

    it('the balance of an unknown account is not_found', async () => {
      await expect(ledger.readBalance('acc_nobody')).rejects.toMatchObject({ code: 'not_found' })
    })

    it('after all of this L1 to L7 and K1 hold, each with what was counted', async () => {
      const report = await ledger.verify()
      expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
      expect(report.holds).toBe(true)
      expect(report.checks.map(({ name }) => name.slice(0, 2))).toEqual([
        'L1',
        'L2',
        'L3',
        'L4',
        'L5',
        'L6',
        'L7',
        'K1',
      ])
      expect(report.checks.every(({ detail }) => detail.length > 0)).toBe(true)
    })
  })
}
