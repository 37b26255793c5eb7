/** The whole store in memory, for tests of whatever stands on it. It passes the contracts of `test/contract/`. */
import { createTokenBuckets } from '../../src/billing/token-buckets.ts'
import { GatewayError } from '../../src/errors.ts'
import type { Store, StoredFile } from '../../src/ports/store.ts'
import { fakeAccounts } from './accounts.ts'
import { type FakeBooks, fakeBooks, post, purseOf } from './books.ts'
import { fakeDeposits } from './deposits.ts'
import { fakeDocuments } from './documents.ts'
import { fakeFiles } from './files.ts'
import { fakeFleet, fakeLeases } from './fleet.ts'
import { fakeAuditLog, fakeKeys } from './keys.ts'
import { fakeLedger } from './ledger.ts'
import { fakeRetention } from './retention.ts'
import { fakeRuns } from './runs.ts'
import { fakeSightings } from './sightings.ts'

export type FakeStore = Store & {
  /** What lies beneath, to look into or to set up. */
  readonly books: FakeBooks
  /** Gives an account money out of nowhere. */
  readonly fund: (accountId: string, amountRao: bigint) => void
  /** Makes all money operations fail as `ledger_unavailable` until `heal`. */
  readonly fail: () => void
  readonly heal: () => void
}

export type FakeStoreOptions = {
  /** The database's clock, in milliseconds since 1970. Default: the real one. */
  readonly now?: () => number
  readonly processId?: string
}

export function fakeStore({ now = Date.now, processId = 'process-1' }: FakeStoreOptions = {}): FakeStore {
  const books = fakeBooks({ now, processId })
  const files = new Map<string, StoredFile>()
  let closed = false
  const unavailable = (): GatewayError =>
    new GatewayError('ledger_unavailable', 'The ledger cannot be reached.')
  return {
    books,
    ledger: fakeLedger(books),
    deposits: fakeDeposits(books),
    accounts: fakeAccounts(books),
    keys: fakeKeys(books),
    audit: fakeAuditLog(books),
    limits: createTokenBuckets({ nowMs: now }),
    runs: fakeRuns(books),
    files: fakeFiles(files),
    documents: fakeDocuments(now),
    retention: fakeRetention(books, files),
    fleet: fakeFleet(books),
    leases: fakeLeases(books),
    sightings: fakeSightings(now),
    lifecycle: {
      state: () => ({
        kind: 'memory',
        serving: !closed && !books.failure,
        problem: closed ? 'closed' : null,
      }),
      async ping() {
        if (closed || books.failure) throw unavailable()
      },
      async close() {
        closed = true
        books.failure = unavailable()
      },
    },
    fund(accountId, amountRao) {
      purseOf(books, accountId).availableRao += amountRao
      const to = `user:${accountId}:available`
      post(books, { id: `test:${books.entries.length}`, from: 'custody:deposit', to, amountRao })
    },
    fail: () => {
      books.failure = unavailable()
    },
    heal: () => {
      books.failure = null
    },
  }
}
