/** Requests of keys with a budget, or with rates, from the hold to the settle. */
import { describe, expect, it } from 'vitest'
import { KeyRate } from '../../../src/billing/key-rate.ts'
import { createTokenBuckets } from '../../../src/billing/token-buckets.ts'
import { complete } from '../../../src/inference/complete.ts'
import type { KeyRules } from '../../../src/ports/keys.ts'
import { NO_RULES } from '../../contract/keys.ts'
import { manualTiming } from '../billing/manual-timing.ts'
import { caller, FUNDS_RAO, model, stage } from './stage.ts'

const ANN = { name: 'ann', address: null }

const order = (extra: object = {}) => ({
  body: { model: 'yuma-text', messages: [{ role: 'user', content: 'Say hello.' }], ...extra },
  text: null,
  pictures: [],
  model,
  capability: 'chat' as const,
})

/** What the miner was allowed, by its body. */
const askedOf = ({ dialect }: Awaited<ReturnType<typeof stage>>): number[] =>
  dialect.attempts.map(({ work }) => {
    if (work.kind !== 'chat') throw new Error('no chat')
    const { max_tokens: tokens, max_completion_tokens: other } = JSON.parse(work.body)
    return tokens ?? other
  })

async function limited(rules: Partial<KeyRules>, behave: 'answers' | 'fails' = 'answers') {
  const scene = await stage({ behave: () => behave })
  await scene.store.keys.change('key_test', { rules }, ANN)
  const ask = (extra: object = {}) =>
    complete(caller({ rules: { ...NO_RULES, ...rules } }), order(extra), {
      ...scene.options,
      signal: new AbortController().signal,
    })
  const spent = async () => (await scene.store.keys.list({ keyId: 'key_test' }))[0]?.spentRao
  return { ...scene, ask, spent }
}

describe('a key with a budget', () => {
  const budget = { amountRao: 600n, period: 'total' as const }

  it('is charged what an answer cost, and its budget with it', async () => {
    const { ask, spent, balance } = await limited({ budget: { ...budget, amountRao: 100_000n } })
    const chat = await ask({ max_tokens: 10 })
    const costRao = chat.kind === 'whole' ? chat.receipt.capturedRao : 0n
    expect(costRao).toBeGreaterThan(0n)
    expect(await spent()).toBe(costRao)
    expect((await balance()).spentRao).toBe(costRao)
  })

  it('without max_tokens an answer is bounded by what is left of it', async () => {
    const scene = await limited({ budget })
    await scene.ask()
    const [tokens = 0] = askedOf(scene)
    expect(tokens).toBeGreaterThanOrEqual(16)
    expect(tokens).toBeLessThan(67)
  })

  it('that cannot pay for what was asked is told what is left; nothing is dispatched or held', async () => {
    const { ask, spent, balance, dialect } = await limited({ budget })
    await expect(ask({ max_tokens: 500 })).rejects.toMatchObject({
      code: 'key_budget_exhausted',
      extra: { budget: { limit_rao: '600', period: 'total', left_rao: '600' } },
    })
    expect([await spent(), (await balance()).heldRao, dialect.attempts.length]).toEqual([0n, 0n, 0])
  })

  it('gets all of it back when every miner fails', async () => {
    const { ask, spent, balance } = await limited({ budget: { ...budget, amountRao: 100_000n } }, 'fails')
    await expect(ask()).rejects.toMatchObject({ code: 'expert_bad_response' })
    expect(await spent()).toBe(0n)
    expect(await balance()).toEqual({ availableRao: FUNDS_RAO, heldRao: 0n, spentRao: 0n })
  })

  it('draws from no spend lease, however busy it is', async () => {
    const { ask, spent, purse, balance } = await limited({ budget: { ...budget, amountRao: 10_000_000n } })
    for (let turn = 0; turn < 20; turn += 1) await ask({ max_tokens: 4 })
    expect(purse.state().leases).toBe(0)
    expect(await spent()).toBe((await balance()).spentRao)
  })
})

describe('a key with a limit of rao per minute', () => {
  it('is told when to come again, or that its request is too large for any minute', async () => {
    const { ask } = await limited({ raoPerMinute: 700n })
    await ask({ max_tokens: 60 })
    const { ask: askMore } = await limited({ raoPerMinute: 60n })
    await expect(askMore({ max_tokens: 60 })).rejects.toMatchObject({ code: 'invalid_request' })
    const busy = await limited({ raoPerMinute: 1_000n })
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => busy.ask({ max_tokens: 60 })))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]).toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: expect.any(Number) })
    expect(refused[0].retryAfterMs).toBeLessThanOrEqual(60_000)
  })
})

describe('a key with tokens per minute', () => {
  async function rated(tokensPerMinute: number, behave: 'answers' | 'fails' = 'answers') {
    const scene = await stage({ behave: () => behave })
    const timing = manualTiming()
    const limits = createTokenBuckets({ nowMs: () => timing.monotonicMs() })
    const rate = new KeyRate({
      ...{ limits, timing, limitId: 'key_test', requestsPerMinute: null, tokensPerMinute },
    })
    const ask = (extra: object = {}) =>
      complete(caller({ rate }), order(extra), { ...scene.options, signal: new AbortController().signal })
    const left = async () =>
      (await limits.take({ bucket: 'key_test:tokens', perMinute: tokensPerMinute, amount: 0 })).state
        .remaining
    return { ...scene, ask, left }
  }

  it('keeps of the worst case what was used', async () => {
    const { ask, left } = await rated(10_000)
    const chat = await ask({ max_tokens: 100 })
    const usage = chat.kind === 'whole' ? JSON.parse(chat.json).usage : null
    expect(await left()).toBe(10_000 - usage.total_tokens)
  })

  it('gets all of it back when nothing is charged, and when the balance does not pay', async () => {
    const failing = await rated(10_000, 'fails')
    await expect(failing.ask({ max_tokens: 100 })).rejects.toMatchObject({ code: 'expert_bad_response' })
    expect(await failing.left()).toBe(10_000)
    const poor = await rated(1_000_000_000)
    poor.store.books.purses.get('acc_test')!.availableRao = 5n
    await expect(poor.ask({ max_tokens: 100 })).rejects.toMatchObject({ code: 'insufficient_quota' })
    expect(await poor.left()).toBe(1_000_000_000)
  })

  it('without max_tokens an answer is bounded by what a minute gives; with it, more is refused', async () => {
    const scene = await rated(100)
    await scene.ask()
    expect(askedOf(scene)[0]).toBeLessThan(100)
    await expect(scene.ask({ max_tokens: 100 })).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
