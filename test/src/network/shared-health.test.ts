import { expect, it } from 'vitest'
import { MINER_HEALTH, MinerHealth } from '../../../routers/miners/health.ts'
import { shareHealth } from '../../../src/network/shared-health.ts'
import { MinerFailure } from '../../../src/ports/miner.ts'
import type { MinerSightings } from '../../../src/ports/sightings.ts'
import { fakeSightings } from '../../fakes/sightings.ts'
import { keptLog, manualTiming } from '../billing/manual-timing.ts'

function openStage() {
  const timing = manualTiming()
  const sightings = fakeSightings(timing.wallMs)
  const log = keptLog()
  const open = async (processId: string, more: { sightings?: MinerSightings; isAlone?: boolean } = {}) => {
    const health = new MinerHealth({ ...MINER_HEALTH, nowMs: timing.monotonicMs })
    const { halfLifeMs } = MINER_HEALTH
    const shared = await shareHealth({
      ...{ sightings, health, processId, halfLifeMs, isAlone: false, timing, log },
      ...more,
    })
    return {
      shared,
      serve: () => health.begin(1, 'miner')('whole', 100),
      fail: () => health.begin(1, 'miner')(new MinerFailure('server-error', 'test'), null),
      record: () => health.read(1, 'miner'),
    }
  }
  return { timing, sightings, log, open }
}

it('what one process sees the others know within ten seconds, once', async () => {
  const { timing, open } = openStage()
  const [a, b] = [await open('a'), await open('b')]
  for (let call = 0; call < 8; call += 1) a.serve()
  a.fail()
  b.serve()
  await timing.advance(10_000)
  for (const { record } of [a, b]) {
    expect(record().successes).toBeCloseTo(9, 0)
    expect(record().failures).toBeCloseTo(1, 0)
  }
  await timing.advance(60_000)
  expect(b.record().successes).toBeCloseTo(9 * 0.5 ** (70 / 600), 0)
  await Promise.all([a.shared.close(), b.shared.close()])
  expect(timing.pending()).toBe(0)
})

it('a pause after a failure is of the process that saw it, at once', async () => {
  const { timing, open } = openStage()
  const [a, b] = [await open('a'), await open('b')]
  a.fail()
  expect(a.record().coolingUntilMs).toBeGreaterThan(0)
  await timing.advance(10_000)
  expect(b.record()).toMatchObject({ coolingUntilMs: 0 })
  expect(b.record().failures).toBeGreaterThan(0.9)
  await Promise.all([a.shared.close(), b.shared.close()])
})

it('what was seen is known after a restart, also on a store of its own', async () => {
  const { open } = openStage()
  const first = await open('a', { isAlone: true })
  first.serve()
  await first.shared.close()
  const second = await open('b', { isAlone: true })
  expect(second.record().successes).toBeCloseTo(1)
  await second.shared.close()
})

it('what could not be told is told later', async () => {
  const { timing, sightings, log, open } = openStage()
  let isDown = true
  const flaky: MinerSightings = {
    ...sightings,
    write: async (...told) => {
      if (isDown) throw new Error('down')
      await sightings.write(...told)
    },
  }
  const a = await open('a', { sightings: flaky })
  const b = await open('b')
  a.serve()
  await timing.advance(10_000)
  expect(b.record().successes).toBe(0)
  expect(log.lines.length).toBeGreaterThan(0)
  isDown = false
  await timing.advance(10_000)
  expect(b.record().successes).toBeCloseTo(1, 1)
  await Promise.all([a.shared.close(), b.shared.close()])
})
