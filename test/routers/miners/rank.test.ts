import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMinerRanking, RANKING } from '../../../routers/miners/rank.ts'
import type { MinerCandidate, MinerRecord } from '../../../src/ports/routing.ts'
import { seededRandom } from '../seeded-random.ts'

const NOW = 1_000_000
const fresh: MinerRecord = { successes: 0, failures: 0, latencyMs: null, coolingUntilMs: 0, inFlight: 0 }
const miner = (uid: number, changes: Partial<MinerCandidate> = {}, record: Partial<MinerRecord> = {}) => ({
  hotkey: `hot${uid}`,
  coldkey: `cold${uid}`,
  uid,
  network: null,
  incentive: 1_000,
  ...changes,
  record: { ...fresh, ...record },
})

const anyMiner = fc.record({
  coldkey: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  network: fc.constantFrom(null, '1.1.1.0/24', '2.2.2.0/24', '3.3.3.0/24', '4.4.4.0/24'),
  incentive: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65_535 })),
  record: fc.record({
    successes: fc.double({ min: 0, max: 1e6, noNaN: true }),
    failures: fc.double({ min: 0, max: 1e6, noNaN: true }),
    latencyMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
    coolingUntilMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 * NOW })),
    inFlight: fc.integer({ min: 0, max: 50 }),
  }),
})
const anyMiners = fc
  .array(anyMiner, { maxLength: 40 })
  .map((miners) => miners.map((value, uid): MinerCandidate => ({ ...value, uid, hotkey: `hot${uid}` })))

/** How often each miner comes first. */
function firsts(candidates: readonly MinerCandidate[], draws: number, seed: number): number[] {
  const ranking = createMinerRanking({ ...RANKING, random: seededRandom(seed) })
  const counts = candidates.map(() => 0)
  for (let draw = 0; draw < draws; draw += 1) {
    const uid = ranking.rank(candidates, NOW)[0]?.uid ?? -1
    counts[uid] = (counts[uid] ?? 0) + 1
  }
  return counts
}

/** Bound of a share that a fair draw leaves once in a thousand million times. */
const sigmas = (share: number, draws: number) => 6 * Math.sqrt((share * (1 - share)) / draws)

describe('never loses a candidate', () => {
  it('hands back the same objects, each once, whatever was seen of them', () => {
    fc.assert(
      fc.property(anyMiners, fc.integer(), (candidates, seed) => {
        const ranking = createMinerRanking({ ...RANKING, random: seededRandom(seed) })
        const ranked = ranking.rank(candidates, NOW)
        expect(ranked).toHaveLength(candidates.length)
        expect(new Set(ranked)).toEqual(new Set(candidates))
      }),
      { numRuns: 500 },
    )
  })

  it('also when all cool down: the one that may be tried soonest first', () => {
    const ranking = createMinerRanking({ ...RANKING, random: () => 0.5 })
    const waits = [30, 10, 20, 10].map((wait, uid) => miner(uid, {}, { coolingUntilMs: NOW + wait }))
    expect(ranking.rank(waits, NOW).map(({ uid }) => uid)).toEqual([1, 3, 2, 0])
  })

  it('serves one call after another with more candidates than before', () => {
    const ranking = createMinerRanking({ ...RANKING, random: seededRandom(1) })
    for (const count of [0, 1, 2, 500, 3]) {
      const candidates = Array.from({ length: count }, (_, uid) => miner(uid))
      expect(new Set(ranking.rank(candidates, NOW)).size).toBe(count)
    }
  })
})

describe('order', () => {
  it('those that cool down come after all that do not', () => {
    fc.assert(
      fc.property(anyMiners, fc.integer(), (candidates, seed) => {
        const ranking = createMinerRanking({ ...RANKING, random: seededRandom(seed) })
        const cooling = ranking.rank(candidates, NOW).map(({ record }) => record.coolingUntilMs > NOW)
        expect(cooling).toEqual([...cooling].sort((a, b) => Number(a) - Number(b)))
      }),
    )
  })

  it('a pause that is over no longer counts', () => {
    const candidates = [miner(0, { incentive: 65_535 }, { coolingUntilMs: NOW }), miner(1, { incentive: 1 })]
    expect(firsts(candidates, 50, 1)[0]).toBe(50)
  })

  it('behind the ones drawn from, better ones come first', () => {
    const ranking = createMinerRanking({ ...RANKING, topMax: 1, random: seededRandom(3) })
    const candidates = [100, 400, 200, 300].map((incentive, uid) => miner(uid, { incentive }))
    expect(ranking.rank(candidates, NOW).map(({ uid }) => uid)).toEqual([1, 3, 2, 0])
  })
})

describe('weights', () => {
  const seed = Date.now() >>> 0
  const draws = 20_000

  it(`miners are drawn in proportion to their incentive (seed ${seed})`, () => {
    const incentives = [300, 250, 200, 150, 100]
    const counts = firsts(
      incentives.map((incentive, uid) => miner(uid, { incentive })),
      draws,
      seed,
    )
    for (const [uid, incentive] of incentives.entries()) {
      const share = incentive / 1_000
      expect(Math.abs((counts[uid] ?? 0) / draws - share), `seed ${seed}`).toBeLessThan(sigmas(share, draws))
    }
  })

  it(`the second is drawn from the rest in the same way (seed ${seed})`, () => {
    const ranking = createMinerRanking({ ...RANKING, coldkeyShareMax: 1, random: seededRandom(seed) })
    const candidates = [600, 300, 100].map((incentive, uid) => miner(uid, { incentive }))
    let first = 0
    let then = 0
    for (let draw = 0; draw < draws; draw += 1) {
      const ranked = ranking.rank(candidates, NOW)
      if (ranked[0]?.uid !== 0) continue
      first += 1
      if (ranked[1]?.uid === 1) then += 1
    }
    expect(Math.abs(then / first - 0.75), `seed ${seed}`).toBeLessThan(sigmas(0.75, first))
  })

  it.each([
    ['failed', {}, { failures: 5, successes: 5 }, { successes: 10 }],
    ['is slower', {}, { latencyMs: 4_000 }, { latencyMs: 1_000 }],
    ['has more under way', {}, { inFlight: 3 }, { inFlight: 0 }],
  ])('a miner that %s is drawn less often than its equal', (_name, changes, worse, better) => {
    const [bad = 0, good = 0] = firsts([miner(0, changes, worse), miner(1, changes, better)], 4_000, 7)
    expect(bad).toBeLessThan(good * 0.7)
    expect(bad).toBeGreaterThan(0)
  })

  it('a leader that fails falls behind an honest miner of a fifth of its incentive', () => {
    const liar = miner(0, { incentive: 50_000 }, { failures: 30, successes: 1 })
    const [lies = 0, serves = 0] = firsts(
      [liar, miner(1, { incentive: 10_000 }, { successes: 30 })],
      1_000,
      7,
    )
    expect(serves).toBeGreaterThan(lies * 5)
  })

  it('without any incentive all are drawn alike', () => {
    const counts = firsts(
      Array.from({ length: 4 }, (_, uid) => miner(uid, { incentive: 0 })),
      draws,
      seed,
    )
    for (const count of counts) expect(Math.abs(count / draws - 0.25)).toBeLessThan(sigmas(0.25, draws))
  })

  it('those far below the best are not drawn, and never is nobody', () => {
    const counts = firsts([miner(0, { incentive: 1_000 }), miner(1, { incentive: 50 })], 500, 7)
    expect(counts).toEqual([500, 0])
  })
})

describe('operators', () => {
  const positions = (ranked: readonly MinerCandidate[]) => ranked.slice(0, RANKING.topMax)

  it('no coldkey and no network is among the first more often than allowed while others are good enough', () => {
    const strangers = Array.from({ length: 8 }, (_, index) =>
      miner(20 + index, { network: `9.9.${index}.0/24` }),
    )
    const family = Array.from({ length: 6 }, (_, uid) => miner(uid, { coldkey: 'one', incentive: 5_000 }))
    const rack = Array.from({ length: 6 }, (_, index) =>
      miner(10 + index, { network: '8.8.8.0/24', incentive: 5_000 }),
    )
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const ranking = createMinerRanking({ ...RANKING, random: seededRandom(seed) })
        const top = positions(ranking.rank([...family, ...rack, ...strangers], NOW))
        expect(top.filter(({ coldkey }) => coldkey === 'one')).toHaveLength(RANKING.coldkeyMax)
        expect(top.filter(({ network }) => network === '8.8.8.0/24')).toHaveLength(RANKING.networkMax)
      }),
    )
  })

  it('miners whose networks tell nothing are not held against each other', () => {
    const counts = firsts(
      Array.from({ length: 5 }, (_, uid) => miner(uid)),
      2_000,
      7,
    )
    expect(Math.min(...counts)).toBeGreaterThan(200)
  })

  it('no coldkey comes first more often than its share while three can share', () => {
    const seed = Date.now() >>> 0
    const draws = 20_000
    const counts = firsts(
      [miner(0, { incentive: 9_000 }), miner(1, { incentive: 1_000 }), miner(2)],
      draws,
      seed,
    )
    const { coldkeyShareMax } = RANKING
    expect((counts[0] ?? 0) / draws, `seed ${seed}`).toBeLessThan(
      coldkeyShareMax + sigmas(coldkeyShareMax, draws),
    )
  })

  it('where only one operator is there, it serves', () => {
    const counts = firsts(
      Array.from({ length: 5 }, (_, uid) => miner(uid, { coldkey: 'one', network: '8.8.8.0/24' })),
      100,
      7,
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100)
  })
})
