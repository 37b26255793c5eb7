/** A purse whose keys get spend leases: fewer commits, the same money. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sizeLease } from '../../../src/billing/lease.ts'
import { parsePrices } from '../../../src/billing/prices.ts'
import { createPurse, type Purse, type Reservation, type ReserveOrder } from '../../../src/billing/purse.ts'
import type { ReceiptParts } from '../../../src/billing/receipt.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { Ledger, LedgerBatch } from '../../../src/ports/ledger.ts'
import { fakeStore } from '../../fakes/store.ts'
import { keptLog, manualTiming, settlePromises } from './manual-timing.ts'

const TTL_MS = 360_000
const SEED = Date.now() % 2 ** 31
const catalogue = parsePrices({ chat: [{ meter: 'output_token', rao: '1', per: '1' }] })
const down = () => new GatewayError('ledger_unavailable', 'The ledger cannot be reached.')
const code = (expected: string) => expect.objectContaining({ code: expected })

const order = (requestId: string, amountRao = 100n, keyId = 'key_1'): ReserveOrder => ({
  accountId: 'acc_1',
  keyId,
  depositAddress: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  requestId,
  amountRao,
  ttlMs: TTL_MS,
})

const parts = (tokens: bigint): ReceiptParts => ({
  model: 'chat',
  capability: 'chat',
  priceVersion: catalogue.version,
  lines: catalogue.priceLines('chat', { output_token: tokens }),
  provider: { netuid: 1, mechid: 0, hotkey: '5F', uid: 3, incentive: 900, block: 12 },
  attempts: 1,
  outputSha256: 'ab'.repeat(32),
  runId: null,
  stepId: null,
})

/** A purse on a store in memory with one account of two keys; what it commits is kept. */
async function stage(fundsRao: bigint, change: (ledger: Ledger) => Partial<Ledger> = () => ({})) {
  const timing = manualTiming()
  const store = fakeStore({ now: timing.wallMs })
  await store.accounts.create({ id: 'acc_1', name: 'one', depositAddress: 'address' })
  for (const id of ['key_1', 'key_2']) {
    await store.accounts.addKey({ id, accountId: 'acc_1', prefix: 'sk', sha256: `sha of ${id}` })
  }
  store.fund('acc_1', fundsRao)
  const batches: LedgerBatch[] = []
  const changed = { ...store.ledger, ...change(store.ledger) }
  const ledger: Ledger = {
    ...changed,
    commit: (batch) => {
      batches.push(batch)
      return changed.commit(batch)
    },
  }
  const log = keptLog()
  const purse = createPurse({ ledger, timing, log, random: randomBytes, readGenesisHash: () => null })
  return { timing, store, purse, batches, log, balance: () => purse.readBalance('acc_1') }
}

/** Reserves and settles until the key has a lease. @returns what that has cost */
async function warm(purse: Purse, count = 4): Promise<bigint> {
  for (let index = 0; index < count; index += 1) {
    await purse.settle(await purse.reserve(order(`warm_${index}`)), parts(1n))
  }
  await settlePromises()
  return BigInt(count)
}

describe('a key that asks often', () => {
  it('reserves without a commit, and each charge is one capture with a receipt of its own', async () => {
    const { purse, batches, store, balance } = await stage(1_000_000n)
    const spentRao = await warm(purse)
    expect(purse.state().leases).toBe(1)
    batches.length = 0
    const reservation = await purse.reserve(order('req_1'))
    expect(reservation.holdId).toMatch(/^hold:lease:/)
    expect(batches).toEqual([])
    expect(await balance()).toEqual({
      availableRao: 1_000_000n - spentRao - 100n,
      heldRao: 100n,
      spentRao,
    })
    const receipt = await purse.settle(reservation, parts(30n))
    expect(batches).toMatchObject([{ holds: [], settlements: [], voids: [], captures: [{ receipt }] }])
    expect(receipt).toMatchObject({ requestId: 'req_1', heldRao: 100n, capturedRao: 30n, releasedRao: 70n })
    expect(await store.ledger.findReceipt('acc_1', 'req_1')).toEqual(receipt)
    expect(await balance()).toEqual({
      availableRao: 1_000_000n - spentRao - 30n,
      heldRao: 0n,
      spentRao: spentRao + 30n,
    })
  })

  it('voids without a commit, and may settle or void only once', async () => {
    const { purse, batches, balance } = await stage(1_000_000n)
    const spentRao = await warm(purse)
    batches.length = 0
    const reservation = await purse.reserve(order('req_1'))
    await purse.void(reservation)
    await purse.void(reservation)
    await expect(purse.settle(reservation, parts(1n))).rejects.toEqual(code('internal_error'))
    expect(batches).toEqual([])
    expect(await balance()).toEqual({ availableRao: 1_000_000n - spentRao, heldRao: 0n, spentRao })
  })

  it('gets none when it asks seldom', async () => {
    const { purse, timing } = await stage(1_000_000n)
    for (let index = 0; index < 12; index += 1) {
      await purse.void(await purse.reserve(order(`req_${index}`)))
      await timing.advance(1_000)
    }
    expect(purse.state().leases).toBe(0)
  })

  it('gets none while the free balance is under 64 worst cases, and holds for itself', async () => {
    const { purse, balance } = await stage(6_400n)
    await warm(purse, 12)
    expect(purse.state().leases).toBe(0)
    expect(await balance()).toEqual({ availableRao: 6_388n, heldRao: 0n, spentRao: 12n })
  })

  it('has a lease of its own: revoked, it does not get the next, and another key does', async () => {
    const { purse, store, timing } = await stage(1_000_000n)
    await warm(purse)
    await store.accounts.revokeKeys('acc_1', 'sha of key_2')
    await timing.advance(40_000)
    expect(purse.state().leases).toBe(0)
    await expect(purse.reserve(order('req_1'))).rejects.toEqual(code('invalid_api_key'))
    for (let index = 0; index < 4; index += 1)
      await purse.void(await purse.reserve(order(`two_${index}`, 100n, 'key_2')))
    await settlePromises()
    expect((await purse.reserve(order('req_2', 100n, 'key_2'))).holdId).toMatch(/^hold:lease:/)
  })

  it('draws from a larger lease when much is in flight, and never needs more than there is', async () => {
    const { purse, store, timing } = await stage(1_000_000n)
    await warm(purse)
    const open: Reservation[] = []
    for (let index = 0; index < 500; index += 1) {
      open.push(await purse.reserve(order(`req_${index}`)))
      if (index % 20 === 0) await settlePromises()
    }
    const own = open.filter(({ holdId }) => !holdId.startsWith('hold:lease:'))
    expect(own.length).toBeLessThan(50)
    await Promise.all(open.map((reservation) => purse.settle(reservation, parts(100n))))
    await timing.advance(60_000)
    expect(purse.state()).toMatchObject({ open: 0, leases: 0 })
    expect(await store.ledger.readBalance('acc_1')).toEqual({
      availableRao: 1_000_000n - 50_004n,
      heldRao: 0n,
      spentRao: 50_004n,
    })
    expect((await store.ledger.verify()).holds).toBe(true)
  })
})

describe('a lease', () => {
  it('goes home two seconds after the last request, and the next requests hold for themselves', async () => {
    const { purse, store, timing } = await stage(1_000_000n)
    const spentRao = await warm(purse)
    await timing.advance(4_000)
    expect(purse.state().leases).toBe(0)
    expect(await store.ledger.readBalance('acc_1')).toMatchObject({
      availableRao: 1_000_000n - spentRao,
      heldRao: 0n,
    })
    expect((await purse.reserve(order('req_1'))).holdId).toBe('hold:req_1')
  })

  it('is followed by a fresh one under steady use, and none lives longer than its time', async () => {
    const { purse, store, timing } = await stage(1_000_000n)
    await warm(purse)
    const leases = new Set<string>()
    for (let second = 0; second < 90; second += 1) {
      const reservation = await purse.reserve(order(`req_${second}`))
      leases.add(reservation.holdId)
      await timing.advance(1_000)
      await purse.settle(reservation, parts(1n))
    }
    expect([...leases].every((id) => id.startsWith('hold:lease:'))).toBe(true)
    expect(leases.size).toBeGreaterThanOrEqual(4)
    await timing.advance(10_000)
    expect(await store.ledger.readBalance('acc_1')).toMatchObject({ heldRao: 0n, spentRao: 94n })
  })

  it('stays open for a request that outlives it', async () => {
    const { purse, store, timing } = await stage(1_000_000n)
    await warm(purse)
    const slow = await purse.reserve(order('slow'))
    await timing.advance(300_000)
    expect(await store.ledger.sweep({ keepProcessId: null })).toBe(0)
    await purse.settle(slow, parts(7n))
    await timing.advance(5_000)
    expect(await store.ledger.readBalance('acc_1')).toMatchObject({ heldRao: 0n, spentRao: 11n })
  })

  it('is called home by whoever is refused for want of money, but for what is reserved', async () => {
    const { purse, store } = await stage(10_000n)
    await warm(purse)
    const running = await purse.reserve(order('running'))
    // More than is free beside the lease, less than all that is there.
    const large = await purse.reserve(order('large', 9_800n))
    expect(large.holdId).toBe('hold:large')
    expect(await purse.recall('acc_1')).toBe(true)
    expect(await store.ledger.readBalance('acc_1')).toEqual({
      availableRao: 10_000n - 4n - 9_900n,
      heldRao: 9_900n,
      spentRao: 4n,
    })
    await purse.settle(running, parts(50n))
    await purse.void(large)
    await settlePromises()
    expect(await purse.recall('acc_1')).toBe(false)
    expect(await store.ledger.readBalance('acc_1')).toMatchObject({ heldRao: 0n, spentRao: 54n })
  })

  it('that goes home while somebody is being refused is waited for', async () => {
    let answer = () => {}
    const { purse, timing } = await stage(10_000n, (ledger) => ({
      async commit(batch) {
        const outcome = await ledger.commit(batch)
        // The refusal is on its way while the lease becomes idle.
        if (outcome.holds[0]?.kind === 'insufficient') await new Promise<void>((done) => (answer = done))
        return outcome
      },
    }))
    await warm(purse)
    const reserving = purse.reserve(order('large', 9_900n))
    await timing.advance(2_500)
    answer()
    expect((await reserving).holdId).toBe('hold:large')
  })

  it('that the sweep has closed charges nothing, and the next request holds for itself', async () => {
    const { purse, store, log } = await stage(1_000_000n)
    await warm(purse)
    const reservation = await purse.reserve(order('req_1'))
    await store.ledger.sweep({ keepProcessId: 'another' })
    await expect(purse.settle(reservation, parts(9n))).rejects.toEqual(code('internal_error'))
    expect(log.lines.join()).toContain('its hold was closed')
    expect((await purse.reserve(order('req_2'))).holdId).toBe('hold:req_2')
    expect((await store.ledger.readBalance('acc_1')).spentRao).toBe(4n)
  })

  it('from which a charge got lost gives to nobody any more, and is released with what is left', async () => {
    let isDown = false
    const { purse, store, timing } = await stage(1_000_000n, (ledger) => ({
      async commit(batch) {
        if (isDown) throw down()
        return ledger.commit(batch)
      },
    }))
    await warm(purse)
    const [one, two] = [await purse.reserve(order('one')), await purse.reserve(order('two'))]
    isDown = true
    const settling = purse.settle(one, parts(9n)).catch((thrown: unknown) => thrown)
    await timing.advance(11_000)
    expect(await settling).toEqual(code('ledger_unavailable'))
    isDown = false
    const third = purse.reserve(order('three'))
    await timing.advance(2_000)
    expect((await third).holdId).toBe('hold:three')
    await purse.settle(two, parts(5n))
    await timing.advance(1_000)
    expect(purse.state().leases).toBe(0)
    expect(await store.ledger.readBalance('acc_1')).toMatchObject({ heldRao: 100n, spentRao: 9n })
  })

  it('that may have been opened though the answer was lost is released', async () => {
    const { purse, store, timing } = await stage(1_000_000n, (ledger) => ({
      async changeLease(change) {
        await ledger.changeLease(change)
        throw down()
      },
    }))
    await warm(purse)
    await timing.advance(100)
    expect(purse.state().leases).toBe(0)
    expect(await store.ledger.readBalance('acc_1')).toMatchObject({ heldRao: 0n, spentRao: 4n })
  })

  it('goes home when the purse closes, after the last request that draws from it', async () => {
    const { purse, store } = await stage(1_000_000n)
    await warm(purse)
    const reservation = await purse.reserve(order('req_1'))
    const idle = await stage(1_000_000n)
    await warm(idle.purse)
    await idle.purse.close(1_000)
    expect(await idle.store.ledger.readBalance('acc_1')).toMatchObject({ heldRao: 0n })
    await purse.settle(reservation, parts(2n))
    await purse.close(1_000)
    expect(await store.ledger.readBalance('acc_1')).toMatchObject({ heldRao: 0n, spentRao: 6n })
    await expect(purse.reserve(order('late'))).rejects.toEqual(code('shutting_down'))
  })

  it('is never larger than a ledger can hold', () => {
    expect(sizeLease(100n, 0n)).toEqual({ leaseRao: 3_200n, freeRaoMin: 6_400n })
    expect(sizeLease(100n, 5_000n)).toEqual({ leaseRao: 20_000n, freeRaoMin: 40_000n })
    expect(sizeLease(2n ** 60n, 0n)).toBeNull()
  })
})

describe('the last rao', () => {
  it.each([65, 200, 333])(
    'of 500 requests at once on funds for %i worst cases exactly that many pass',
    async (k) => {
      const { purse, store, timing, balance } = await stage(100n * BigInt(k) + 4n + 99n)
      await warm(purse)
      const outcomes = await Promise.allSettled(
        Array.from({ length: 500 }, async (_, index) => {
          // Not all in one turn: leases come and go meanwhile.
          for (let turn = 0; turn < index % 40; turn += 1) await Promise.resolve()
          if (index % 7 === 0) await settlePromises()
          return purse.reserve(order(`req_${index}`))
        }),
      )
      const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
      expect(refused.every((error) => error.code === 'insufficient_quota')).toBe(true)
      expect(held).toHaveLength(k)
      await Promise.all(held.map((reservation) => purse.settle(reservation, parts(100n))))
      expect(await balance()).toEqual({ availableRao: 99n, heldRao: 0n, spentRao: 100n * BigInt(k) + 4n })
      await timing.advance(10_000)
      expect(await store.ledger.readBalance('acc_1')).toMatchObject({ availableRao: 99n, heldRao: 0n })
      expect((await store.ledger.verify()).holds).toBe(true)
    },
  )

  it('any weather, leases coming and going: nothing stays held, and what was spent is what receipts say', async () => {
    console.log(`spend-leases seed ${SEED}`)
    const act = fc.record({
      amount: fc.bigInt(1n, 300n),
      tokens: fc.bigInt(0n, 400n),
      end: fc.constantFrom('settle', 'settle', 'settle', 'void'),
      key: fc.constantFrom('key_1', 'key_2'),
      waitMs: fc.constantFrom(0, 0, 0, 50, 1_000, 25_000),
      recalls: fc.constantFrom(false, false, false, false, false, true),
    })
    const weather = fc.array(fc.constantFrom('ok', 'ok', 'ok', 'ok', 'lost', 'refused'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 60 }), weather, async (acts, skies) => {
        let call = 0
        const under = async <Result>(work: () => Promise<Result>): Promise<Result> => {
          const sky = skies[call++] ?? 'ok'
          if (sky === 'refused') throw down()
          const result = await work()
          if (sky === 'lost') throw down()
          return result
        }
        const { purse, store, timing } = await stage(60_000n, (ledger) => ({
          commit: (batch) => under(() => ledger.commit(batch)),
          changeLease: (change) => under(() => ledger.changeLease(change)),
        }))
        const lives: Promise<bigint>[] = []
        for (const [index, { amount, tokens, end, key, waitMs, recalls }] of acts.entries()) {
          lives.push(
            purse
              .reserve(order(`req_${index}`, amount, key))
              .then(async (reservation) => {
                if (end === 'settle') return (await purse.settle(reservation, parts(tokens))).capturedRao
                await purse.void(reservation)
                return 0n
              })
              .catch(() => 0n),
          )
          if (recalls) await Promise.race([purse.recall('acc_1').catch(() => false), settlePromises()])
          await timing.advance(waitMs)
        }
        await timing.advance(120_000)
        const chargedRao = (await Promise.all(lives)).reduce((sum, rao) => sum + rao, 0n)
        await timing.advance(600_000)
        await store.ledger.sweep({ keepProcessId: null })
        const balance = await store.ledger.readBalance('acc_1')
        const receipts = await store.ledger.listReceipts('acc_1', 1_000)
        expect(new Set(receipts.map(({ requestId }) => requestId)).size).toBe(receipts.length)
        expect(balance.heldRao).toBe(0n)
        expect(balance.spentRao).toBe(receipts.reduce((sum, { capturedRao }) => sum + capturedRao, 0n))
        expect(balance.spentRao >= chargedRao).toBe(true)
        expect(balance.availableRao + balance.spentRao).toBe(60_000n)
        expect(purse.state()).toMatchObject({ open: 0, leases: 0 })
        expect((await store.ledger.verify()).holds).toBe(true)
      }),
      { numRuns: 60, seed: SEED },
    )
  })
})
