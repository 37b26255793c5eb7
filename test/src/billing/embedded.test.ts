/** Billing on the real embedded database: what the fakes cannot prove about concurrency and exact integers. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbeddedStore } from '../../../adapters/store/embedded/open-embedded-store.ts'
import { createAccountService } from '../../../src/billing/accounts.ts'
import { startDepositWatcher } from '../../../src/billing/deposits.ts'
import { parsePrices } from '../../../src/billing/prices.ts'
import { createPurse } from '../../../src/billing/purse.ts'
import { type ReceiptParts, receiptToJson } from '../../../src/billing/receipt.ts'
import { systemTiming } from '../../../src/billing/timing.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { Ledger } from '../../../src/ports/ledger.ts'
import type { Store } from '../../../src/ports/store.ts'
import { CACHE_DIRECTORY, threadFile } from '../../adapters/store/thread-file.ts'
import { fakeChain } from './fake-chain.ts'
import { keptLog, settlePromises } from './manual-timing.ts'

const catalogue = parsePrices({ chat: [{ meter: 'output_token', rao: '1', per: '1' }] })

let directory: string
let store: Store

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'yumagate-billing-'))
  const opened = await openEmbeddedStore({
    directory,
    workerFile: await threadFile(),
    templateDirectory: CACHE_DIRECTORY,
    processId: 'process-1',
  })
  store = opened.store
})

afterAll(async () => {
  await store?.lifecycle.close()
  await rm(directory, { recursive: true, force: true })
})

const service = () =>
  createAccountService({
    accounts: store.accounts,
    keys: store.keys,
    readAddress: (index) => `5Address${index}`,
    random: randomBytes,
    timing: systemTiming,
  })

const makePurse = (ledger: Partial<Ledger> = {}) =>
  createPurse({
    ledger: { ...store.ledger, ...ledger },
    timing: systemTiming,
    random: randomBytes,
    log: keptLog(),
    readGenesisHash: () => null,
  })

/** Opens an account and credits it by a deposit in a block of its own. */
async function fundedAccount(name: string, amountRao: bigint) {
  const { account, key } = await service().create(name)
  const cursor = await store.deposits.readCursor()
  const to = { genesisHash: '0x00', number: (cursor?.number ?? 0) + 1, hash: `0x${name}` }
  const credit = { eventIndex: 1, from: '5Sender', to: account.depositAddress, amountRao }
  await store.deposits.credit(cursor, to, [credit])
  const order = (requestId: string, holdRao: bigint) => ({
    accountId: account.id,
    keyId: key.record.id,
    depositAddress: account.depositAddress,
    requestId,
    amountRao: holdRao,
    ttlMs: 60_000,
  })
  return { account, key, order }
}

const parts = (units: bigint): ReceiptParts => ({
  model: 'chat',
  capability: 'chat',
  priceVersion: catalogue.version,
  lines: catalogue.priceLines('chat', { output_token: units }),
  provider: { netuid: 1, mechid: 0, hotkey: '5F', uid: 3, incentive: 900, block: 12 },
  attempts: 1,
  outputSha256: 'ab'.repeat(32),
  runId: null,
  stepId: null,
})

describe('the purse on the embedded store', () => {
  it('of 60 concurrent requests through two purses on funds for 20 exactly 20 are served and charged', async () => {
    const { account, order } = await fundedAccount('crowd', 2_050n)
    const purses = [makePurse(), makePurse()]
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, async (_, index) => {
        const purse = purses[index % 2]!
        const reservation = await purse.reserve(order(`req_crowd_${index}`, 100n))
        await settlePromises()
        return await purse.settle(reservation, parts(100n))
      }),
    )
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.code] : [],
    )
    expect(refusals).toEqual(Array.from({ length: 40 }, () => 'insufficient_quota'))
    const balance = await store.ledger.readBalance(account.id)
    expect(balance).toEqual({ availableRao: 50n, heldRao: 0n, spentRao: 2_000n })
    expect((await store.ledger.listReceipts(account.id, 100)).length).toBe(20)
    expect(await store.ledger.verify()).toMatchObject({ holds: true })
  })

  it('a lost answer is asked for again and charges once', async () => {
    const { account, order } = await fundedAccount('lost', 1_000n)
    let isLost = true
    const purse = makePurse({
      async commit(batch) {
        const outcome = await store.ledger.commit(batch)
        isLost = !isLost
        if (!isLost) throw new GatewayError('ledger_unavailable', 'lost')
        return outcome
      },
    })
    const receipt = await purse.settle(await purse.reserve(order('req_lost', 100n)), parts(40n))
    expect(await store.ledger.listReceipts(account.id, 10)).toEqual([receipt])
    expect(await store.ledger.readBalance(account.id)).toEqual({
      availableRao: 960n,
      heldRao: 0n,
      spentRao: 40n,
    })
    expect(purse.state()).toMatchObject({ batches: 2, failedBatches: 2, open: 0 })
  })

  it('a request for more than any balance spoils no other of its batch', async () => {
    const { order } = await fundedAccount('greedy', 1_000n)
    const purse = makePurse()
    const outcomes = await Promise.allSettled([
      purse.reserve(order('req_greedy_1', 2n ** 80n)),
      purse.reserve(order('req_greedy_2', 2n ** 63n - 1n)),
      ...Array.from({ length: 8 }, (_, index) => purse.reserve(order(`req_modest_${index}`, 100n))),
    ])
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'rejected',
      'rejected',
      ...Array.from({ length: 8 }, () => 'fulfilled'),
    ])
    expect(outcomes.slice(0, 2)).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'insufficient_quota' }) },
      { status: 'rejected', reason: expect.objectContaining({ code: 'insufficient_quota' }) },
    ])
  })

  it.each([2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 61n + 1n])('keeps %i rao exactly', async (amountRao) => {
    const { account, order } = await fundedAccount(`exact-${amountRao}`, amountRao)
    const purse = makePurse()
    const receipt = await purse.settle(
      await purse.reserve(order(`req_${amountRao}`, amountRao)),
      parts(amountRao),
    )
    const found = await store.ledger.findReceipt(account.id, receipt.id)
    expect(found).toEqual(receipt)
    expect(JSON.parse(JSON.stringify(receiptToJson(found!))).captured_rao).toBe(amountRao.toString())
    expect((await store.ledger.readBalance(account.id)).spentRao).toBe(amountRao)
  })

  it('a key that was revoked after it was authenticated pays for nothing', async () => {
    const { account, key, order } = await fundedAccount('revoked', 1_000n)
    const accounts = service()
    await accounts.authenticate(key.text)
    await accounts.revokeKeys(account.id)
    await expect(makePurse().reserve(order('req_revoked', 100n))).rejects.toMatchObject({
      code: 'invalid_api_key',
    })
  })
})

it('the watcher on the embedded store credits each transfer once, over a restart', async () => {
  const { account } = await service().create('depositor')
  const cursor = await store.deposits.readCursor()
  const chain = fakeChain(cursor?.genesisHash ?? '0x00')
  while (chain.blocks.length < (cursor?.number ?? 0)) chain.add()
  if (cursor) chain.blocks[cursor.number] = { ...cursor, parentHash: '', transfers: [] }
  const pay = { to: account.depositAddress, amountRao: 7n }
  chain.add([pay, pay])
  chain.finalize()
  const watch = () =>
    startDepositWatcher({ chain, deposits: store.deposits, timing: systemTiming, log: keptLog() })
  const first = watch()
  await expect.poll(async () => (await store.ledger.readBalance(account.id)).availableRao).toBe(14n)
  await first.close()
  chain.add([pay])
  chain.finalize()
  const second = watch()
  await expect.poll(async () => (await store.ledger.readBalance(account.id)).availableRao).toBe(21n)
  await second.close()
  expect(await store.ledger.verify()).toMatchObject({ holds: true })
})
