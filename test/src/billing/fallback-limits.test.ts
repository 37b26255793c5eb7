import { describe, expect, it } from 'vitest'
import { createFallbackLimits } from '../../../src/billing/fallback-limits.ts'
import { createTokenBuckets } from '../../../src/billing/token-buckets.ts'
import type { RateLimits } from '../../../src/ports/limits.ts'
import { limitsContract } from '../../contract/limits.ts'
import { manualTiming } from './manual-timing.ts'

const order = { bucket: 'key_1:requests', perMinute: 10, amount: 1 }
const silent = { info() {}, warn() {}, error() {}, debug() {} }

limitsContract('memory', async () => createTokenBuckets({ nowMs: () => performance.now() }))

function begin(gateways = 2) {
  const timing = manualTiming()
  const kept = createTokenBuckets({ nowMs: () => timing.monotonicMs() })
  const keeper = { how: 'well' as 'well' | 'fails' | 'hangs', asked: 0 }
  const ask = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    keeper.asked += 1
    if (keeper.how === 'fails') throw new Error('gone')
    if (keeper.how === 'hangs') return await new Promise(() => {})
    return await work()
  }
  const limits = createFallbackLimits({
    keeper: {
      take: (wanted) => ask(() => kept.take(wanted)),
      giveBack: (wanted) => ask(() => kept.giveBack(wanted)),
    },
    timing,
    log: silent,
    readGateways: () => gateways,
  })
  return { timing, keeper, limits }
}

const takeAll = async (limits: RateLimits): Promise<number> => {
  let taken = 0
  while ((await limits.take(order)).isTaken) taken += 1
  return taken
}

describe('rate limits whose keeper is lost', () => {
  it('are kept together while it answers', async () => {
    const { limits } = begin()
    expect(await takeAll(limits)).toBe(10)
    expect(limits.problem()).toBeNull()
  })

  it('let through this process share of each limit, and say so', async () => {
    const { limits, keeper } = begin(2)
    keeper.how = 'fails'
    expect(await takeAll(limits)).toBe(5)
    expect(limits.problem()).toContain('by each process for itself')
    expect((await limits.take(order)).state.perMinute).toBe(5)
  })

  it('never stop a key altogether: one request a minute is left of the smallest share', async () => {
    const { limits, keeper } = begin(50)
    keeper.how = 'fails'
    expect(await takeAll(limits)).toBe(1)
  })

  it('a request that is larger than the share waits for the whole of it', async () => {
    const { limits, keeper } = begin(2)
    keeper.how = 'fails'
    expect((await limits.take({ ...order, amount: 8 })).isTaken).toBe(true)
    expect((await limits.take({ ...order, amount: 8 })).isTaken).toBe(false)
  })

  it('ask it again after a second, and are kept together once it answers', async () => {
    const { limits, keeper, timing } = begin()
    keeper.how = 'fails'
    await limits.take(order)
    const { asked } = keeper
    await limits.take(order)
    expect(keeper.asked).toBe(asked)
    keeper.how = 'well'
    await timing.advance(1_000)
    expect((await limits.take(order)).state.perMinute).toBe(10)
    expect(limits.problem()).toBeNull()
  })

  it('do not wait for one that hangs', async () => {
    const { limits, keeper, timing } = begin()
    keeper.how = 'hangs'
    const taking = limits.take(order)
    await timing.advance(500)
    expect((await taking).state.perMinute).toBe(5)
  })

  it('forget buckets that are full again, and fill by the clock', async () => {
    const timing = manualTiming()
    const limits = createTokenBuckets({ nowMs: () => timing.monotonicMs() })
    expect(await takeAll(limits)).toBe(10)
    await timing.advance(6_000)
    expect(await takeAll(limits)).toBe(1)
    await timing.advance(60_000)
    expect(await takeAll(limits)).toBe(10)
  })
})
