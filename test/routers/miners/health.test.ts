import { beforeEach, describe, expect, it } from 'vitest'
import { MINER_HEALTH, MinerHealth } from '../../../routers/miners/health.ts'
import { pauseAfter } from '../../../routers/miners/pause.ts'
import { MinerFailure, type MinerFailureReason } from '../../../src/ports/miner.ts'
import { seededRandom } from '../seeded-random.ts'

let nowMs = 0
let health: MinerHealth
const failure = (reason: MinerFailureReason, retryAfterMs?: number) =>
  new MinerFailure(reason, 'test', retryAfterMs === undefined ? {} : { retryAfterMs })
const record = () => health.read(1, 'miner')
const pauseMs = () => Math.max(0, record().coolingUntilMs - nowMs)
const fail = (reason: MinerFailureReason, retryAfterMs?: number) =>
  health.begin(1, 'miner')(failure(reason, retryAfterMs), null)
const serve = (latencyMs = 100) => health.begin(1, 'miner')('whole', latencyMs)

beforeEach(() => {
  nowMs = 1_000
  health = new MinerHealth({ ...MINER_HEALTH, nowMs: () => nowMs })
})

describe('records', () => {
  it('start empty, and are the same live object for one hotkey of one subnet', () => {
    const mine = record()
    expect(mine).toMatchObject({ successes: 0, failures: 0, latencyMs: null, coolingUntilMs: 0, inFlight: 0 })
    serve()
    expect(mine.successes).toBe(1)
    expect(health.read(1, 'miner')).toBe(mine)
    expect(health.read(2, 'miner').successes).toBe(0)
    expect(health.read(null, 'miner').successes).toBe(0)
  })

  it('count attempts under way', () => {
    const first = health.begin(1, 'miner')
    const second = health.begin(1, 'miner')
    expect(record().inFlight).toBe(2)
    first('whole', 10)
    second('abandoned', null)
    expect(record().inFlight).toBe(0)
  })

  it('an attempt that we gave up says nothing but how soon it began to answer', () => {
    health.begin(1, 'miner')('abandoned', 300)
    expect(record()).toMatchObject({ successes: 0, failures: 0, latencyMs: 300, coolingUntilMs: 0 })
  })

  it('latency is a mean of what was seen', () => {
    serve(100)
    serve(300)
    expect(record().latencyMs).toBe(200)
  })
})

describe('what other processes have seen', () => {
  const seen = (more: object = {}) => ({
    ...{ netuid: 1, hotkey: 'miner', successes: 10, failures: 5, latencySumMs: 3000, latencyWeight: 10 },
    ...more,
  })

  it('is added to what this one has', () => {
    const mine = record()
    serve(100)
    serve(100)
    health.setOthers([seen()])
    expect(mine).toMatchObject({ successes: 12, failures: 5 })
    expect(mine.latencyMs).toBeCloseTo(3200 / 12)
    fail('slow')
    expect(mine.failures).toBe(6)
    expect(record().coolingUntilMs).toBeGreaterThan(0)
  })

  it('is replaced as a whole, fades between, and is of miners that were not met here too', () => {
    serve()
    health.setOthers([seen(), seen({ hotkey: 'other' })])
    expect(health.read(1, 'other').successes).toBe(10)
    nowMs += MINER_HEALTH.halfLifeMs
    health.begin(1, 'third')('whole', 1)
    expect(health.read(1, 'other').successes).toBeCloseTo(5)
    health.setOthers([])
    expect(health.read(1, 'other')).toMatchObject({ successes: 0, failures: 0, latencyMs: null })
    expect(record().successes).toBeCloseTo(0.5)
  })

  it('does not come back to them: news are what was seen here, once, faded', () => {
    health.setOthers([seen()])
    expect(health.takeNews()).toEqual([])
    serve(200)
    serve(200)
    nowMs += MINER_HEALTH.halfLifeMs
    const news = health.takeNews()
    expect(news).toHaveLength(1)
    expect(news[0]).toMatchObject({ netuid: 1, hotkey: 'miner' })
    expect(news[0]?.successes).toBeCloseTo(1)
    expect(news[0]?.latencySumMs).toBeCloseTo(200)
    expect(health.takeNews()).toEqual([])
    health.returnNews(news)
    expect(health.takeNews()).toHaveLength(1)
  })

  it('split over any number of processes gives the same record as all of it in one', () => {
    const random = seededRandom(11)
    const one = new MinerHealth({ ...MINER_HEALTH, nowMs: () => nowMs })
    const many = Array.from({ length: 3 }, () => new MinerHealth({ ...MINER_HEALTH, nowMs: () => nowMs }))
    for (let call = 0; call < 300; call += 1) {
      nowMs += random() * 8_000
      const latencyMs = random() * 1_000
      const ending = random() < 0.7 ? ('whole' as const) : failure('server-error')
      for (const place of [one, many[Math.floor(random() * 3)]]) place?.begin(1, 'miner')(ending, latencyMs)
    }
    const [first, ...rest] = many
    const sum = { ...seen(), successes: 0, failures: 0, latencySumMs: 0, latencyWeight: 0 }
    for (const news of rest.flatMap((place) => place.takeNews())) {
      sum.successes += news.successes
      sum.failures += news.failures
      sum.latencySumMs += news.latencySumMs
      sum.latencyWeight += news.latencyWeight
    }
    first?.setOthers([sum])
    one.takeNews()
    const [whole, merged] = [one.read(1, 'miner'), first?.read(1, 'miner')]
    // Each fades on a grid of its own, of five seconds.
    expect(merged?.successes).toBeCloseTo(whole.successes, 0)
    expect(merged?.failures).toBeCloseTo(whole.failures, 0)
    expect(merged?.latencyMs).toBeCloseTo(whole.latencyMs ?? 0, -1)
  })
})

describe('fading', () => {
  it('after a half-life observations count half, for miners that are not called either', () => {
    for (let call = 0; call < 8; call += 1) serve(100)
    fail('slow')
    nowMs += MINER_HEALTH.halfLifeMs
    health.begin(1, 'other')('whole', 1)
    expect(record().successes).toBeCloseTo(4)
    expect(record().failures).toBeCloseTo(0.5)
    expect(record().latencyMs).toBeCloseTo(100)
  })

  it('new latencies outweigh old ones', () => {
    for (let call = 0; call < 4; call += 1) serve(1_000)
    nowMs += 4 * MINER_HEALTH.halfLifeMs
    for (let call = 0; call < 4; call += 1) serve(100)
    expect(record().latencyMs).toBeLessThan(160)
  })

  it('at last nothing is known any more', () => {
    serve(100)
    nowMs += 20 * MINER_HEALTH.halfLifeMs
    health.begin(1, 'other')
    expect(record().latencyMs).toBeNull()
    expect(record().successes).toBeLessThan(0.001)
  })
})

describe('pauses', () => {
  it.each(['unauthorized', 'refused'] as const)('%s is not the miner’s fault', (reason) => {
    fail(reason)
    expect(record()).toMatchObject({ failures: 0, coolingUntilMs: 0 })
  })

  it.each([
    'busy',
    'slow',
    'cut',
    'server-error',
    'unreachable',
    'garbage',
    'not-found',
    'forbidden',
  ] as const)(
    '%s pauses the miner, longer each time it fails again after its pause, up to a bound',
    (reason) => {
      let last = 0
      for (let round = 0; round < 40; round += 1) {
        fail(reason)
        const pause = pauseMs()
        expect(pause).toBeGreaterThanOrEqual(last)
        last = pause
        nowMs += pause
      }
      expect(last).toBe(pauseAfter(failure(reason), 100)?.pauseMs)
      expect(last).toBeGreaterThan(pauseAfter(failure(reason), 0)?.pauseMs ?? 0)
    },
  )

  it('a hotkey that is not welcome waits for long: permits change once per tempo', () => {
    fail('forbidden')
    expect(pauseMs()).toBeGreaterThanOrEqual(15 * 60_000)
  })

  it('failures of requests sent before the pause do not prolong it', () => {
    const calls = Array.from({ length: 50 }, () => health.begin(1, 'miner'))
    for (const end of calls) end(failure('unreachable'), null)
    expect(pauseMs()).toBe(2_000)
    expect(record().failures).toBe(50)
  })

  it('a worse failure during a pause counts', () => {
    fail('slow')
    fail('forbidden')
    expect(pauseMs()).toBeGreaterThanOrEqual(15 * 60_000)
  })

  it('a success ends the pause and starts the count anew', () => {
    fail('unreachable')
    nowMs += 2_000
    fail('unreachable')
    serve()
    expect(pauseMs()).toBe(0)
    fail('unreachable')
    expect(pauseMs()).toBe(2_000)
  })

  it('a success of an older request does not end the pause of a busy miner', () => {
    const older = health.begin(1, 'miner')
    fail('busy', 5_000)
    older('whole', 100)
    expect(pauseMs()).toBe(5_000)
  })

  it('believes a busy miner about when to come back, within the bound', () => {
    fail('busy', 7_000)
    expect(pauseMs()).toBe(7_000)
    nowMs += 7_000
    fail('busy', 3_600_000)
    expect(pauseMs()).toBe(30_000)
  })
})

it('remembers a bounded number of miners: those seen least are forgotten, never one with a call under way', () => {
  health = new MinerHealth({ ...MINER_HEALTH, minersMax: 10, nowMs: () => nowMs })
  for (let call = 0; call < 5; call += 1) health.begin(1, 'known')('whole', 100)
  const end = health.begin(1, 'running')
  for (let index = 0; index < 100; index += 1) health.read(2, `stranger ${index}`)
  expect(health.read(1, 'known').successes).toBe(5)
  end('whole', 100)
  expect(health.read(1, 'running')).toMatchObject({ successes: 1, inFlight: 0 })
})
