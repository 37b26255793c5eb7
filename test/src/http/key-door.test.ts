import type { Context } from 'hono'
import { describe, expect, it } from 'vitest'
import { createTokenBuckets } from '../../../src/billing/token-buckets.ts'
import type { HttpEnv } from '../../../src/http/http-env.ts'
import { createKeyDoor } from '../../../src/http/key-door.ts'
import { rateHeaders } from '../../../src/http/rate-headers.ts'
import type { KeyRules } from '../../../src/ports/keys.ts'
import type { RateLimits } from '../../../src/ports/limits.ts'
import { NO_RULES } from '../../contract/keys.ts'
import { manualTiming } from '../billing/manual-timing.ts'

function begin(trustedProxies: readonly string[] = []) {
  const timing = manualTiming()
  const asked: string[] = []
  const buckets = createTokenBuckets({ nowMs: () => timing.monotonicMs() })
  const limits: RateLimits = {
    take(order) {
      asked.push(order.bucket)
      return buckets.take(order)
    },
    giveBack: (order) => buckets.giveBack(order),
  }
  const enter = createKeyDoor({ limits, timing, trustedProxies })
  const come = async (
    rules: Partial<KeyRules>,
    how: { method?: string; path?: string; from?: string } = {},
  ) => {
    const vars: Partial<HttpEnv['Variables']> = {}
    const context = {
      req: { method: how.method ?? 'POST', path: how.path ?? '/v1/chat/completions' },
      env: { incoming: { socket: { remoteAddress: how.from ?? '192.0.2.7' }, headers: {} } },
      set: (_name: 'rate', value: HttpEnv['Variables']['rate']) => Object.assign(vars, { rate: value }),
    } as unknown as Context<HttpEnv>
    await enter(context, { ...NO_RULES, ...rules }, 'key_1')
    return vars.rate
  }
  return { come, asked }
}

describe('a key at the door', () => {
  it('without rates asks nobody, whatever else it is bound to', async () => {
    const { come, asked } = begin()
    const budget = { amountRao: 1n, period: 'day' as const }
    expect(await come({ budget, raoPerMinute: 1n, models: ['a'], capabilities: ['chat'] })).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('with rates takes one request, and says what is left', async () => {
    const { come, asked } = begin()
    const rate = await come({ requestsPerMinute: 2 })
    expect(rate && rateHeaders(rate)).toMatchObject({ 'x-ratelimit-remaining-requests': '1' })
    await come({ requestsPerMinute: 2 })
    await expect(come({ requestsPerMinute: 2 })).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
    expect(asked).toEqual(['key_1:requests', 'key_1:requests', 'key_1:requests'])
  })

  it('with tokens alone is asked for them later', async () => {
    const { come, asked } = begin()
    expect((await come({ tokensPerMinute: 5 }))?.tokensPerMinute).toBe(5)
    expect(asked).toEqual([])
  })

  it.each([
    ['GET', '/v1/models'],
    ['DELETE', '/v1/files/file-1'],
    ['POST', '/v1/pipelines/runs/run_1/cancel'],
  ])('%s %s is free', async (method, path) => {
    const { come, asked } = begin()
    await come({ requestsPerMinute: 1 }, { method, path })
    expect(asked).toEqual([])
  })

  it('from another network is turned away before anything is taken', async () => {
    const { come, asked } = begin()
    const rules = { networks: ['192.0.2.0/24'], requestsPerMinute: 1 }
    await expect(come(rules, { from: '198.51.100.1' })).rejects.toMatchObject({ code: 'permission_denied' })
    await expect(come(rules, { from: '' })).rejects.toMatchObject({ code: 'permission_denied' })
    expect(asked).toEqual([])
    await come(rules)
  })
})
