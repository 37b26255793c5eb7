import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePrices } from '../../../src/billing/prices.ts'
import { createPurse, type Purse, type ReserveOrder } from '../../../src/billing/purse.ts'
import type { ReceiptParts } from '../../../src/billing/receipt.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { Ledger, LedgerBatch, LedgerBatchOutcome } from '../../../src/ports/ledger.ts'
import { fakeStore } from '../../fakes/store.ts'
import { keptLog, manualTiming, settlePromises } from './manual-timing.ts'

const GENESIS = `0x${'ab'.repeat(32)}`
const ADDRESS = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const TTL_MS = 360_000
const catalogue = parsePrices({ chat: [{ meter: 'output_token', rao: '2', per: '1' }] })
const down = () => new GatewayError('ledger_unavailable', 'The ledger cannot be reached.')

const order = (requestId: string, amountRao = 100n): ReserveOrder => ({
  accountId: 'acc_1',
  keyId: 'key_1',
  depositAddress: ADDRESS,
  requestId,
  amountRao,
  ttlMs: TTL_MS,
})

const parts = (outputTokens: bigint): ReceiptParts => ({
  model: 'chat',
  capability: 'chat',
  priceVersion: catalogue.version,
  lines: catalogue.priceLines('chat', { output_token: outputTokens }),
  provider: { netuid: 1, mechid: 0, hotkey: '5F', uid: 3, incentive: 900, block: 12 },
  attempts: 1,
  outputSha256: 'ab'.repeat(32),
  runId: null,
  stepId: null,
})

/** A ledger of which a test shows only a part; leases are refused there. */
const withoutLeases = {
  changeLease: async () => ({ kind: 'insufficient', availableRao: 0n }) as const,
  readBalance: async () => ({ availableRao: 0n, heldRao: 0n, spentRao: 0n }),
}

function makePurse(
  ledger: Pick<Ledger, 'commit'> & Partial<Ledger>,
  limits: { batchMax?: number; queueMax?: number } = {},
) {
  const timing = manualTiming()
  const log = keptLog()
  const purse = createPurse({
    ledger: { ...withoutLeases, ...ledger },
    timing,
    log,
    random: randomBytes,
    readGenesisHash: () => GENESIS,
    ...limits,
  })
  return { purse, timing, log }
}

/** A store with one account, its key and some money. */
async function makeStore(fundsRao: bigint) {
  const store = fakeStore()
  await store.accounts.create({ id: 'acc_1', name: 'one', depositAddress: ADDRESS })
  await store.accounts.addKey({ id: 'key_1', accountId: 'acc_1', prefix: 'sk', sha256: 'aa' })
  if (fundsRao > 0n) store.fund('acc_1', fundsRao)
  return store
}

/** A ledger that answers when it is told to, and remembers what it was given. */
function scriptedLedger() {
  const calls: { batch: LedgerBatch; succeed: () => void; fail: (error: Error) => void }[] = []
  return {
    calls,
    commit: (batch: LedgerBatch) =>
      new Promise<LedgerBatchOutcome>((resolve, reject) => {
        const succeed = () =>
          resolve({
            holds: batch.holds.map(() => ({ kind: 'held' })),
            settlements: batch.settlements.map(() => ({ kind: 'settled' })),
            captures: batch.captures.map(() => ({ kind: 'settled' })),
          })
        calls.push({ batch, succeed, fail: reject })
      }),
  }
}

const code = (expected: string) => expect.objectContaining({ code: expected })

describe('reserving', () => {
  it.each([1, 3, 8])('of 12 concurrent requests on funds for %i exactly that many pass', async (k) => {
    const store = await makeStore(100n * BigInt(k) + 99n)
    const { purse } = makePurse(store.ledger, { batchMax: 5 })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => purse.reserve(order(`req_${index}`))),
    )
    const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(held.length).toBe(k)
    expect(refused.every((error) => error.code === 'insufficient_quota')).toBe(true)
    await Promise.all(held.map((reservation) => purse.settle(reservation, parts(50n))))
    expect(await store.ledger.readBalance('acc_1')).toEqual({
      availableRao: 99n,
      heldRao: 0n,
      spentRao: 100n * BigInt(k),
    })
    expect((await store.ledger.verify()).holds).toBe(true)
  })

  it('without enough money is a 402 that says where to send how much, and holds nothing', async () => {
    const store = await makeStore(40n)
    const { purse } = makePurse(store.ledger)
    const error = await purse.reserve(order('req_1')).catch((thrown: unknown) => thrown)
    expect(error).toEqual(code('insufficient_quota'))
    expect((error as GatewayError).extra).toEqual({
      topup: {
        address: ADDRESS,
        network: `bittensor:${GENESIS}`,
        asset: 'TAO',
        required_rao: '100',
        available_rao: '40',
        shortfall_rao: '60',
      },
    })
    expect((error as GatewayError).message).toContain('0.0000001 TAO')
    expect(purse.state().open).toBe(0)
    expect(await store.ledger.readBalance('acc_1')).toEqual({ availableRao: 40n, heldRao: 0n, spentRao: 0n })
  })

  it('with a key that was revoked meanwhile is a 401', async () => {
    const store = await makeStore(1_000n)
    await store.accounts.revokeKeys('acc_1', null)
    const { purse } = makePurse(store.ledger)
    await expect(purse.reserve(order('req_1'))).rejects.toEqual(code('invalid_api_key'))
  })

  it('under a request id that was used with another amount is a conflict', async () => {
    const store = await makeStore(1_000n)
    const { purse } = makePurse(store.ledger)
    await purse.reserve(order('req_1', 10n))
    await expect(purse.reserve(order('req_1', 11n))).rejects.toEqual(code('conflict'))
  })

  it('of more than any balance is refused for want of money, not an overflow', async () => {
    const store = await makeStore(1_000n)
    const { purse } = makePurse(store.ledger)
    await expect(purse.reserve(order('req_1', 2n ** 80n))).rejects.toEqual(code('insufficient_quota'))
  })

  it('of nothing holds one rao, so that free work has a receipt too', async () => {
    const store = await makeStore(1n)
    const { purse } = makePurse(store.ledger)
    const receipt = await purse.settle(await purse.reserve(order('req_1', 0n)), parts(0n))
    expect(receipt).toMatchObject({ heldRao: 1n, capturedRao: 0n, releasedRao: 1n })
  })
})

describe('settling', () => {
  it('takes the cost and releases the rest, and the receipt can be found by both ids', async () => {
    const store = await makeStore(1_000n)
    const { purse } = makePurse(store.ledger)
    const receipt = await purse.settle(await purse.reserve(order('req_1')), parts(20n))
    expect(receipt).toMatchObject({
      id: expect.stringMatching(/^rcp_[0-9a-f]{32}$/),
      requestId: 'req_1',
      accountId: 'acc_1',
      keyId: 'key_1',
      heldRao: 100n,
      capturedRao: 40n,
      releasedRao: 60n,
      createdAt: '2026-11-25T12:00:00.000Z',
    })
    expect(await store.ledger.findReceipt('acc_1', 'req_1')).toEqual(receipt)
    expect(await store.ledger.findReceipt('acc_1', receipt.id)).toEqual(receipt)
    expect(await store.ledger.readBalance('acc_1')).toEqual({
      availableRao: 960n,
      heldRao: 0n,
      spentRao: 40n,
    })
  })

  it('never takes more than was held, whatever was delivered', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 1n, max: 2n ** 55n }),
        fc.bigInt({ min: 0n, max: 2n ** 55n }),
        async (amountRao, tokens) => {
          const store = await makeStore(2n ** 56n)
          const { purse } = makePurse(store.ledger)
          const receipt = await purse.settle(await purse.reserve(order('req_1', amountRao)), parts(tokens))
          expect(receipt.capturedRao).toBe(tokens * 2n < amountRao ? tokens * 2n : amountRao)
          expect(receipt.capturedRao + receipt.releasedRao).toBe(receipt.heldRao)
          const balance = await store.ledger.readBalance('acc_1')
          expect(balance.spentRao).toBe(receipt.capturedRao)
          expect(balance.availableRao).toBe(2n ** 56n - receipt.capturedRao)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('a second time fails and charges nothing', async () => {
    const store = await makeStore(1_000n)
    const { purse } = makePurse(store.ledger)
    const reservation = await purse.reserve(order('req_1'))
    await purse.settle(reservation, parts(20n))
    await expect(purse.settle(reservation, parts(20n))).rejects.toEqual(code('internal_error'))
    expect((await store.ledger.readBalance('acc_1')).spentRao).toBe(40n)
  })

  it('after the sweep took the hold fails, charges nothing, and is logged for a person', async () => {
    const store = await makeStore(1_000n)
    const { purse, log } = makePurse(store.ledger)
    const reservation = await purse.reserve(order('req_1'))
    expect(await store.ledger.sweep({ keepProcessId: 'another' })).toBe(1)
    await expect(purse.settle(reservation, parts(20n))).rejects.toEqual(code('internal_error'))
    expect(log.lines).toEqual(['error: What was delivered could not be charged: its hold was closed.'])
    expect(await store.ledger.readBalance('acc_1')).toEqual({
      availableRao: 1_000n,
      heldRao: 0n,
      spentRao: 0n,
    })
  })
})

describe('voiding', () => {
  it('releases all, once, and does nothing after a settle', async () => {
    const store = await makeStore(1_000n)
    const { purse } = makePurse(store.ledger)
    const first = await purse.reserve(order('req_1'))
    await purse.void(first)
    await purse.void(first)
    const second = await purse.reserve(order('req_2'))
    await purse.settle(second, parts(20n))
    await purse.void(second)
    expect(await store.ledger.readBalance('acc_1')).toEqual({
      availableRao: 960n,
      heldRao: 0n,
      spentRao: 40n,
    })
    expect(purse.state().open).toBe(0)
  })
})

describe('group commit', () => {
  it('flushes at once when idle; all that arrives during a flush becomes one batch', async () => {
    const ledger = scriptedLedger()
    const { purse } = makePurse(ledger)
    const early = [purse.reserve(order('req_1')), purse.reserve(order('req_2'))]
    await settlePromises()
    expect(ledger.calls.map((call) => call.batch.holds.length)).toEqual([2])
    const late = Array.from({ length: 40 }, (_, index) => purse.reserve(order(`req_late_${index}`)))
    await settlePromises()
    expect(ledger.calls.length).toBe(1)
    expect(purse.state()).toMatchObject({ queued: 40, batches: 0, open: 0 })
    ledger.calls[0]!.succeed()
    const [first, second] = await Promise.all(early)
    const settling = purse.settle(first!, parts(1n))
    const voiding = purse.void(second!)
    await settlePromises()
    expect(ledger.calls.length).toBe(2)
    expect(ledger.calls[1]!.batch.holds.length).toBe(40)
    ledger.calls[1]!.succeed()
    await Promise.all(late)
    ledger.calls[2]!.succeed()
    await Promise.all([settling, voiding])
    expect(ledger.calls[2]!.batch).toMatchObject({ holds: [], voids: ['hold:req_2'] })
    expect(ledger.calls[2]!.batch.settlements.map((settlement) => settlement.holdId)).toEqual(['hold:req_1'])
    expect(purse.state()).toMatchObject({ queued: 0, batches: 3, rows: 44, open: 40, problem: null })
  })

  it('never puts more rows into a batch than the limit', async () => {
    const ledger = scriptedLedger()
    const { purse } = makePurse(ledger, { batchMax: 16 })
    const all = Array.from({ length: 40 }, (_, index) => purse.reserve(order(`req_${index}`)))
    for (let call = 0; call < 3; call += 1) {
      await settlePromises()
      ledger.calls[call]!.succeed()
    }
    await Promise.all(all)
    expect(ledger.calls.map((call) => call.batch.holds.length)).toEqual([16, 16, 8])
  })

  it('refuses holds, with a time to come back, when too many wait; settles are still taken', async () => {
    const ledger = scriptedLedger()
    const { purse } = makePurse(ledger, { batchMax: 4, queueMax: 4 })
    const first = purse.reserve(order('req_0'))
    await settlePromises()
    ledger.calls[0]!.succeed()
    const reservation = await first
    const running = purse.reserve(order('req_1'))
    await settlePromises()
    const waiting = Array.from({ length: 4 }, (_, index) => purse.reserve(order(`req_wait_${index}`)))
    const refused = await purse.reserve(order('req_x')).catch((thrown: GatewayError) => thrown)
    expect(refused).toMatchObject({ code: 'ledger_unavailable', retryAfterMs: 1_000 })
    const settling = purse.settle(reservation, parts(1n))
    ledger.calls[1]!.succeed()
    await settlePromises()
    ledger.calls[2]!.succeed()
    await settlePromises()
    ledger.calls[3]!.succeed()
    await Promise.all([running, settling, ...waiting])
  })
})

describe('a ledger that fails', () => {
  it('is asked again for exactly the same, until it answers: one charge', async () => {
    const store = await makeStore(1_000n)
    let failures = 0
    // The worst kind: it was done, and the answer got lost.
    const { purse, timing } = makePurse({
      async commit(batch) {
        const outcome = await store.ledger.commit(batch)
        failures += 1
        if (failures % 3 !== 0) throw down()
        return outcome
      },
    })
    const reserving = purse.reserve(order('req_1'))
    await timing.advance(1_000)
    const settling = purse.settle(await reserving, parts(20n))
    await timing.advance(1_000)
    const receipt = await settling
    expect(await store.ledger.listReceipts('acc_1', 10)).toEqual([receipt])
    expect((await store.ledger.readBalance('acc_1')).spentRao).toBe(40n)
    expect(purse.state()).toMatchObject({ failedBatches: 4, batches: 2, problem: null })
  })

  it('repeats a settle under the same receipt id with the same content', async () => {
    const ledger = scriptedLedger()
    const { purse, timing } = makePurse(ledger)
    const reserving = purse.reserve(order('req_1'))
    await settlePromises()
    ledger.calls[0]!.succeed()
    const settling = purse.settle(await reserving, parts(20n))
    await settlePromises()
    ledger.calls[1]!.fail(down())
    await timing.advance(1_000)
    expect(ledger.calls[2]!.batch).toEqual(ledger.calls[1]!.batch)
    ledger.calls[2]!.succeed()
    expect((await settling).id).toBe(ledger.calls[1]!.batch.settlements[0]!.receipt.id)
  })

  it('for ten seconds makes a settle fail, and its hold is voided as soon as the ledger is back', async () => {
    const store = await makeStore(1_000n)
    const { purse, timing } = makePurse(store.ledger)
    const reservation = await purse.reserve(order('req_1'))
    store.fail()
    const settling = purse.settle(reservation, parts(20n)).catch((thrown: unknown) => thrown)
    await timing.advance(10_000)
    expect(await settling).toEqual(code('ledger_unavailable'))
    store.heal()
    await timing.advance(2_000)
    expect(await store.ledger.readBalance('acc_1')).toEqual({
      availableRao: 1_000n,
      heldRao: 0n,
      spentRao: 0n,
    })
  })

  it('that never answers counts as failed after three seconds, and blocks nobody for ever', async () => {
    const ledger = scriptedLedger()
    const { purse, timing } = makePurse(ledger)
    const reserving = purse.reserve(order('req_1')).catch((thrown: unknown) => thrown)
    await timing.advance(20_000)
    expect(await reserving).toEqual(code('ledger_unavailable'))
    // Nobody knows whether the hold was made, so it is voided.
    expect(ledger.calls.at(-1)!.batch).toMatchObject({
      holds: [],
      settlements: [],
      captures: [],
      voids: ['hold:req_1'],
    })
    ledger.calls.at(-1)!.succeed()
    await timing.advance(0)
    expect(purse.state().queued).toBe(0)
  })

  it('never loses a void: it is tried in the background until the ledger is back', async () => {
    const store = await makeStore(1_000n)
    const { purse, timing } = makePurse(store.ledger)
    const reservation = await purse.reserve(order('req_1'))
    store.fail()
    await purse.void(reservation)
    await timing.advance(120_000)
    expect(purse.state().queued).toBe(1)
    store.heal()
    await timing.advance(2_000)
    expect((await store.ledger.readBalance('acc_1')).heldRao).toBe(0n)
  })

  it('that is back serves the next request without a pause', async () => {
    const store = await makeStore(1_000n)
    const { purse, timing } = makePurse(store.ledger)
    store.fail()
    const reserving = purse.reserve(order('req_1'))
    await timing.advance(100)
    store.heal()
    await timing.advance(1_000)
    await reserving
    const next = purse.reserve(order('req_2'))
    await timing.advance(0)
    expect(purse.state().open).toBe(2)
    await next
  })

  it('leaves a void to the sweep once the hold has outlived its time', async () => {
    const store = await makeStore(1_000n)
    const { purse, timing, log } = makePurse(store.ledger)
    const reservation = await purse.reserve(order('req_1'))
    store.fail()
    await purse.void(reservation)
    await timing.advance(TTL_MS + 2_000)
    expect(purse.state().queued).toBe(0)
    expect(log.lines).toContain('warn: A hold is left to the sweep.')
    expect(timing.pending()).toBe(0)
  })

  it('makes a request fail closed: no reservation without the ledger', async () => {
    const store = await makeStore(1_000n)
    store.fail()
    const { purse, timing } = makePurse(store.ledger)
    const reserving = purse.reserve(order('req_1')).catch((thrown: unknown) => thrown)
    await timing.advance(6_000)
    expect(await reserving).toEqual(code('ledger_unavailable'))
  })

  it('on one row fails that row alone', async () => {
    const store = await makeStore(1_000n)
    const { purse, timing } = makePurse({
      async commit(batch) {
        if (batch.holds.some((hold) => hold.id === 'hold:req_3')) throw new TypeError('bad row')
        return await store.ledger.commit(batch)
      },
    })
    const outcomes = Promise.allSettled([1, 2, 3, 4, 5].map((index) => purse.reserve(order(`req_${index}`))))
    await timing.advance(1_000)
    expect((await outcomes).map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect((await store.ledger.readBalance('acc_1')).heldRao).toBe(400n)
  })

  it('and answers another number of rows is not believed', async () => {
    const { purse, timing } = makePurse({
      commit: async () => ({ holds: [], settlements: [], captures: [] }),
    })
    const reserving = purse.reserve(order('req_1')).catch((thrown: unknown) => thrown)
    await timing.advance(1_000)
    expect(await reserving).toEqual(code('internal_error'))
  })

  it('any weather: every hold ends closed, and what was charged is what receipts say', async () => {
    const weather = fc.array(fc.constantFrom('ok', 'lost', 'refused'), { minLength: 20, maxLength: 60 })
    const ends = fc.array(fc.constantFrom('settle', 'void'), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(weather, ends, async (skies, plan) => {
        const store = await makeStore(350n)
        let call = 0
        const { purse, timing } = makePurse({
          async commit(batch) {
            const sky = skies[call++] ?? 'ok'
            if (sky === 'refused') throw down()
            const outcome = await store.ledger.commit(batch)
            if (sky === 'lost') throw down()
            return outcome
          },
        })
        const lives = Promise.all(plan.map((end, index) => live(purse, `req_${index}`, end)))
        await timing.advance(120_000)
        const charged = (await lives).reduce((sumRao, capturedRao) => sumRao + capturedRao, 0n)
        const balance = await store.ledger.readBalance('acc_1')
        const receipts = await store.ledger.listReceipts('acc_1', 100)
        const receiptedRao = receipts.reduce((sumRao, receipt) => sumRao + receipt.capturedRao, 0n)
        expect(balance.heldRao).toBe(0n)
        expect(balance.spentRao).toBe(receiptedRao)
        // A settle whose answer got lost for good was charged once and can be found; nothing else differs.
        expect(balance.spentRao >= charged).toBe(true)
        expect(balance.availableRao + balance.spentRao).toBe(350n)
        expect((await store.ledger.verify()).holds).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
})

describe('closing', () => {
  it('takes no new reservation and waits for what is under way', async () => {
    const ledger = scriptedLedger()
    const { purse } = makePurse(ledger)
    const reserving = purse.reserve(order('req_1'))
    await settlePromises()
    let isClosed = false
    const closing = purse.close(5_000).then(() => {
      isClosed = true
    })
    await expect(purse.reserve(order('req_2'))).rejects.toEqual(code('shutting_down'))
    await settlePromises()
    expect(isClosed).toBe(false)
    ledger.calls[0]!.succeed()
    await reserving
    await closing
  })

  it('gives up after the drain time and leaves the rest to the sweep', async () => {
    const store = await makeStore(1_000n)
    const { purse, timing } = makePurse(store.ledger)
    const reservation = await purse.reserve(order('req_1'))
    store.fail()
    const settling = purse.settle(reservation, parts(1n)).catch((thrown: unknown) => thrown)
    const closing = purse.close(100)
    await timing.advance(2_000)
    await closing
    expect(await settling).toEqual(code('ledger_unavailable'))
    expect(purse.state().queued).toBe(0)
  })
})

/** One request: reserves, ends as planned. @returns what the caller was told it cost */
async function live(purse: Purse, requestId: string, end: 'settle' | 'void'): Promise<bigint> {
  try {
    const reservation = await purse.reserve(order(requestId))
    if (end === 'settle') return (await purse.settle(reservation, parts(20n))).capturedRao
    await purse.void(reservation)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
  }
  return 0n
}
