/** What people do with keys, in memory, and the log of it. */
import { GatewayError } from '../../src/errors.ts'
import type { Actor, KeyRecord } from '../../src/ports/accounts.ts'
import type { AuditEntry, AuditLog, KeyBudget, KeyListing, KeyRules, Keys } from '../../src/ports/keys.ts'
import { type FakeBooks, isoOf } from './books.ts'
import { metersOf, startOf } from './key-meters.ts'

/** What lies in `books.keys`. */
export type FakeKey = KeyRecord &
  Pick<KeyListing, 'createdAt' | 'lastUsedAt' | 'replacedBy'> & { readonly budgetSinceMs: number }

const LOGS = new WeakMap<FakeBooks, AuditEntry[]>()

const logOf = (books: FakeBooks): AuditEntry[] => {
  const log = LOGS.get(books) ?? []
  LOGS.set(books, log)
  return log
}

export function note(
  books: FakeBooks,
  change: Pick<AuditEntry, 'action' | 'subject'> & { by: Actor; details: object },
): void {
  const { by, action, subject, details } = change
  const log = logOf(books)
  const kept: Record<string, unknown> = JSON.parse(JSON.stringify(details))
  log.push({ number: log.length + 1, at: isoOf(books.now()), actor: by, action, subject, details: kept })
}

export function fakeAuditLog(books: FakeBooks): AuditLog {
  return {
    async list({ limit, before }) {
      return logOf(books)
        .filter(({ number }) => before === null || number < before)
        .reverse()
        .slice(0, limit)
    },
  }
}

/** Rules that restrict nothing are none. */
export function restricted(rules: KeyRules | null): KeyRules | null {
  return rules && Object.values(rules).some((rule) => rule !== null) ? rules : null
}

/** Rules as the log keeps them. */
export function factsOf(rules: KeyRules | null): object {
  const { raoPerMinute, budget, ...rest } = rules ?? NONE
  const facts = {
    ...rest,
    raoPerMinute: raoPerMinute?.toString() ?? null,
    budget: budget && { amountRao: budget.amountRao.toString(), period: budget.period },
  }
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null))
}

export function recordOf(books: FakeBooks, key: FakeKey): KeyRecord {
  const { id, accountId, prefix, name, revokedAt, expiresAt, limitId, rules } = key
  const isExpired = expiresAt !== null && Date.parse(expiresAt) <= books.now()
  const status = revokedAt !== null ? 'revoked' : isExpired ? 'expired' : 'active'
  return { id, accountId, prefix, name, status, revokedAt, expiresAt, limitId, rules }
}

/** When the period that is counted now began. */
export function periodStartMs(nowMs: number, { period }: KeyBudget, sinceMs: number): number {
  const now = new Date(nowMs)
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  if (period === 'total') return sinceMs
  return Math.max(sinceMs, period === 'day' ? Date.UTC(year, month, day) : Date.UTC(year, month))
}

const NONE: KeyRules = {
  capabilities: null,
  models: null,
  networks: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  raoPerMinute: null,
  budget: null,
}

export function fakeKeys(books: FakeBooks): Keys {
  // `addKey` is the only way in, and stores whole ones.
  const keys = books.keys as Map<string, FakeKey>
  const find = (keyId: string): [string, FakeKey] => {
    const found = [...keys].find(([, { id }]) => id === keyId)
    if (!found) throw new GatewayError('not_found', 'There is no such key.')
    return found
  }
  const show = (key: FakeKey): KeyListing => {
    const { createdAt, lastUsedAt, replacedBy } = key
    const meter = metersOf(books).get(key.limitId)
    const isNow = meter?.fromMs === startOf(books, key)
    const spentRao = key.rules?.budget ? (meter && isNow ? meter.spentRao : 0n) : null
    return { ...recordOf(books, key), createdAt, lastUsedAt, replacedBy, spentRao }
  }
  return {
    async list(filter) {
      return [...keys.values()]
        .filter((key) => !('accountId' in filter) || key.accountId === filter.accountId)
        .filter((key) => !('keyId' in filter) || key.id === filter.keyId)
        .map(show)
    },
    async change(keyId, change, by) {
      const [sha256, before] = find(keyId)
      if (before.revokedAt !== null) throw new GatewayError('conflict', 'The key is revoked.')
      const { name = before.name, expiresAt = before.expiresAt } = change
      keys.set(sha256, { ...before, name, expiresAt: expiresAt && isoOf(Date.parse(expiresAt)) })
      const rules = restricted({ ...NONE, ...before.rules, ...change.rules })
      const isSamePeriod = rules?.budget?.period === before.rules?.budget?.period
      for (const [hash, key] of keys) {
        if (key.limitId !== before.limitId) continue
        // Two changes in one millisecond are two periods.
        const nextMs = Math.max(books.now(), key.budgetSinceMs + 1)
        keys.set(hash, { ...key, rules, budgetSinceMs: isSamePeriod ? key.budgetSinceMs : nextMs })
      }
      const after = show(find(keyId)[1])
      const describe = (key: KeyRecord) => ({
        name: key.name,
        expiresAt: key.expiresAt,
        ...factsOf(key.rules),
      })
      const details = { before: describe(before), after: describe(after) }
      note(books, { by, action: 'key.limit', subject: keyId, details })
      return after
    },
    async rotate(keyId, { overlapMs, ...successor }, by) {
      const [sha256, before] = find(keyId)
      const { status } = recordOf(books, before)
      if (status !== 'active') throw new GatewayError('conflict', `The key is ${status}.`)
      if (before.replacedBy !== null || keys.has(successor.sha256)) {
        throw new GatewayError('conflict', 'The key was rotated before.')
      }
      const { id, prefix } = successor
      const next: FakeKey = { ...before, id, prefix, createdAt: isoOf(books.now()), lastUsedAt: null }
      const endMs = Math.min(Date.parse(before.expiresAt ?? '9999-01-01'), books.now() + overlapMs)
      keys.set(sha256, { ...before, replacedBy: id, expiresAt: isoOf(endMs) })
      keys.set(successor.sha256, next)
      note(books, {
        by,
        action: 'key.rotate',
        subject: keyId,
        details: { successor: id, prefix, oldKeyEndsAt: isoOf(endMs) },
      })
      return show(next)
    },
    async revoke(keyId, by) {
      const [sha256, before] = find(keyId)
      if (before.revokedAt !== null) return show(before)
      keys.set(sha256, { ...before, revokedAt: isoOf(books.now()) })
      const details = { account: before.accountId, prefix: before.prefix }
      note(books, { by, action: 'key.revoke', subject: keyId, details })
      return show(find(keyId)[1])
    },
  }
}
