/** What every keeper of keys promises: rules, ends, rotation, and a line in the log for each change. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Actor } from '../../src/ports/accounts.ts'
import type { KeyRules } from '../../src/ports/keys.ts'
import type { Store } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { type Customer, newCustomer, unique } from './money.ts'

const ANN: Actor = { name: 'ann', address: '192.0.2.7' }
const HOUR_MS = 3_600_000

export const NO_RULES: KeyRules = {
  capabilities: null,
  models: null,
  networks: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  raoPerMinute: null,
  budget: null,
}

const ALL_RULES: KeyRules = {
  capabilities: ['chat', 'image.generate'],
  models: ['yuma-text', 'a,"b\\{}'],
  networks: ['192.0.2.0/24', '2001:db8::/32'],
  requestsPerMinute: 60,
  tokensPerMinute: 1_000_000_000,
  raoPerMinute: 2n ** 53n + 1n,
  budget: { amountRao: 2n ** 62n + 1n, period: 'month' },
}

const successor = () => ({
  id: `key_${unique()}`,
  prefix: 'sk-yuma-new',
  sha256: randomBytes(32).toString('hex'),
})

export function keysContract(name: string, { make }: Pick<StoreContract, 'make'>): void {
  describe(`keys: ${name}`, () => {
    let store: Store
    let customer: Customer
    beforeAll(async () => {
      store = await make()
    })
    const listed = async (keyId: string) => (await store.keys.list({ keyId }))[0]
    const lastLine = async () => (await store.audit.list({ limit: 1, before: null }))[0]
    const fresh = async () => {
      customer = await newCustomer(store, 0n)
      return customer
    }

    it('rules, name and end are kept exactly, and none are null', async () => {
      const { accountId } = await fresh()
      const expiresAt = new Date(Date.now() + HOUR_MS).toISOString()
      const key = { ...successor(), accountId, name: 'ci', expiresAt, rules: ALL_RULES }
      const added = await store.accounts.addKey(key)
      const { sha256, ...kept } = key
      expect(added).toEqual({ ...kept, status: 'active', revokedAt: null, limitId: key.id })
      expect(await store.accounts.findKey(sha256)).toEqual(added)
      const plain = { ...successor(), accountId, rules: NO_RULES }
      expect((await store.accounts.addKey(plain)).rules).toBeNull()
    })

    it('a key past its end is expired, and lives again when its end is moved', async () => {
      const { accountId } = await fresh()
      const key = { ...successor(), accountId, expiresAt: new Date(Date.now() - 1000).toISOString() }
      expect((await store.accounts.addKey(key)).status).toBe('expired')
      expect((await store.accounts.findKey(key.sha256))?.status).toBe('expired')
      await store.keys.change(key.id, { expiresAt: null }, ANN)
      expect((await store.accounts.findKey(key.sha256))?.status).toBe('active')
    })

    it('a change sets what it names and leaves the rest, and taking every rule away leaves none', async () => {
      const { keyId } = await fresh()
      await store.keys.change(keyId, { rules: { models: ['a'], requestsPerMinute: 5 } }, ANN)
      await store.keys.change(keyId, { name: 'web', rules: { requestsPerMinute: 6 } }, ANN)
      expect(await listed(keyId)).toMatchObject({
        name: 'web',
        rules: { ...NO_RULES, models: ['a'], requestsPerMinute: 6 },
      })
      await store.keys.change(keyId, { rules: NO_RULES }, ANN)
      expect(await listed(keyId)).toMatchObject({ name: 'web', rules: null })
    })

    it('lists the keys of one account, or all, oldest first, with the time they were last used', async () => {
      const { accountId, keyId, sha256 } = await fresh()
      const second = { ...successor(), accountId }
      await store.accounts.addKey(second)
      expect((await store.keys.list({ accountId })).map(({ id }) => id)).toEqual([keyId, second.id])
      expect((await store.keys.list({})).map(({ id }) => id)).toEqual(
        expect.arrayContaining([keyId, second.id]),
      )
      expect((await listed(keyId))?.lastUsedAt).toBeNull()
      await store.accounts.findKey(sha256)
      expect((await listed(keyId))?.lastUsedAt).toEqual(expect.any(String))
    })

    it('the use of a revoked key is not noted', async () => {
      const { keyId, sha256 } = await fresh()
      await store.keys.revoke(keyId, ANN)
      await store.accounts.findKey(sha256)
      expect((await listed(keyId))?.lastUsedAt).toBeNull()
    })

    it('rotation: the successor has the rules and the count, the old key ends after the overlap', async () => {
      const { keyId, sha256 } = await fresh()
      await store.keys.change(keyId, { name: 'web', rules: ALL_RULES }, ANN)
      const next = successor()
      const made = await store.keys.rotate(keyId, { ...next, overlapMs: HOUR_MS }, ANN)
      expect(made).toMatchObject({
        id: next.id,
        name: 'web',
        rules: ALL_RULES,
        limitId: keyId,
        expiresAt: null,
      })
      expect(await store.accounts.findKey(next.sha256)).toMatchObject({ id: next.id, status: 'active' })
      const old = await listed(keyId)
      expect(old).toMatchObject({ status: 'active', replacedBy: next.id })
      const leftMs = Date.parse(old?.expiresAt ?? '') - Date.now()
      expect(leftMs).toBeGreaterThan(HOUR_MS - 60_000)
      expect(leftMs).toBeLessThanOrEqual(HOUR_MS + 60_000)
      expect((await store.accounts.findKey(sha256))?.status).toBe('active')
    })

    it('rotation without overlap ends the old key at once', async () => {
      const { keyId, sha256 } = await fresh()
      await store.keys.rotate(keyId, { ...successor(), overlapMs: 0 }, ANN)
      expect((await store.accounts.findKey(sha256))?.status).toBe('expired')
    })

    it('rotation lengthens no life, and a key is rotated once', async () => {
      const { accountId } = await fresh()
      const expiresAt = new Date(Date.now() + HOUR_MS).toISOString()
      const key = { ...successor(), accountId, expiresAt }
      await store.accounts.addKey(key)
      const next = await store.keys.rotate(key.id, { ...successor(), overlapMs: 5 * HOUR_MS }, ANN)
      expect(next.expiresAt).toBe(expiresAt)
      expect((await listed(key.id))?.expiresAt).toBe(expiresAt)
      const again = store.keys.rotate(key.id, { ...successor(), overlapMs: 0 }, ANN)
      await expect(again).rejects.toMatchObject({ code: 'conflict' })
    })

    it('two rotations at once make one successor', async () => {
      const { accountId, keyId } = await fresh()
      const outcomes = await Promise.allSettled(
        [0, 1].map(() => store.keys.rotate(keyId, { ...successor(), overlapMs: HOUR_MS }, ANN)),
      )
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(await store.keys.list({ accountId })).toHaveLength(2)
    })

    it('a rotated key and its successor are limited as one', async () => {
      const { keyId } = await fresh()
      const next = await store.keys.rotate(keyId, { ...successor(), overlapMs: HOUR_MS }, ANN)
      await store.keys.change(next.id, { rules: { requestsPerMinute: 7 } }, ANN)
      expect((await listed(keyId))?.rules?.requestsPerMinute).toBe(7)
    })

    it('a revoked key is not changed, not rotated, and keeps the time of its first revocation', async () => {
      const { keyId } = await fresh()
      const revoked = await store.keys.revoke(keyId, ANN)
      expect(revoked.status).toBe('revoked')
      expect(await store.keys.revoke(keyId, ANN)).toEqual(revoked)
      await expect(store.keys.change(keyId, { name: 'x' }, ANN)).rejects.toMatchObject({ code: 'conflict' })
      const rotating = store.keys.rotate(keyId, { ...successor(), overlapMs: 0 }, ANN)
      await expect(rotating).rejects.toMatchObject({ code: 'conflict' })
    })

    it('an unknown key is not_found', async () => {
      const missing = { code: 'not_found' }
      expect(await store.keys.list({ keyId: 'key_nobody' })).toEqual([])
      await expect(store.keys.revoke('key_nobody', ANN)).rejects.toMatchObject(missing)
      await expect(store.keys.change('key_nobody', {}, ANN)).rejects.toMatchObject(missing)
      const rotating = store.keys.rotate('key_nobody', { ...successor(), overlapMs: 0 }, ANN)
      await expect(rotating).rejects.toMatchObject(missing)
    })

    it('every change is one line of the log: who, what, when, from where', async () => {
      const text = unique()
      const accountId = `acc_${text}`
      await store.accounts.create({ id: accountId, name: text, depositAddress: `address-${text}` }, ANN)
      expect(await lastLine()).toMatchObject({
        actor: ANN,
        action: 'account.create',
        subject: accountId,
        details: { name: text, depositAddress: `address-${text}` },
      })
      const key = { ...successor(), accountId, rules: { ...NO_RULES, raoPerMinute: 5n } }
      await store.accounts.addKey(key, ANN)
      const made = await lastLine()
      expect(made).toMatchObject({
        actor: ANN,
        action: 'key.create',
        subject: key.id,
        details: { account: accountId, prefix: key.prefix, raoPerMinute: '5' },
      })
      expect(new Date(made?.at ?? '').toISOString()).toBe(made?.at)
      await store.keys.change(key.id, { rules: { raoPerMinute: 6n } }, ANN)
      expect(await lastLine()).toMatchObject({
        action: 'key.limit',
        details: { before: { raoPerMinute: '5' }, after: { raoPerMinute: '6' } },
      })
      const next = successor()
      await store.keys.rotate(key.id, { ...next, overlapMs: 0 }, ANN)
      expect(await lastLine()).toMatchObject({
        action: 'key.rotate',
        subject: key.id,
        details: { successor: next.id },
      })
      await store.keys.revoke(next.id, ANN)
      expect(await lastLine()).toMatchObject({ action: 'key.revoke', subject: next.id })
      await store.accounts.addKey({ ...successor(), accountId })
      expect(await lastLine()).toMatchObject({ actor: { name: 'gateway', address: null } })
      await store.accounts.revokeKeys(accountId, null)
      expect(await lastLine()).toMatchObject({
        action: 'key.revoke',
        actor: { name: 'gateway', address: null },
      })
    })

    it('what changes nothing, or fails, writes no line', async () => {
      const { keyId, accountId, sha256 } = await fresh()
      await store.keys.revoke(keyId, ANN)
      const before = await lastLine()
      await store.keys.revoke(keyId, ANN)
      await store.keys.change(keyId, { name: 'x' }, ANN).catch(() => null)
      await store.accounts.addKey({ ...successor(), accountId, sha256 }, ANN).catch(() => null)
      expect(await lastLine()).toEqual(before)
    })

    it('the log holds no hash of a key, and is read page by page, newest first', async () => {
      const { keyId, sha256 } = await fresh()
      const next = successor()
      await store.keys.rotate(keyId, { ...next, overlapMs: 0 }, ANN)
      const newest = await store.audit.list({ limit: 3, before: null })
      expect(JSON.stringify(newest)).not.toContain(sha256)
      expect(JSON.stringify(newest)).not.toContain(next.sha256)
      const rest = await store.audit.list({ limit: 2, before: newest[0]?.number ?? 0 })
      expect(rest).toEqual(newest.slice(1))
    })
  })
}
