/** Processes and leases in memory. */
import {
  DEAD_AFTER_MS,
  type Fleet,
  type Leases,
  type LeaseTerm,
  type ProcessIdentity,
} from '../../src/ports/fleet.ts'
import type { FakeBooks } from './books.ts'
import { releaseRest } from './ledger.ts'
import { releaseSteps } from './runs.ts'

type Row = { readonly self: ProcessIdentity; beatAtMs: number; steadySinceMs: number }

export function fakeFleet(books: FakeBooks): Fleet {
  const rows = new Map<string, Row>()
  let chain: string | null = null
  const isLiving = (row: Row | undefined, deadAfterMs: number): boolean =>
    row !== undefined && Math.abs(books.now() - row.beatAtMs) < Math.max(deadAfterMs, 0)
  return {
    async beat(self) {
      if (books.failure) throw books.failure
      const row = rows.get(self.id)
      const nowMs = books.now()
      const steadySinceMs = row && isLiving(row, DEAD_AFTER_MS) ? row.steadySinceMs : nowMs
      rows.set(self.id, { self, beatAtMs: nowMs, steadySinceMs })
      return [...rows.values()].filter((one) => isLiving(one, DEAD_AFTER_MS)).map((one) => one.self)
    },
    async leave(processId) {
      rows.delete(processId)
    },
    async sweepDead({ processId, deadAfterMs, steadyForMs }) {
      if (books.failure) throw books.failure
      const me = rows.get(processId)
      if (!me || books.now() - me.steadySinceMs < steadyForMs) return { holds: 0, steps: 0 }
      const isDead = (id: string | null): boolean =>
        id !== null && id !== processId && !isLiving(rows.get(id), deadAfterMs)
      let holds = 0
      for (const [id, hold] of books.holds) {
        if (hold.closed || hold.isRun || !isDead(hold.processId)) continue
        releaseRest(books, id, hold)
        holds += 1
      }
      return { holds, steps: releaseSteps(books, isDead) }
    },
    async bindChain(genesisHash) {
      chain ??= books.cursor?.genesisHash ?? genesisHash
      return chain
    },
  }
}

type LeaseRow = { readonly fence: number; readonly untilMs: number }
const leasesByBooks = new WeakMap<FakeBooks, Map<string, LeaseRow>>()

/** The newest fence of a lease; null when nobody ever had it. */
export const fenceOf = (books: FakeBooks, name: string): number | null =>
  leasesByBooks.get(books)?.get(name)?.fence ?? null

export function fakeLeases(books: FakeBooks): Leases {
  const rows = new Map<string, LeaseRow>()
  leasesByBooks.set(books, rows)
  const isMine = ({ name, fence }: LeaseTerm) => rows.get(name)?.fence === fence
  return {
    async take(name, _holderId, leaseMs) {
      const row = rows.get(name)
      if (row && row.untilMs > books.now()) return null
      const fence = (row?.fence ?? 0) + 1
      rows.set(name, { fence, untilMs: books.now() + leaseMs })
      return { name, fence }
    },
    async renew(term, leaseMs) {
      if (!isMine(term)) return false
      rows.set(term.name, { fence: term.fence, untilMs: books.now() + leaseMs })
      return true
    },
    async release(term) {
      if (isMine(term)) rows.set(term.name, { fence: term.fence, untilMs: books.now() })
    },
  }
}
