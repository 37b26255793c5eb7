/** What every keeper of accounts promises. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Accounts } from '../../src/ports/accounts.ts'
import type { Store } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { newCustomer, unique } from './money.ts'

export function accountsContract(name: string, { make }: Pick<StoreContract, 'make'>): void {
  describe(`accounts: ${name}`, () => {
    let store: Store
    let accounts: Accounts
    beforeAll(async () => {
      store = await make()
      accounts = store.accounts
    })

    it('an account is found by id and by name, as it was made, with nothing in its purse', async () => {
      const text = unique()
      const made = await accounts.create({ id: `acc_${text}`, name: text, depositAddress: `address-${text}` })
      expect(made).toMatchObject({ id: `acc_${text}`, name: text, depositAddress: `address-${text}` })
      expect(new Date(made.createdAt).toISOString()).toBe(made.createdAt)
      expect(await accounts.get(made.id)).toEqual(made)
      expect(await accounts.findByName(text)).toEqual(made)
      expect(await store.ledger.readBalance(made.id)).toEqual({ availableRao: 0n, heldRao: 0n, spentRao: 0n })
      expect(await accounts.list()).toContainEqual(made)
    })

    it('an unknown account is not_found by id and null by name', async () => {
      await expect(accounts.get('acc_nobody')).rejects.toMatchObject({ code: 'not_found' })
      expect(await accounts.findByName('nobody')).toBeNull()
    })

    it.each(['id', 'name', 'depositAddress'] as const)('a taken %s is a conflict', async (member) => {
      const [first, second] = [unique(), unique()].map((text) => ({
        id: `acc_${text}`,
        name: text,
        depositAddress: `address-${text}`,
      }))
      await accounts.create(first!)
      const twin = { ...second!, [member]: first![member] }
      await expect(accounts.create(twin)).rejects.toMatchObject({ code: 'conflict' })
      await accounts.create(second!)
    })

    it('accounts are listed in the order they were made', async () => {
      const made = [await newCustomer(store, 0n), await newCustomer(store, 0n)].map(
        ({ accountId }) => accountId,
      )
      const ids = (await accounts.list()).map(({ id }) => id)
      expect(ids.slice(-2)).toEqual(made)
    })

    it('a key is found by the hash of its text', async () => {
      const { accountId, keyId, sha256 } = await newCustomer(store, 0n)
      expect(await accounts.findKey(sha256)).toEqual({
        id: keyId,
        accountId,
        prefix: 'yg-abc',
        name: null,
        status: 'active',
        revokedAt: null,
        expiresAt: null,
        limitId: keyId,
        rules: null,
      })
      expect(await accounts.findKey('00'.repeat(32))).toBeNull()
    })

    it('a key of an unknown account is not_found, a taken one a conflict', async () => {
      const customer = await newCustomer(store, 0n)
      const key = {
        id: `key_${unique()}`,
        accountId: customer.accountId,
        prefix: 'yg',
        sha256: randomBytes(32).toString('hex'),
      }
      await expect(accounts.addKey({ ...key, accountId: 'acc_nobody' })).rejects.toMatchObject({
        code: 'not_found',
      })
      await expect(accounts.addKey({ ...key, sha256: customer.sha256 })).rejects.toMatchObject({
        code: 'conflict',
      })
      await expect(accounts.addKey({ ...key, id: customer.keyId })).rejects.toMatchObject({
        code: 'conflict',
      })
    })

    it('revoking spares the key named, tells how many, and keeps the first time', async () => {
      const customer = await newCustomer(store, 0n)
      const { accountId } = customer
      const sha256 = randomBytes(32).toString('hex')
      await accounts.addKey({ id: `key_${unique()}`, accountId, prefix: 'yg', sha256 })
      expect(await accounts.revokeKeys(accountId, sha256)).toBe(1)
      const revoked = await accounts.findKey(customer.sha256)
      expect(revoked).toMatchObject({ status: 'revoked', revokedAt: expect.any(String) })
      expect((await accounts.findKey(sha256))?.revokedAt).toBeNull()
      expect(await accounts.revokeKeys(accountId, null)).toBe(1)
      expect(await accounts.revokeKeys(accountId, null)).toBe(0)
      expect(await accounts.findKey(customer.sha256)).toEqual(revoked)
      expect(await accounts.revokeKeys('acc_nobody', null)).toBe(0)
    })
  })
}
