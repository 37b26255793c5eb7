import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parsePrices } from '../../../src/billing/prices.ts'
import {
  buildReceipt,
  createReceiptIds,
  type ReceiptParts,
  receiptToJson,
} from '../../../src/billing/receipt.ts'
import { parseRao } from '../../../src/units.ts'
import { fakeStore } from '../../fakes/store.ts'

const catalogue = parsePrices({ chat: [{ meter: 'output_token', rao: '1', per: '1' }] })
const order = (heldRao: bigint) => ({
  id: 'rcp_1',
  requestId: 'req_1',
  accountId: 'acc_1',
  keyId: 'key_1',
  heldRao,
  createdAt: '2026-11-25T12:00:00.000Z',
})
const parts = (units: bigint, step: { runId: string; stepId: string } | null = null): ReceiptParts => ({
  model: 'chat',
  capability: 'chat',
  priceVersion: catalogue.version,
  lines: catalogue.priceLines('chat', { output_token: units }),
  provider: { netuid: 1, mechid: 0, hotkey: '5F', uid: 3, incentive: 900, block: 12 },
  attempts: 2,
  outputSha256: 'cd'.repeat(32),
  runId: step?.runId ?? null,
  stepId: step?.stepId ?? null,
})

describe('a receipt', () => {
  it.each([
    [100n, 40n, 40n, 60n],
    [100n, 100n, 100n, 0n],
    [100n, 101n, 100n, 0n],
    [100n, 0n, 0n, 100n],
  ])('of %i held and %i delivered captures %i and releases %i', (held, cost, captured, released) => {
    expect(buildReceipt(order(held), parts(cost))).toMatchObject({
      capturedRao: captured,
      releasedRao: released,
    })
  })

  it('as JSON is snake case with all amounts and units as text', () => {
    expect(receiptToJson(buildReceipt(order(100n), parts(40n)))).toEqual({
      id: 'rcp_1',
      object: 'receipt',
      request_id: 'req_1',
      account: 'acc_1',
      key_id: 'key_1',
      model: 'chat',
      capability: 'chat',
      price_version: catalogue.version,
      lines: [{ meter: 'output_token', units: '40', rao: '1', per: '1', cost_rao: '40' }],
      held_rao: '100',
      captured_rao: '40',
      released_rao: '60',
      provider: { netuid: 1, mechid: 0, hotkey: '5F', uid: 3, incentive: 900, block: 12 },
      attempts: 2,
      output_sha256: 'cd'.repeat(32),
      created_at: '2026-11-25T12:00:00.000Z',
    })
  })

  it('of a step names its run', () => {
    const json = receiptToJson(buildReceipt(order(1n), parts(1n, { runId: 'run_1', stepId: 'paint' })))
    expect(json).toMatchObject({ run_id: 'run_1', step_id: 'paint' })
  })

  it.each([2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])(
    'of %i rao comes back exactly through ledger and JSON text',
    async (amountRao) => {
      const store = fakeStore()
      await store.accounts.create({ id: 'acc_1', name: 'one', depositAddress: '5A' })
      await store.accounts.addKey({ id: 'key_1', accountId: 'acc_1', prefix: 'sk', sha256: 'aa' })
      store.fund('acc_1', amountRao)
      const hold = { id: 'hold:req_1', accountId: 'acc_1', keyId: 'key_1', amountRao, ttlMs: 1_000 }
      await store.ledger.commit({ holds: [hold], settlements: [], voids: [], captures: [] })
      const receipt = buildReceipt(order(amountRao), parts(amountRao))
      const settlements = [{ holdId: hold.id, receipt }]
      await store.ledger.commit({ holds: [], settlements, voids: [], captures: [] })
      const found = await store.ledger.findReceipt('acc_1', 'req_1')
      const json = JSON.parse(JSON.stringify(receiptToJson(found!)))
      expect(parseRao(json.captured_rao)).toBe(amountRao)
      expect(parseRao(json.lines[0].cost_rao)).toBe(amountRao)
      expect(parseRao(json.lines[0].units)).toBe(amountRao)
    },
  )
})

it('ids are 128 random bits each, also across the draws from the source', () => {
  let draws = 0
  const makeId = createReceiptIds((size) => {
    draws += 1
    return randomBytes(size)
  })
  const ids = Array.from({ length: 1_000 }, makeId)
  expect(new Set(ids).size).toBe(1_000)
  expect(ids.every((id) => /^rcp_[0-9a-f]{32}$/.test(id))).toBe(true)
  expect(draws).toBe(4)
})
