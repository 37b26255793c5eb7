/** Accounts and keys in memory. */
import { GatewayError } from '../../src/errors.ts'
import type { Account, Accounts, Actor, KeyRecord } from '../../src/ports/accounts.ts'
import { type FakeBooks, isoOf } from './books.ts'
import { type FakeKey, factsOf, note, recordOf, restricted } from './keys.ts'

const GATEWAY: Actor = { name: 'gateway', address: null }

export function fakeAccounts(books: FakeBooks): Accounts {
  const { accounts, keys } = books
  const get = (accountId: string): Account => {
    const account = accounts.get(accountId)
    if (!account) throw new GatewayError('not_found', 'There is no such account.')
    return account
  }
  return {
    async create(account, by = GATEWAY) {
      for (const { id, name, depositAddress } of accounts.values()) {
        if (id === account.id || name === account.name || depositAddress === account.depositAddress) {
          throw new GatewayError('conflict', 'An account with that name or deposit address exists.')
        }
      }
      const created = { ...account, createdAt: isoOf(books.now()) }
      accounts.set(account.id, created)
      books.purses.set(account.id, { availableRao: 0n, heldRao: 0n, spentRao: 0n })
      const { name, depositAddress } = account
      note(books, { by, action: 'account.create', subject: account.id, details: { name, depositAddress } })
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
    async addKey(
      { id, accountId, prefix, sha256, name = null, expiresAt = null, rules = null },
      by = GATEWAY,
    ) {
      get(accountId)
      if (keys.has(sha256) || [...keys.values()].some((key) => key.id === id)) {
        throw new GatewayError('conflict', 'That key exists.')
      }
      const key: FakeKey = {
        ...{ id, accountId, prefix, name, status: 'active', revokedAt: null, limitId: id },
        expiresAt: expiresAt === null ? null : isoOf(Date.parse(expiresAt)),
        rules: restricted(rules),
        ...{ createdAt: isoOf(books.now()), lastUsedAt: null, replacedBy: null },
        budgetSinceMs: books.now(),
      }
      keys.set(sha256, key)
      const details = { account: accountId, prefix, name, expiresAt: key.expiresAt, ...factsOf(key.rules) }
      note(books, { by, action: 'key.create', subject: id, details })
      return recordOf(books, key)
    },
    async findKey(sha256) {
      const key = keys.get(sha256) as FakeKey | undefined
      if (!key) return null
      const record = recordOf(books, key)
      const isStale = key.lastUsedAt === null || Date.parse(key.lastUsedAt) < books.now() - 60_000
      if (record.status === 'active' && isStale)
        keys.set(sha256, { ...key, lastUsedAt: isoOf(books.now()) } as KeyRecord)
      return record
    },
    async revokeKeys(accountId, exceptSha256, by = GATEWAY) {
      let count = 0
      for (const [sha256, key] of keys) {
        if (key.accountId !== accountId || key.revokedAt !== null || sha256 === exceptSha256) continue
        keys.set(sha256, { ...key, revokedAt: isoOf(books.now()) })
        const details = { account: accountId, prefix: key.prefix }
        note(books, { by, action: 'key.revoke', subject: key.id, details })
        count += 1
      }
      return count
    },
  }
}
