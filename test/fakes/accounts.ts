/** Accounts and keys in memory. */
import { GatewayError } from '../../src/errors.ts'
import type { Account, Accounts, KeyRecord } from '../../src/ports/accounts.ts'
import { type FakeBooks, isoOf } from './books.ts'

export function fakeAccounts(books: FakeBooks): Accounts {
  const { accounts, keys } = books
  const get = (accountId: string): Account => {
    const account = accounts.get(accountId)
    if (!account) throw new GatewayError('not_found', 'There is no such account.')
    return account
  }
  return {
    async create(account) {
      for (const { id, name, depositAddress } of accounts.values()) {
        if (id === account.id || name === account.name || depositAddress === account.depositAddress) {
          throw new GatewayError('conflict', 'An account with that name or deposit address exists.')
        }
      }
      const created = { ...account, createdAt: isoOf(books.now()) }
      accounts.set(account.id, created)
      books.purses.set(account.id, { availableRao: 0n, heldRao: 0n, spentRao: 0n })
      return created
    },
    async findByName(name) {
      return [...accounts.values()].find((account) => account.name === name) ?? null
    },
    async get(accountId) {
      return get(accountId)
    },
    async list() {
      return [...accounts.values()]
    },
    async addKey({ id, accountId, prefix, sha256 }) {
      get(accountId)
      if (keys.has(sha256) || [...keys.values()].some((key) => key.id === id)) {
        throw new GatewayError('conflict', 'That key exists.')
      }
      const key: KeyRecord = { id, accountId, prefix, revokedAt: null }
      keys.set(sha256, key)
      return key
    },
    async findKey(sha256) {
      return keys.get(sha256) ?? null
    },
    async revokeKeys(accountId, exceptSha256) {
      let count = 0
      for (const [sha256, key] of keys) {
        if (key.accountId !== accountId || key.revokedAt !== null || sha256 === exceptSha256) continue
        keys.set(sha256, { ...key, revokedAt: isoOf(books.now()) })
        count += 1
      }
      return count
    },
  }
}
