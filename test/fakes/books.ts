/** What the fakes of the store share: everything in maps, one JavaScript turn per operation. */
import type { Account, KeyRecord } from '../../src/ports/accounts.ts'
import type { DepositCursor, HoldRequest, Receipt } from '../../src/ports/ledger.ts'

export type Purse = { availableRao: bigint; heldRao: bigint; spentRao: bigint }

export type FakeHold = {
  readonly request: HoldRequest
  readonly isRun: boolean
  isLease: boolean
  /** When it was made, and the start of the period that it was counted in for its key; null when it was not counted. */
  readonly metered: { readonly fromMs: number; readonly atMs: number } | null
  readonly processId: string
  readonly expiresAtMs: number
  capturedRao: bigint
  releasedRao: bigint
  closed: boolean
}

/** One entry: `amountRao` goes from one ledger account to another, so that every transaction sums to zero. */
export type FakeEntry = {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly amountRao: bigint
}

export type FakeDeposit = {
  readonly accountId: string
  readonly block: number
  readonly blockHash: string
  readonly eventIndex: number
  readonly amountRao: bigint
  readonly creditedAt: string
}

export type FakeBooks = {
  readonly processId: string
  /** Milliseconds since 1970: the fake database's clock. */
  readonly now: () => number
  readonly accounts: Map<string, Account>
  /** By hex SHA-256. */
  readonly keys: Map<string, KeyRecord>
  readonly purses: Map<string, Purse>
  readonly holds: Map<string, FakeHold>
  readonly entries: FakeEntry[]
  /** In the order they were written. */
  readonly receipts: Map<string, Receipt>
  readonly deposits: Map<string, FakeDeposit>
  cursor: DepositCursor | null
  /** Partial releases, to name each. */
  released: number
  /** Thrown by the next operations on the ledger, until it is null again. */
  failure: Error | null
}

export function fakeBooks(options: { readonly now: () => number; readonly processId: string }): FakeBooks {
  return {
    ...options,
    accounts: new Map(),
    keys: new Map(),
    purses: new Map(),
    holds: new Map(),
    entries: [],
    receipts: new Map(),
    deposits: new Map(),
    cursor: null,
    released: 0,
    failure: null,
  }
}

export function purseOf(books: FakeBooks, accountId: string): Purse {
  const purse = books.purses.get(accountId)
  if (!purse) throw new Error(`no purse of ${accountId}`)
  return purse
}

export function post(books: FakeBooks, entry: FakeEntry): void {
  if (entry.amountRao > 0n) books.entries.push(entry)
}

export const isoOf = (ms: number): string => new Date(ms).toISOString()

/** Exact text of any value of a port, with bigints marked, to compare contents. */
export function exactText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? `${member}n` : member,
  )
}
