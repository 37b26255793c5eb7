/** The ledger in memory, with the real one's answers. */
import { GatewayError } from '../../src/errors.ts'
import type {
  HoldOutcome,
  HoldRequest,
  Ledger,
  LedgerBatch,
  LedgerReport,
  Receipt,
  Settlement,
  SettleOutcome,
} from '../../src/ports/ledger.ts'
import { exactText, type FakeBooks, type FakeHold, post, purseOf } from './books.ts'
import { giveBackToKey, isActive, isMetered, spentByKeys, takeOfKey } from './key-meters.ts'

export function fakeLedger(books: FakeBooks): Ledger {
  const guard = (): void => {
    if (books.failure) throw books.failure
  }
  return {
    async commit(batch) {
      guard()
      checkBatch(batch)
      const captures = captureAll(books, batch.captures)
      const settlements = batch.settlements.map((settlement) => settle(books, settlement))
      for (const id of batch.voids) {
        const hold = books.holds.get(id)
        if (hold && !hold.closed) releaseRest(books, id, hold)
      }
      return { captures, settlements, holds: batch.holds.map((request) => placeHold(books, request, false)) }
    },
    async changeLease(change) {
      guard()
      if (change.kind === 'give-back') {
        const lease = books.holds.get(change.leaseId)
        const rest = lease ? restOf(lease) - change.keepRao : 0n
        if (lease?.isLease && !lease.closed && rest > 0n && change.keepRao >= 0n) {
          books.released += 1
          release(books, lease, { id: `ret:${change.leaseId}:${books.released}`, amountRao: rest })
        }
        return { kind: 'held' }
      }
      const { request, freeRaoMin } = change
      if (request.amountRao <= 0n) throw new GatewayError('internal_error', 'A hold must be above zero.')
      const availableRao = books.purses.get(request.accountId)?.availableRao
      if (availableRao !== undefined && availableRao < freeRaoMin)
        return { kind: 'insufficient', availableRao }
      if (isMetered(books, request.keyId)) return { kind: 'insufficient', availableRao: availableRao ?? 0n }
      const outcome = placeHold(books, request, false)
      const lease = books.holds.get(request.id)
      if (lease && outcome.kind === 'held') lease.isLease = true
      return outcome
    },
    async readBalance(accountId, reservedRao) {
      guard()
      const purse = books.purses.get(accountId)
      if (!purse) throw new GatewayError('not_found', 'There is no such account.')
      let rest = 0n
      for (const [id, reserved] of reservedRao ?? []) {
        const lease = books.holds.get(id)
        if (lease && !lease.closed && lease.request.accountId === accountId && restOf(lease) > reserved)
          rest += restOf(lease) - reserved
      }
      return { ...purse, availableRao: purse.availableRao + rest, heldRao: purse.heldRao - rest }
    },
    async sweep({ keepProcessId }) {
      guard()
      let count = 0
      for (const [id, hold] of books.holds) {
        const isForeign = keepProcessId !== null && hold.processId !== keepProcessId
        if (hold.closed || hold.isRun || !(isForeign || hold.expiresAtMs <= books.now())) continue
        releaseRest(books, id, hold)
        count += 1
      }
      return count
    },
    async findReceipt(accountId, id) {
      guard()
      const found = [...books.receipts.values()].filter((receipt) => receipt.accountId === accountId)
      return (
        found.find((receipt) => receipt.id === id) ??
        found.findLast((receipt) => receipt.requestId === id) ??
        null
      )
    },
    async listReceipts(accountId, limit) {
      guard()
      return [...books.receipts.values()]
        .filter((receipt) => receipt.accountId === accountId)
        .reverse()
        .slice(0, limit)
    },
    async verify() {
      guard()
      return verifyBooks(books)
    },
  }
}

function checkBatch({ holds, settlements, captures }: LedgerBatch): void {
  for (const { receipt } of [...captures, ...settlements]) {
    const { heldRao, capturedRao, releasedRao } = receipt
    if (capturedRao < 0n || releasedRao < 0n || capturedRao + releasedRao > heldRao) {
      throw new GatewayError('internal_error', 'The amounts of a receipt do not fit together.')
    }
  }
  if (holds.some(({ amountRao }) => amountRao <= 0n)) {
    throw new GatewayError('internal_error', 'A hold must be above zero.')
  }
}

/** Holds, or says why not. Also used by the fake of runs, whose holds the sweep leaves alone. */
export function placeHold(books: FakeBooks, request: HoldRequest, isRun: boolean): HoldOutcome {
  const existing = books.holds.get(request.id)
  if (existing) {
    const same =
      existing.request.accountId === request.accountId &&
      existing.request.keyId === request.keyId &&
      existing.request.amountRao === request.amountRao
    return { kind: same ? 'held' : 'conflict' }
  }
  const key = [...books.keys.values()].find((candidate) => candidate.id === request.keyId)
  if (key?.accountId !== request.accountId || !isActive(books, key)) return { kind: 'refused' }
  const purse = purseOf(books, request.accountId)
  if (purse.availableRao < request.amountRao)
    return { kind: 'insufficient', availableRao: purse.availableRao }
  const { accountId, amountRao } = request
  const metered = isMetered(books, key.id) ? takeOfKey(books, key.id, amountRao) : null
  if (metered !== null && 'kind' in metered) return metered
  purse.availableRao -= amountRao
  purse.heldRao += amountRao
  post(books, {
    id: request.id,
    from: `user:${accountId}:available`,
    to: `user:${accountId}:held`,
    amountRao,
  })
  books.holds.set(request.id, {
    request,
    isRun,
    isLease: false,
    metered,
    processId: books.processId,
    expiresAtMs: books.now() + request.ttlMs,
    capturedRao: 0n,
    releasedRao: 0n,
    closed: false,
  })
  return { kind: 'held' }
}

export const restOf = (hold: FakeHold): bigint => hold.request.amountRao - hold.capturedRao - hold.releasedRao

/** Takes out of a hold and writes the receipt; the hold stays open. */
export function capture(books: FakeBooks, hold: FakeHold, receipt: Receipt, id: string): void {
  const { accountId } = hold.request
  const purse = purseOf(books, accountId)
  hold.capturedRao += receipt.capturedRao
  purse.heldRao -= receipt.capturedRao
  purse.spentRao += receipt.capturedRao
  const to = `revenue:${receipt.capability}`
  post(books, { id, from: `user:${accountId}:held`, to, amountRao: receipt.capturedRao })
  books.receipts.set(receipt.id, receipt)
}

/** Gives back what is left of a hold, and closes it. */
export function releaseRest(books: FakeBooks, id: string, hold: FakeHold): void {
  release(books, hold, { id: `rel:${id}`, amountRao: restOf(hold) })
  hold.closed = true
}

function release(
  books: FakeBooks,
  hold: FakeHold,
  { id, amountRao }: { id: string; amountRao: bigint },
): void {
  const { accountId } = hold.request
  const purse = purseOf(books, accountId)
  hold.releasedRao += amountRao
  giveBackToKey(books, hold, amountRao)
  purse.heldRao -= amountRao
  purse.availableRao += amountRao
  post(books, { id, from: `user:${accountId}:held`, to: `user:${accountId}:available`, amountRao })
}

/** Of each lease all that is new, or nothing. */
function captureAll(books: FakeBooks, captures: readonly Settlement[]): readonly SettleOutcome[] {
  const fresh = new Map<FakeHold, Map<string, Settlement>>()
  for (const settlement of captures) {
    const { holdId, receipt } = settlement
    const lease = books.holds.get(holdId)
    const fits = lease?.isLease && !lease.closed && lease.request.accountId === receipt.accountId
    if (!lease || !fits || books.receipts.has(receipt.id)) continue
    const seen = [...fresh.values()].some((asked) => asked.has(receipt.id))
    if (!seen) fresh.set(lease, (fresh.get(lease) ?? new Map()).set(receipt.id, settlement))
  }
  for (const [lease, asked] of fresh) {
    const settlements = [...asked.values()]
    const total = settlements.reduce((sum, { receipt }) => sum + receipt.capturedRao, 0n)
    if (total > restOf(lease)) continue
    for (const { receipt } of settlements) capture(books, lease, receipt, `cap:${receipt.requestId}`)
  }
  return captures.map(({ receipt }) => {
    const written = books.receipts.get(receipt.id)
    return { kind: written && exactText(written) === exactText(receipt) ? 'settled' : 'closed' }
  })
}

function settle(books: FakeBooks, { holdId, receipt }: Settlement): SettleOutcome {
  const existing = books.receipts.get(receipt.id)
  if (existing) return { kind: exactText(existing) === exactText(receipt) ? 'settled' : 'closed' }
  const hold = books.holds.get(holdId)
  if (!hold || hold.closed || hold.isRun || hold.request.accountId !== receipt.accountId)
    return { kind: 'closed' }
  if (receipt.capturedRao > restOf(hold)) return { kind: 'closed' }
  capture(books, hold, receipt, `cap:${holdId.slice('hold:'.length)}`)
  releaseRest(books, holdId, hold)
  return { kind: 'settled' }
}

/** The same promises as the real one proves, over the maps. */
function verifyBooks(books: FakeBooks): LedgerReport {
  const sums = new Map<string, bigint>()
  for (const { from, to, amountRao } of books.entries) {
    sums.set(from, (sums.get(from) ?? 0n) - amountRao)
    sums.set(to, (sums.get(to) ?? 0n) + amountRao)
  }
  const checks: { name: string; passed: boolean; detail: string }[] = []
  const check = (name: string, wrong: readonly string[], counted: string): void => {
    checks.push({ name, passed: wrong.length === 0, detail: wrong.length > 0 ? wrong.join('; ') : counted })
  }
  const purses = [...books.purses]
  const holds = [...books.holds]
  const total = [...sums.values()].reduce((left, right) => left + right, 0n)
  check('L1', total === 0n ? [] : [`all balances sum to ${total}`], `${books.entries.length} entries`)
  check(
    'L2',
    purses
      .filter(
        ([id, purse]) =>
          purse.availableRao !== (sums.get(`user:${id}:available`) ?? 0n) ||
          purse.heldRao !== (sums.get(`user:${id}:held`) ?? 0n),
      )
      .map(([id]) => `${id} is not the sum of its entries`),
    `${purses.length} accounts`,
  )
  check('L3', [], 'in memory: entries are only appended')
  check(
    'L4',
    purses
      .filter(([, purse]) => purse.availableRao < 0n || purse.heldRao < 0n)
      .map(([id]) => `${id} is negative`),
    `${purses.length} accounts`,
  )
  check(
    'L5',
    purses
      .filter(([id, purse]) => {
        const open = holds.filter(([, hold]) => hold.request.accountId === id).map(([, hold]) => restOf(hold))
        return purse.heldRao !== open.reduce((left, right) => left + right, 0n)
      })
      .map(([id]) => `held of ${id} is not the sum of its holds`),
    `${holds.length} holds`,
  )
  check(
    'L6',
    holds
      .filter(
        ([, hold]) => restOf(hold) < 0n || hold.capturedRao < 0n || (hold.closed && restOf(hold) !== 0n),
      )
      .map(([id]) => `${id} does not add up`),
    `${holds.length} holds`,
  )
  check('L7', [], 'no refunds')
  check('K1', spentByKeys(books), `${books.keys.size} keys`)
  return { holds: checks.every((entry) => entry.passed), checks }
}
