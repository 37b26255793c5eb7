import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEPOSIT_OFFICE, openDepositOffice } from '../../../src/billing/deposit-office.ts'
import type { DepositWatcher } from '../../../src/billing/deposits.ts'
import type { FencedDeposits, Leases } from '../../../src/ports/fleet.ts'
import { fakeStore } from '../../fakes/store.ts'
import { fakeChain } from './fake-chain.ts'
import { keptLog, manualTiming } from './manual-timing.ts'

async function openStage() {
  const chain = fakeChain()
  const timing = manualTiming()
  const store = fakeStore({ now: timing.wallMs })
  const log = keptLog()
  await store.accounts.create({ id: 'acc_a', name: 'a', depositAddress: '5Address_a' })
  const open = (holderId: string, more: { leases?: Leases; deposits?: FencedDeposits } = {}) =>
    openDepositOffice({
      ...{ chain, timing, log, holderId, leases: store.leases, deposits: store.deposits },
      ...more,
    })
  const pay = (amountRao: bigint) => {
    chain.add([{ to: '5Address_a', amountRao }])
    chain.finalize()
  }
  const balance = async () => (await store.ledger.readBalance('acc_a')).availableRao
  return { chain, timing, store, log, open, pay, balance }
}

/** The same port as a process sees it that may be stopped for a while: what it asks then is asked when it goes on. */
function stoppable<Port extends object>(port: Port, gate: { wait(): Promise<void> }): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...values: unknown[]): unknown => {
        if (name === 'under') return stoppable(member.apply(target, values), gate)
        return gate.wait().then(() => member.apply(target, values))
      }
    },
  })
}

function makeGate() {
  let release: (() => void) | null = null
  let stopped: Promise<void> = Promise.resolve()
  return {
    wait: () => stopped,
    stop() {
      if (release) return
      stopped = new Promise((resolve) => {
        release = resolve
      })
    },
    go() {
      release?.()
      release = null
    },
  }
}

describe('the deposit office', () => {
  it('has one watcher at a time; the others stand by', async () => {
    const { timing, open, pay, balance } = await openStage()
    const [first, second] = [open('process-1'), open('process-2')]
    await timing.advance(0)
    expect([first.state().status, second.state().status]).toEqual(['following', 'standby'])
    pay(7n)
    await timing.advance(30_000)
    expect(await balance()).toBe(7n)
    expect([first.state().credited, second.state().credited]).toEqual([1, 0])
    await Promise.all([first.close(), second.close()])
  })

  it('is taken over at once when its holder ends, and within fifteen seconds when it is killed', async () => {
    const { timing, store, open, pay, balance } = await openStage()
    const gate = makeGate()
    const first = open('process-1', {
      leases: stoppable(store.leases, gate),
      deposits: stoppable(store.deposits, gate),
    })
    await timing.advance(0)
    const second = open('process-2')
    await timing.advance(20_000)
    expect(first.state().status).toBe('following')
    // Killed: nothing is heard of it any more.
    gate.stop()
    pay(5n)
    await timing.advance(14_000)
    expect(await balance()).toBe(5n)
    expect(second.state()).toMatchObject({ status: 'following', credited: 1 })
    const third = open('process-3')
    await timing.advance(0)
    expect(third.state().status).toBe('standby')
    await second.close()
    pay(6n)
    await timing.advance(3_000)
    expect(await balance()).toBe(11n)
    expect(third.state().status).toBe('following')
    await third.close()
  })

  it('is laid down by who cannot renew it in time, and says why', async () => {
    const { timing, store, open, log } = await openStage()
    let isDown = false
    const renew: Leases['renew'] = async (term, leaseMs) => {
      if (isDown) throw new Error('no way to the store')
      return store.leases.renew(term, leaseMs)
    }
    const take: Leases['take'] = async (...asked) => {
      if (isDown) throw new Error('no way to the store')
      return store.leases.take(...asked)
    }
    const first = open('process-1', { leases: { ...store.leases, renew, take } })
    await timing.advance(0)
    isDown = true
    await timing.advance(6_000)
    expect(first.state().status).toBe('following')
    await timing.advance(6_000)
    expect(first.state()).toMatchObject({ status: 'standby', problem: 'no way to the store' })
    isDown = false
    await timing.advance(3_000)
    expect(first.state()).toMatchObject({ status: 'following', problem: null })
    await first.close()
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([])
    expect(await store.leases.take(DEPOSIT_OFFICE, 'next', 1_000)).not.toBeNull()
  })

  it('credits every transfer once, whoever is stopped when and goes on when', async () => {
    type Event = {
      readonly kind: 'pay' | 'wait' | 'stop' | 'go' | 'end'
      readonly of: number
      readonly ms: number
    }
    const event: fc.Arbitrary<Event> = fc.record({
      kind: fc.constantFrom('pay', 'pay', 'wait', 'wait', 'stop', 'go', 'end'),
      of: fc.integer({ min: 0, max: 2 }),
      ms: fc.integer({ min: 0, max: 9_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        const { timing, store, open, pay, balance } = await openStage()
        const gates = [makeGate(), makeGate(), makeGate()]
        const start = (index: number): DepositWatcher => {
          const gate = gates[index] ?? makeGate()
          return open(`process-${index}`, {
            leases: stoppable(store.leases, gate),
            deposits: stoppable(store.deposits, gate),
          })
        }
        const watchers = gates.map((_, index) => start(index))
        await timing.advance(0)
        let paid = 0n
        let cursor = -1
        for (const { kind, of, ms } of events) {
          if (kind === 'pay') {
            paid += BigInt(ms + 1)
            pay(BigInt(ms + 1))
          }
          if (kind === 'stop') gates[of]?.stop()
          if (kind === 'go') gates[of]?.go()
          if (kind === 'end') {
            gates[of]?.go()
            await watchers[of]?.close()
            watchers[of] = start(of)
          }
          await timing.advance(ms)
          const { number } = (await store.deposits.readCursor()) ?? { number: -1 }
          expect(number).toBeGreaterThanOrEqual(cursor)
          cursor = number
          expect(await balance()).toBeLessThanOrEqual(paid)
        }
        for (const gate of gates) gate.go()
        await timing.advance(120_000)
        expect(await balance()).toBe(paid)
        expect(watchers.filter((watcher) => watcher.state().status === 'following')).toHaveLength(1)
        await Promise.all(watchers.map((watcher) => watcher.close()))
      }),
      { numRuns: 60 },
    )
  })
})
