import { describe, expect, it } from 'vitest'
import { KeyRate } from '../../../src/billing/key-rate.ts'
import { createTokenBuckets } from '../../../src/billing/token-buckets.ts'
import { manualTiming } from './manual-timing.ts'

function begin(limit: { requestsPerMinute?: number; tokensPerMinute?: number }) {
  const timing = manualTiming()
  const limits = createTokenBuckets({ nowMs: () => timing.monotonicMs() })
  const open = () =>
    new KeyRate({
      ...{ limits, timing, limitId: 'key_1' },
      requestsPerMinute: limit.requestsPerMinute ?? null,
      tokensPerMinute: limit.tokensPerMinute ?? null,
    })
  return { timing, limits, open }
}

describe('requests per minute', () => {
  it('the one too many is a rate_limit_exceeded that says when to come again', async () => {
    const { open } = begin({ requestsPerMinute: 2 })
    await open().takeRequest()
    await open().takeRequest()
    const rate = open()
    await expect(rate.takeRequest()).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
      retryAfterMs: 30_000,
    })
    expect(rate.state).toMatchObject({
      requests: { perMinute: 2, remaining: 0, resetMs: 60_000 },
      tokens: null,
    })
  })

  it('a key without the limit takes nothing', async () => {
    const rate = begin({}).open()
    await rate.takeRequest()
    expect(await rate.takeTokens(1_000_000)).toBeNull()
    expect(rate.state).toEqual({ requests: null, tokens: null })
  })
})

describe('tokens per minute', () => {
  it('the worst case is taken, and what was not used is put back once', async () => {
    const { open } = begin({ tokensPerMinute: 100 })
    const share = await open().takeTokens(80)
    await expect(open().takeTokens(30)).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
    share?.end(10)
    share?.end(0)
    const rate = open()
    await rate.takeTokens(90)
    expect(rate.state.tokens?.remaining).toBe(0)
  })

  it('what has flowed in since is not put back a second time', async () => {
    const { open, timing } = begin({ tokensPerMinute: 60 })
    const share = await open().takeTokens(40)
    await timing.advance(30_000)
    await open().takeTokens(50)
    share?.end(0)
    // 40 taken, 30 flowed in, 50 taken: of the 60, 10 of the first are put back.
    await expect(open().takeTokens(11)).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
    await open().takeTokens(10)
  })

  it('more than the limit can ever give is an invalid_request, which no client repeats', async () => {
    const rate = begin({ tokensPerMinute: 100 }).open()
    await expect(rate.takeTokens(101)).rejects.toMatchObject({ code: 'invalid_request', param: 'max_tokens' })
  })
})
