/** Deposits in memory. */
import { GatewayError } from '../../src/errors.ts'
import type { FencedDeposits } from '../../src/ports/fleet.ts'
import type { Deposits } from '../../src/ports/ledger.ts'
import { exactText, type FakeBooks, isoOf, post, purseOf } from './books.ts'
import { fenceOf } from './fleet.ts'

export function fakeDeposits(books: FakeBooks): FencedDeposits {
  const deposits = plainDeposits(books)
  return {
    ...deposits,
    under: ({ name, fence }) => ({
      async credit(from, to, credits) {
        if (books.failure) throw books.failure
        if (fenceOf(books, name) !== fence)
          throw new GatewayError('conflict', 'Another process has the lease.')
        return deposits.credit(from, to, credits)
      },
    }),
  }
}

function plainDeposits(books: FakeBooks): Deposits {
  const addresses = (): ReadonlyMap<string, string> =>
    new Map([...books.accounts.values()].map((account) => [account.depositAddress, account.id]))
  return {
    async readCursor() {
      return books.cursor
    },
    async credit(from, to, credits) {
      if (books.failure) throw books.failure
      if (exactText(from) !== exactText(books.cursor)) {
        throw new GatewayError('conflict', 'The deposit cursor has moved.')
      }
      const known = addresses()
      if (credits.some((credit) => credit.amountRao <= 0n || !known.has(credit.to))) {
        throw new GatewayError('internal_error', 'A credit was to an unknown address or not above zero.')
      }
      const fresh: { accountId: string; amountRao: bigint }[] = []
      for (const { eventIndex, amountRao, to: address } of credits) {
        const id = `dep:${to.genesisHash}:${to.hash}:${eventIndex}`
        const accountId = known.get(address)!
        if (books.deposits.has(id)) continue
        books.deposits.set(id, {
          accountId,
          block: to.number,
          blockHash: to.hash,
          eventIndex,
          amountRao,
          creditedAt: isoOf(books.now()),
        })
        purseOf(books, accountId).availableRao += amountRao
        post(books, { id, from: 'custody:deposit', to: `user:${accountId}:available`, amountRao })
        fresh.push({ accountId, amountRao })
      }
      books.cursor = to
      return fresh
    },
    async listAddresses() {
      return addresses()
    },
    async listDeposits(accountId, limit) {
      return [...books.deposits.values()]
        .filter((deposit) => deposit.accountId === accountId)
        .reverse()
        .slice(0, limit)
        .map(({ accountId: _accountId, ...deposit }) => deposit)
    },
  }
}
