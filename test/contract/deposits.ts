/** What every keeper of deposits promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { DepositCursor, Deposits } from '../../src/ports/ledger.ts'
import type { Store } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { newCustomer, unique } from './money.ts'

export function depositsContract(name: string, { make }: Pick<StoreContract, 'make'>): void {
  describe(`deposits: ${name}`, () => {
    let store: Store
    let deposits: Deposits
    beforeAll(async () => {
      store = await make()
      deposits = store.deposits
    })
    const next = (from: DepositCursor | null): DepositCursor => ({
      genesisHash: from?.genesisHash ?? '0xgenesis',
      number: (from?.number ?? 0) + 1,
      hash: `0x${unique()}`,
    })
    const addressOf = async (accountId: string) => (await store.accounts.get(accountId)).depositAddress
    const credit = (eventIndex: number, to: string, amountRao: bigint) => ({
      eventIndex,
      from: 'sender',
      to,
      amountRao,
    })

    it('credits and moves the cursor together', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const to = await addressOf(accountId)
      const from = await deposits.readCursor()
      const block = next(from)
      expect(await deposits.credit(from, block, [credit(3, to, 2n ** 53n + 1n)])).toEqual([
        { accountId, amountRao: 2n ** 53n + 1n },
      ])
      expect(await deposits.readCursor()).toEqual(block)
      expect((await store.ledger.readBalance(accountId)).availableRao).toBe(2n ** 53n + 1n)
    })

    it('a block without credits only moves the cursor', async () => {
      const from = await deposits.readCursor()
      const block = next(from)
      expect(await deposits.credit(from, block, [])).toEqual([])
      expect(await deposits.readCursor()).toEqual(block)
    })

    it('two equal transfers in one block are credited twice, the same event once', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const to = await addressOf(accountId)
      const from = await deposits.readCursor()
      const credits = [credit(1, to, 5n), credit(2, to, 5n), credit(2, to, 5n)]
      expect(await deposits.credit(from, next(from), credits)).toHaveLength(2)
      expect((await store.ledger.readBalance(accountId)).availableRao).toBe(10n)
    })

    it('a block that is read again credits nothing twice', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const to = await addressOf(accountId)
      const from = await deposits.readCursor()
      const block = next(from)
      await deposits.credit(from, block, [credit(1, to, 5n)])
      expect(await deposits.credit(block, block, [credit(1, to, 5n), credit(2, to, 7n)])).toEqual([
        { accountId, amountRao: 7n },
      ])
      expect((await store.ledger.readBalance(accountId)).availableRao).toBe(12n)
    })

    it('a cursor that is not where the caller thinks is a conflict and changes nothing', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const to = await addressOf(accountId)
      const before = await deposits.readCursor()
      const block = next(before)
      await deposits.credit(before, block, [])
      const wrong = [before, { ...block, hash: '0xother' }, { ...block, genesisHash: '0xother' }, null]
      for (const from of wrong) {
        await expect(deposits.credit(from, next(block), [credit(1, to, 5n)])).rejects.toMatchObject({
          code: 'conflict',
        })
      }
      expect(await deposits.readCursor()).toEqual(block)
      expect((await store.ledger.readBalance(accountId)).availableRao).toBe(0n)
    })

    it('of several watchers at one cursor only one credits', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const to = await addressOf(accountId)
      const from = await deposits.readCursor()
      const results = await Promise.allSettled(
        [1, 2, 3].map((index) => deposits.credit(from, next(from), [credit(index, to, 5n)])),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect((await store.ledger.readBalance(accountId)).availableRao).toBe(5n)
    })

    it('an unknown address or an amount of zero fails whole, the cursor stays', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const to = await addressOf(accountId)
      const from = await deposits.readCursor()
      for (const bad of [credit(2, 'address-of-nobody', 5n), credit(2, to, 0n), credit(2, to, -5n)]) {
        await expect(deposits.credit(from, next(from), [credit(1, to, 5n), bad])).rejects.toMatchObject({
          code: 'internal_error',
        })
      }
      expect(await deposits.readCursor()).toEqual(from)
      expect((await store.ledger.readBalance(accountId)).availableRao).toBe(0n)
    })

    it('addresses lead to their accounts', async () => {
      const { accountId } = await newCustomer(store, 0n)
      expect((await deposits.listAddresses()).get(await addressOf(accountId))).toBe(accountId)
    })

    it('deposits of an account are listed newest first', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const other = await newCustomer(store, 1n)
      const to = await addressOf(accountId)
      const from = await deposits.readCursor()
      const block = next(from)
      await deposits.credit(from, block, [credit(1, to, 5n), credit(4, to, 6n)])
      const listed = await deposits.listDeposits(accountId, 10)
      expect(listed.map(({ eventIndex, amountRao }) => [eventIndex, amountRao])).toEqual([
        [4, 6n],
        [1, 5n],
      ])
      expect(listed[0]).toMatchObject({ block: block.number, blockHash: block.hash })
      expect(await deposits.listDeposits(accountId, 1)).toHaveLength(1)
      expect(await deposits.listDeposits(other.accountId, 10)).toHaveLength(1)
    })
  })
}
