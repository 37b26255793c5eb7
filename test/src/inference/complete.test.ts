import { describe, expect, it } from 'vitest'
import { Goodwill } from '../../../src/billing/goodwill.ts'
import { systemTiming } from '../../../src/billing/timing.ts'
import { GatewayError } from '../../../src/errors.ts'
import { complete, type StreamedChat } from '../../../src/inference/complete.ts'
import { caller, FUNDS_RAO, model, type StageOptions, stage } from './stage.ts'

const body = (extra: object = {}) => ({
  model: 'yuma-text',
  messages: [{ role: 'user', content: 'Say hello.' }],
  ...extra,
})
const order = (extra: object = {}) => ({
  body: body(extra),
  text: null,
  pictures: [],
  model,
  capability: 'chat' as const,
})
const open = () => new AbortController().signal

async function ask(options: StageOptions, extra: object = {}) {
  const scene = await stage(options)
  const chat = await complete(caller(), order(extra), { ...scene.options, signal: open() })
  return { ...scene, chat }
}

const goodwillOf = (bounds: Partial<ConstructorParameters<typeof Goodwill>[0]>) =>
  new Goodwill({ timing: systemTiming, interruptedTokensPerDay: 1e6, abortsPerMinute: 100, ...bounds })

const untouched = { availableRao: FUNDS_RAO, heldRao: 0n, spentRao: 0n }

describe('a whole answer', () => {
  it('is charged once, by what the gateway counted, with a receipt that names the miner', async () => {
    const { chat, balance, store } = await ask({ behave: () => 'answers' }, { max_tokens: 50 })
    if (chat.kind !== 'whole') throw new Error('streamed')
    const { usage } = JSON.parse(chat.json)
    const costRao = BigInt(usage.prompt_tokens * 3 + usage.completion_tokens * 9)
    expect(usage).toMatchObject({ cost_rao: costRao.toString(), receipt_id: chat.receipt.id })
    expect(await balance()).toEqual({ availableRao: FUNDS_RAO - costRao, heldRao: 0n, spentRao: costRao })
    expect(await store.ledger.findReceipt('acc_test', chat.receipt.id)).toMatchObject({
      capturedRao: costRao,
      provider: { netuid: 1, block: 77 },
      attempts: 1,
    })
  })

  it('from another miner when the first fails; the failed attempt is not charged', async () => {
    let calls = 0
    const { chat } = await ask({
      behave: () => {
        calls += 1
        return calls === 1 ? 'fails' : 'answers'
      },
    })
    expect(chat.performed.attempts).toBe(2)
  })

  it('charges nothing and holds nothing when every miner fails', async () => {
    const scene = await stage({ behave: () => 'fails' })
    await expect(complete(caller(), order(), { ...scene.options, signal: open() })).rejects.toMatchObject({
      code: 'expert_bad_response',
    })
    expect(await scene.balance()).toEqual(untouched)
    expect(scene.dialect.attempts.map(({ target }) => target.hotkey).sort()).toEqual(['a', 'b', 'c'])
  })

  it('tells of no miner with a time to come back', async () => {
    const scene = await stage({ behave: () => 'answers', miners: [] })
    await expect(complete(caller(), order(), { ...scene.options, signal: open() })).rejects.toMatchObject({
      code: 'no_expert_available',
      retryAfterMs: 12_000,
    })
    expect(await scene.balance()).toEqual(untouched)
  })

  it('does not ask a second miner what the first refused as the caller’s mistake', async () => {
    const scene = await stage({ behave: () => 'refuses' })
    await expect(complete(caller(), order(), { ...scene.options, signal: open() })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(scene.dialect.attempts).toHaveLength(1)
    expect(await scene.balance()).toEqual(untouched)
  })

  it('is refused with 402 before anything is dispatched when the balance is too small', async () => {
    const scene = await stage({ behave: () => 'answers', fundsRao: 10n })
    await expect(
      complete(caller(), order({ max_tokens: 50 }), { ...scene.options, signal: open() }),
    ).rejects.toMatchObject({
      code: 'insufficient_quota',
      extra: { topup: { address: '5Deposit', available_rao: '10' } },
    })
    expect(scene.dialect.attempts).toHaveLength(0)
  })

  it('without a limit of its own gets as many tokens as the balance pays', async () => {
    const scene = await stage({ behave: () => 'answers', fundsRao: 2_000n })
    await complete(caller(), order(), { ...scene.options, signal: open() })
    const { work } = scene.dialect.attempts[0] ?? {}
    const limit = work?.kind === 'chat' ? JSON.parse(work.body).max_tokens : 0
    expect(limit).toBeGreaterThanOrEqual(16)
    expect(limit).toBeLessThan(2_000 / 9)
  })

  it('under a cap of the caller’s own gets as many tokens as the cap pays, and never costs more', async () => {
    const scene = await stage({ behave: () => 'answers' })
    const chat = await complete(caller({ costMaxRao: 1_000n }), order(), { ...scene.options, signal: open() })
    const { work } = scene.dialect.attempts[0] ?? {}
    expect(work?.kind === 'chat' && JSON.parse(work.body).max_tokens).toBeLessThan(1_000 / 9)
    expect(chat.kind === 'whole' && chat.receipt.capturedRao).toBeLessThanOrEqual(1_000n)
  })

  it('under a cap that pays for no answer is refused before anything is dispatched', async () => {
    const scene = await stage({ behave: () => 'answers' })
    await expect(
      complete(caller({ costMaxRao: 5n }), order(), { ...scene.options, signal: open() }),
    ).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'X-Max-Cost-Rao',
    })
    expect(scene.dialect.attempts).toHaveLength(0)
    expect(await scene.balance()).toEqual(untouched)
  })

  it('of a miner that ignores the limit is charged for no more tokens than were asked for', async () => {
    const deltas = ['word', ...Array.from({ length: 300 }, () => ' word')]
    const { chat } = await ask({ behave: () => 'answers', deltas }, { max_tokens: 20 })
    expect(chat.kind === 'whole' && JSON.parse(chat.json).usage.completion_tokens).toBe(20)
  })

  it('is not dispatched when the ledger does not answer', async () => {
    const scene = await stage({ behave: () => 'answers' })
    scene.store.fail()
    await expect(complete(caller(), order(), { ...scene.options, signal: open() })).rejects.toMatchObject({
      code: 'ledger_unavailable',
    })
    expect(scene.dialect.attempts).toHaveLength(0)
  }, 20_000)

  it('that an account leaves again and again is refused in the end, before it is dispatched', async () => {
    const scene = await stage({
      behave: () => 'hangs-before-the-first-byte',
      goodwill: goodwillOf({ abortsPerMinute: 1 }),
    })
    const leaveOne = async () => {
      const controller = new AbortController()
      const attempts = scene.dialect.attempts.length
      const answer = complete(caller(), order(), { ...scene.options, signal: controller.signal })
      await expect.poll(() => scene.dialect.attempts.length).toBe(attempts + 1)
      controller.abort(new GatewayError('client_closed_request', 'left'))
      await expect(answer).rejects.toMatchObject({ code: 'client_closed_request' })
    }
    for (let i = 0; i < 10; i += 1) await leaveOne()
    await expect(complete(caller(), order(), { ...scene.options, signal: open() })).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
    })
    expect(scene.dialect.attempts).toHaveLength(10)
    expect(scene.purse.state().open).toBe(0)
    expect((await scene.balance()).spentRao).toBe(0n)
  })

  it('whose caller left before it came is free', async () => {
    const scene = await stage({ behave: () => 'hangs-before-the-first-byte' })
    const controller = new AbortController()
    const answer = complete(caller(), order(), { ...scene.options, signal: controller.signal })
    await expect.poll(() => scene.dialect.attempts.length).toBe(1)
    controller.abort()
    await expect(answer).rejects.toThrow()
    expect(scene.dialect.brokenOff).toBe(1)
    expect(await scene.balance()).toEqual(untouched)
  })
})

async function stream(options: StageOptions, extra: object = {}) {
  const asked = await ask(options, { stream: true, ...extra })
  if (asked.chat.kind !== 'stream') throw new Error('not streamed')
  return { ...asked, chat: asked.chat }
}

async function drain({ payloads }: StreamedChat): Promise<{ texts: string[]; error: unknown }> {
  const texts: string[] = []
  try {
    for await (const payload of payloads) texts.push(payload)
    return { texts, error: null }
  } catch (error) {
    return { texts, error }
  }
}

describe('a stream', () => {
  it('is charged before it ends, and tells what it cost when asked', async () => {
    const { chat, balance } = await stream(
      { behave: () => 'streams' },
      { stream_options: { include_usage: true } },
    )
    const { texts } = await drain(chat)
    const usage = JSON.parse(texts.at(-1) ?? '{}').usage
    expect((await balance()).spentRao).toBe(BigInt(usage.cost_rao))
    expect(usage.completion_tokens).toBeGreaterThan(0)
  })

  it('that the miner breaks off is free, and says so in band', async () => {
    const { chat, balance } = await stream({ behave: () => 'cuts-halfway' })
    const { error } = await drain(chat)
    expect(error).toMatchObject({ code: 'expert_bad_response' })
    expect(await balance()).toEqual(untouched)
  })

  it('that one miner breaks off again and again is charged beyond the day’s free tokens, and says so', async () => {
    const goodwill = goodwillOf({ interruptedTokensPerDay: 0 })
    const { chat, balance } = await stream({ behave: () => 'cuts-halfway', goodwill })
    const { error } = await drain(chat)
    expect(error).toMatchObject({ code: 'expert_bad_response' })
    expect(String((error as Error).message)).toContain('What was delivered was charged')
    const { spentRao, heldRao } = await balance()
    expect(spentRao).toBeGreaterThan(0n)
    expect(heldRao).toBe(0n)
  })

  it('that breaks off within the day’s free tokens is free', async () => {
    const goodwill = goodwillOf({ interruptedTokensPerDay: 100_000 })
    const { chat, balance } = await stream({ behave: () => 'cuts-halfway', goodwill })
    await drain(chat)
    expect(await balance()).toEqual(untouched)
  })

  it('that its caller leaves is charged for what was delivered, less than the whole', async () => {
    const whole = await stream({ behave: () => 'streams' })
    await drain(whole.chat)
    const left = await stream({ behave: () => 'streams', deltas: ['Grüße', ' there', ' and', ' everywhere'] })
    await left.chat.payloads.next()
    await left.chat.payloads.next()
    await left.chat.payloads.return()
    const { spentRao, heldRao } = await left.balance()
    expect(heldRao).toBe(0n)
    expect(spentRao).toBeGreaterThan(0n)
  })

  it('is cut with length when it reaches what was held', async () => {
    const deltas = Array.from({ length: 200 }, () => ' word')
    const { chat, balance } = await stream({ behave: () => 'streams', deltas }, { max_tokens: 20 })
    const { texts } = await drain(chat)
    expect(JSON.parse(texts.at(-1) ?? '{}').choices[0].finish_reason).toBe('length')
    expect(texts.length).toBeLessThan(150)
    expect((await balance()).heldRao).toBe(0n)
  })

  it('frees the miner’s permit however it ends', async () => {
    for (const behave of ['streams', 'cuts-halfway'] as const) {
      const { chat, performer } = await stream({ behave: () => behave })
      await drain(chat)
      expect(performer.state().text?.inFlight).toBe(0)
    }
    const left = await stream({ behave: () => 'streams' })
    await left.chat.payloads.next()
    await left.chat.payloads.return()
    expect(left.performer.state().text?.inFlight).toBe(0)
  })
})

it('serves exactly as many at once as the balance pays for, and refuses the others', async () => {
  const price = await ask({ behave: () => 'answers' }, { max_tokens: 16 })
  const { heldRao } = price.chat.kind === 'whole' ? price.chat.receipt : { heldRao: 0n }
  const scene = await stage({ behave: () => 'answers', fundsRao: heldRao * 3n })
  const all = await Promise.allSettled(
    Array.from({ length: 8 }, () =>
      complete(caller(), order({ max_tokens: 16 }), { ...scene.options, signal: open() }),
    ),
  )
  const refused = all.filter((one) => one.status === 'rejected')
  for (const one of refused)
    expect(one.reason).toMatchObject({ code: expect.stringMatching(/insufficient_quota|queue_full/) })
  expect(all.length - refused.length).toBeGreaterThanOrEqual(3)
  expect((await scene.balance()).availableRao).toBeGreaterThanOrEqual(0n)
})
