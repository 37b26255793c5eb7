import { describe, expect, it } from 'vitest'
import { type Heartbeat, startHeartbeat } from '../../../src/fleet/heartbeat.ts'
import type { ProcessIdentity, ProcessRole } from '../../../src/ports/fleet.ts'
import { holdRequest, newCustomer } from '../../contract/money.ts'
import { fakeStore } from '../../fakes/store.ts'
import { keptLog, manualTiming } from '../billing/manual-timing.ts'

/** One store whose holds are all of the process `dying`, and the clock of all. */
async function openStage() {
  const timing = manualTiming()
  const store = fakeStore({ now: timing.wallMs, processId: 'dying' })
  const log = keptLog()
  const changes: string[] = []
  const start = (id: string, role: ProcessRole = 'gateway'): Promise<Heartbeat> =>
    startHeartbeat({
      fleet: store.fleet,
      self: { id, role },
      timing,
      log,
      onChange: (living: readonly ProcessIdentity[]) =>
        void changes.push(`${id} sees ${living.map((one) => one.id).join(' ')}`),
    })
  const hold = async () => {
    const customer = await newCustomer(store, 1000n)
    const holds = [holdRequest(customer, 300n)]
    await store.ledger.commit({ holds, settlements: [], voids: [], captures: [] })
    return async () => (await store.ledger.readBalance(customer.accountId)).heldRao
  }
  return { timing, store, log, changes, start, hold }
}

describe('the heartbeat', () => {
  it('counts the gateways and workers that live, and tells of changes alone', async () => {
    const { timing, changes, start } = await openStage()
    const first = await start('a')
    expect(first.state()).toMatchObject({ gateways: 1, workers: 0 })
    const second = await start('b', 'worker')
    await timing.advance(4_000)
    expect(first.state()).toMatchObject({ gateways: 1, workers: 1 })
    await second.close()
    await timing.advance(4_000)
    expect(first.state()).toMatchObject({ gateways: 1, workers: 0 })
    expect(changes).toEqual(['a sees a', 'b sees a b', 'a sees a b', 'a sees a'])
    await first.close()
    await timing.advance(10_000)
    expect((await start('c')).state().gateways).toBe(1)
  })

  it('of a process that was killed is missed within ten seconds, and its holds are closed within thirty', async () => {
    const { timing, store, start, hold } = await openStage()
    const other = await start('living')
    await store.fleet.beat({ id: 'dying', role: 'gateway' })
    const heldRao = await hold()
    await timing.advance(8_000)
    expect(other.state().gateways).toBe(2)
    expect(await heldRao()).toBe(300n)
    await timing.advance(4_000)
    expect(other.state().gateways).toBe(1)
    await timing.advance(18_000)
    expect(await heldRao()).toBe(0n)
    expect(other.state().holdsReleased).toBe(1)
    await other.close()
  })

  it('that starts when all others are dead already closes what they left within thirty seconds', async () => {
    const { timing, start, hold } = await openStage()
    const heldRao = await hold()
    const other = await start('living')
    await timing.advance(9_000)
    expect(await heldRao()).toBe(300n)
    await timing.advance(21_000)
    expect(await heldRao()).toBe(0n)
    await other.close()
  })

  it('survives an outage of the store: nobody takes the others for dead before they could beat again', async () => {
    const { timing, store, log, start, hold } = await openStage()
    const first = await start('living')
    const second = await start('dying')
    const heldRao = await hold()
    await timing.advance(20_000)
    store.fail()
    await timing.advance(60_000)
    expect(first.state().problem).toMatch(/ledger/)
    store.heal()
    await timing.advance(30_000)
    expect(first.state()).toMatchObject({ gateways: 2, holdsReleased: 0, problem: null })
    expect(await heldRao()).toBe(300n)
    expect(log.lines.filter((line) => line.startsWith('warn'))).toHaveLength(2)
    await Promise.all([first.close(), second.close()])
  })

  it('that cannot be written at the start fails the start', async () => {
    const { store, start } = await openStage()
    store.fail()
    await expect(start('a')).rejects.toMatchObject({ code: 'ledger_unavailable' })
  })

  it('does not keep a process from ending when the store does not answer', async () => {
    const { timing, store } = await openStage()
    const fleet = { ...store.fleet, leave: () => new Promise<never>(() => {}) }
    const heartbeat = await startHeartbeat({
      ...{ fleet, timing, log: keptLog() },
      self: { id: 'a', role: 'gateway' },
    })
    const closed = heartbeat.close()
    await timing.advance(2_000)
    await closed
  })
})
