/** What keys with a budget or a limit of rao have spent or reserve, in memory. */
import type { KeyRecord } from '../../src/ports/accounts.ts'
import type { HoldShortage } from '../../src/ports/ledger.ts'
import type { FakeBooks, FakeHold } from './books.ts'
import { type FakeKey, periodStartMs, recordOf } from './keys.ts'

type Meter = { fromMs: number; spentRao: bigint; usedRao: bigint; atMs: number }

const METERS = new WeakMap<FakeBooks, Map<string, Meter>>()

export function metersOf(books: FakeBooks): Map<string, Meter> {
  const meters = METERS.get(books) ?? new Map<string, Meter>()
  METERS.set(books, meters)
  return meters
}

const findKey = (books: FakeBooks, keyId: string): FakeKey | undefined =>
  // `addKey` is the only way in, and stores whole ones.
  [...books.keys.values()].find(({ id }) => id === keyId) as FakeKey | undefined

export const isActive = (books: FakeBooks, key: KeyRecord): boolean =>
  recordOf(books, key as FakeKey).status === 'active'

export function isMetered(books: FakeBooks, keyId: string): boolean {
  const rules = findKey(books, keyId)?.rules
  return rules != null && (rules.budget !== null || rules.raoPerMinute !== null)
}

export function startOf(books: FakeBooks, key: FakeKey): number {
  const budget = key.rules?.budget
  return budget ? periodStartMs(books.now(), budget, key.budgetSinceMs) : 0
}

/** Counts an amount for a key, or says what is left. */
export function takeOfKey(
  books: FakeBooks,
  keyId: string,
  amountRao: bigint,
): Exclude<HoldShortage, { kind: 'insufficient' }> | { fromMs: number; atMs: number } {
  const key = findKey(books, keyId)
  if (!key) throw new Error(`no key ${keyId}`)
  const [atMs, startMs] = [books.now(), startOf(books, key)]
  const meter = metersOf(books).get(key.limitId) ?? { fromMs: startMs, spentRao: 0n, usedRao: 0n, atMs }
  const fromMs = Math.max(meter.fromMs, startMs)
  const spentRao = fromMs === meter.fromMs ? meter.spentRao : 0n
  const { budget = null, raoPerMinute = null } = key.rules ?? {}
  const usedRao =
    raoPerMinute === null ? 0n : above0(meter.usedRao - flowedIn(raoPerMinute, atMs - meter.atMs))
  if (budget && spentRao + amountRao > budget.amountRao)
    return { kind: 'over-budget', leftRao: above0(budget.amountRao - spentRao) }
  if (raoPerMinute !== null && usedRao + amountRao > raoPerMinute)
    return { kind: 'over-rate', leftRao: above0(raoPerMinute - usedRao) }
  const taken = raoPerMinute === null ? 0n : usedRao + amountRao
  metersOf(books).set(key.limitId, { fromMs, spentRao: spentRao + amountRao, usedRao: taken, atMs })
  return { fromMs, atMs }
}

export function giveBackToKey(books: FakeBooks, { request, metered }: FakeHold, amountRao: bigint): void {
  const key = metered && findKey(books, request.keyId)
  const meter = key && metersOf(books).get(key.limitId)
  if (!meter) return
  if (meter.fromMs === metered.fromMs) meter.spentRao -= amountRao
  const gone = flowedIn(key.rules?.raoPerMinute ?? 0n, books.now() - metered.atMs)
  meter.usedRao = above0(meter.usedRao - above0(amountRao - gone))
}

/** Offences: what a key's meter says is not what its holds of the period reserve or took. */
export function spentByKeys(books: FakeBooks): readonly string[] {
  const wrong: string[] = []
  for (const [limitId, { fromMs, spentRao }] of metersOf(books)) {
    let total = 0n
    for (const { request, releasedRao, metered } of books.holds.values()) {
      const isOfKey = findKey(books, request.keyId)?.limitId === limitId
      if (isOfKey && metered?.fromMs === fromMs) total += request.amountRao - releasedRao
    }
    if (total !== spentRao) wrong.push(`${limitId} counts ${spentRao}, its holds ${total}`)
  }
  return wrong
}

const above0 = (amount: bigint): bigint => (amount > 0n ? amount : 0n)

const flowedIn = (perMinute: bigint, elapsedMs: number): bigint =>
  (perMinute * BigInt(Math.max(0, Math.floor(elapsedMs)))) / 60_000n
