import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAccountService } from '../../../src/billing/accounts.ts'
import { createKeyText, prefixOf } from '../../../src/billing/key-text.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { Accounts } from '../../../src/ports/accounts.ts'
import { fakeStore } from '../../fakes/store.ts'
import { manualTiming } from './manual-timing.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })

function makeService(changes: Partial<Accounts> = {}) {
  const store = fakeStore()
  const timing = manualTiming()
  const looks: string[] = []
  const accounts: Accounts = {
    ...store.accounts,
    async findKey(sha256) {
      looks.push(sha256)
      return await store.accounts.findKey(sha256)
    },
    ...changes,
  }
  const service = createAccountService({
    accounts,
    keys: store.keys,
    readAddress: (index) => `5Address${index}`,
    random: randomBytes,
    timing,
  })
  return { service, store, timing, looks }
}

describe('opening an account', () => {
  it('gives it a deposit address of its own and a key that is kept as a hash only', async () => {
    const { service, store } = makeService()
    const first = await service.create('ann')
    const second = await service.create('bob')
    expect(first.account).toMatchObject({ id: expect.stringMatching(/^acc_[0-9a-f]{32}$/), name: 'ann' })
    expect([first.account.depositAddress, second.account.depositAddress]).toEqual(['5Address0', '5Address1'])
    expect(first.key.text).toMatch(/^sk-yuma-[1-9A-HJ-NP-Za-km-z]{44}$/)
    expect(first.key.record.prefix).toBe(first.key.text.slice(0, 12))
    const sha256 = createHash('sha256').update(first.key.text).digest('hex')
    expect((await store.accounts.findKey(sha256))?.accountId).toBe(first.account.id)
    expect(JSON.stringify([...store.books.keys, ...store.books.accounts])).not.toContain(first.key.text)
  })

  it('passes over addresses that another account has', async () => {
    const { service, store } = makeService()
    await store.accounts.create({ id: 'acc_x', name: 'x', depositAddress: '5Address1' })
    expect((await service.create('ann')).account.depositAddress).toBe('5Address2')
  })

  it('twice at once under one name makes one account', async () => {
    const { service, store } = makeService()
    const outcomes = await Promise.allSettled([service.create('ann'), service.create('ann')])
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await store.accounts.list()).length).toBe(1)
  })

  it('two at once under two names get two addresses', async () => {
    const { service } = makeService()
    const [ann, bob] = await Promise.all([service.create('ann'), service.create('bob')])
    expect(ann.account.depositAddress).not.toBe(bob.account.depositAddress)
  })

  it.each(['', 'a b', 'ä', 'x'.repeat(65), '../etc'])('refuses the name %j', async (name) => {
    await expect(makeService().service.create(name)).rejects.toEqual(code('invalid_request'))
  })

  it('stops when no address is free, instead of trying for ever', async () => {
    const { service } = makeService({
      async create() {
        throw new GatewayError('conflict', 'taken')
      },
    })
    await expect(service.create('ann')).rejects.toEqual(code('conflict'))
  })
})

describe('authenticating', () => {
  it('finds the account of a key', async () => {
    const { service } = makeService()
    const { account, key } = await service.create('ann')
    expect(await service.authenticate(key.text)).toEqual({ account, key: key.record })
  })

  it.each([
    ['an unknown key', 'sk-yuma-nobody'],
    ['no key', ''],
    ['a key that is too long', 'k'.repeat(10_000)],
  ])('refuses %s, without repeating it', async (_case, text) => {
    const { service } = makeService()
    const error = await service.authenticate(text).catch((thrown: GatewayError) => thrown)
    expect(error).toEqual(code('invalid_api_key'))
    expect((error as GatewayError).message).not.toContain('nobody')
  })

  it('notices within a second that another process revoked the key, and asks the store once a second', async () => {
    const { service, store, timing, looks } = makeService()
    const { account, key } = await service.create('ann')
    await service.authenticate(key.text)
    await service.authenticate(key.text)
    expect(looks.length).toBe(1)
    await store.accounts.revokeKeys(account.id, null)
    await timing.advance(999)
    await service.authenticate(key.text)
    await timing.advance(1)
    await expect(service.authenticate(key.text)).rejects.toEqual(code('invalid_api_key'))
    expect(looks.length).toBe(2)
  })

  it('notices at once what this process revoked', async () => {
    const { service } = makeService()
    const { account, key } = await service.create('ann')
    await service.authenticate(key.text)
    expect(await service.revokeKeys(account.id)).toBe(1)
    await expect(service.authenticate(key.text)).rejects.toEqual(code('invalid_api_key'))
  })

  it('an answer that was under way when a key was revoked is not remembered', async () => {
    const store = fakeStore()
    let letGo = () => {}
    const { service } = makeService({
      ...store.accounts,
      async findKey(sha256) {
        const key = await store.accounts.findKey(sha256)
        await new Promise<void>((resolve) => {
          letGo = resolve
        })
        return key
      },
    })
    const { account, key } = await service.create('ann')
    const early = service.authenticate(key.text)
    await new Promise((resolve) => setImmediate(resolve))
    const letEarlyGo = letGo
    await service.revokeKeys(account.id)
    letEarlyGo()
    await early
    const late = service.authenticate(key.text)
    await new Promise((resolve) => setImmediate(resolve))
    letGo()
    await expect(late).rejects.toEqual(code('invalid_api_key'))
  })

  it('many at once with one key look once', async () => {
    const { service, looks } = makeService()
    const { key } = await service.create('ann')
    await Promise.all(Array.from({ length: 50 }, () => service.authenticate(key.text)))
    expect(looks.length).toBe(1)
  })

  it('remembers an unknown key for a second, and a flood of them leaves good keys remembered', async () => {
    const { service, timing, looks } = makeService()
    const { key } = await service.create('ann')
    await service.authenticate(key.text)
    for (let index = 0; index < 10_500; index += 1) {
      await service.authenticate(`bad-${index}`).catch(() => null)
    }
    const before = looks.length
    await service.authenticate('bad-10499').catch(() => null)
    await service.authenticate(key.text)
    expect(looks.length).toBe(before)
    // Only so many are remembered: the oldest was forgotten.
    await service.authenticate('bad-0').catch(() => null)
    expect(looks.length).toBe(before + 1)
    await timing.advance(1_000)
    await service.authenticate('bad-10499').catch(() => null)
    expect(looks.length).toBe(before + 2)
  })

  it('looks up a bounded number of keys at one time', async () => {
    const waiting: (() => void)[] = []
    const { service } = makeService({
      findKey: () => new Promise((resolve) => waiting.push(() => resolve(null))),
    })
    const outcomes = Array.from({ length: 300 }, (_, index) =>
      service.authenticate(`bad-${index}`).catch((error: GatewayError) => error.code),
    )
    for (const release of waiting) release()
    const codes = await Promise.all(outcomes)
    expect(codes.filter((refused) => refused === 'queue_full').length).toBe(44)
    expect(codes.filter((refused) => refused === 'invalid_api_key').length).toBe(256)
  })

  it('fails closed when the store does not answer, and does not remember that', async () => {
    let isDown = true
    const store = fakeStore()
    const { service } = makeService({
      async findKey(sha256) {
        if (isDown) throw new GatewayError('ledger_unavailable', 'down')
        return await store.accounts.findKey(sha256)
      },
    })
    await expect(service.authenticate('some-key')).rejects.toEqual(code('ledger_unavailable'))
    isDown = false
    await expect(service.authenticate('some-key')).rejects.toEqual(code('invalid_api_key'))
  })
})

describe('the only key of an account', () => {
  it('opens the account, and another value replaces the old key', async () => {
    const { service, store } = makeService()
    const first = await service.setOnlyKey('demo', 'first-demo-key-123')
    expect(await service.authenticate('first-demo-key-123')).toEqual(first)
    const second = await service.setOnlyKey('demo', 'second-demo-key-12')
    expect(second.account).toEqual(first.account)
    await expect(service.authenticate('first-demo-key-123')).rejects.toEqual(code('invalid_api_key'))
    expect(await service.authenticate('second-demo-key-12')).toEqual(second)
    expect((await store.accounts.list()).length).toBe(1)
  })

  it('the same value again changes nothing, and revokes keys that were added beside it', async () => {
    const { service } = makeService()
    const first = await service.setOnlyKey('demo', 'first-demo-key-123')
    const other = await service.addKey(first.account.id)
    expect(await service.setOnlyKey('demo', 'first-demo-key-123')).toEqual(first)
    await expect(service.authenticate(other.text)).rejects.toEqual(code('invalid_api_key'))
  })

  it('a value that was replaced does not come back to life', async () => {
    const { service } = makeService()
    await service.setOnlyKey('demo', 'first-demo-key-123')
    await service.setOnlyKey('demo', 'second-demo-key-12')
    await expect(service.setOnlyKey('demo', 'first-demo-key-123')).rejects.toEqual(code('conflict'))
  })

  it('is not one of another account', async () => {
    const { service } = makeService()
    const { key } = await service.create('ann')
    await expect(service.setOnlyKey('demo', key.text)).rejects.toEqual(code('conflict'))
  })
})

describe('a key as text', () => {
  it('has 44 digits also for the smallest and the largest random number', () => {
    expect(createKeyText(() => new Uint8Array(32))).toBe(`sk-yuma-${'1'.repeat(44)}`)
    expect(createKeyText(() => new Uint8Array(32).fill(255))).toMatch(/^sk-yuma-.{44}$/)
    expect(new Set(Array.from({ length: 100 }, () => createKeyText(randomBytes))).size).toBe(100)
  })

  it('shows at most half of a short one', () => {
    expect(prefixOf('0123456789abcdef')).toBe('01234567')
  })
})
