import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Lane,
  type LaneRequest,
  type MinerSlot,
  type Permit,
  type Pick,
} from '../../../src/inference/lanes.ts'
import { reserveOf, type Share } from '../../../src/inference/shares.ts'

const open = () => new AbortController().signal
const slotOf = (inFlightMax: number): MinerSlot => ({ inFlight: 0, inFlightMax })
/** A line in which no time passes. */
const laneOf = (waitingMax: number, nowMs = () => 0) => new Lane<MinerSlot>({ waitingMax, nowMs })
/** A request that any miner will do for. */
const ask = (accountId: string, pick: Pick<MinerSlot>, extra: Partial<LaneRequest<MinerSlot>> = {}) => ({
  accountId,
  pick,
  isBatch: false,
  takesAny: true,
  ...extra,
})
const from = (slot: MinerSlot) => () => (slot.inFlight < slot.inFlightMax ? slot : ('busy' as const))

describe('Lane', () => {
  it('never has more in flight at a miner than its permits', async () => {
    const slot = slotOf(2)
    const lane = laneOf(10)
    const first = await lane.acquire(ask('a', from(slot)), open())
    await lane.acquire(ask('a', from(slot)), open())
    const third = lane.acquire(ask('a', from(slot)), open())
    expect(lane.state()).toEqual({ waiting: 1, waitingMax: 10, inFlight: 2 })
    first?.release()
    await third
    expect(slot.inFlight).toBe(2)
  })

  it('refuses with queue_full and a time to come back when the line is at its bound', async () => {
    const slot = slotOf(1)
    const lane = laneOf(1)
    await lane.acquire(ask('a', from(slot)), open())
    void lane.acquire(ask('a', from(slot)), open())
    await expect(lane.acquire(ask('a', from(slot)), open())).rejects.toMatchObject({
      code: 'queue_full',
      retryAfterMs: 2000,
    })
  })

  it('gives free permits to accounts in turn, so that a flood of one does not starve another', async () => {
    const slot = slotOf(1)
    const lane = laneOf(100)
    const held = await lane.acquire(ask('first', from(slot)), open())
    const order: string[] = []
    const wait = (account: string, label: string) =>
      lane.acquire(ask(account, from(slot)), open()).then((permit) => {
        order.push(label)
        permit?.release()
      })
    const all = [wait('flood', 'f1'), wait('flood', 'f2'), wait('flood', 'f3'), wait('quiet', 'q1')]
    held?.release()
    await Promise.all(all)
    expect(order.indexOf('q1')).toBe(1)
  })

  it('leaves a place for whoever comes next: an account may have as many waiting as places are left', async () => {
    const slot = slotOf(1)
    const lane = laneOf(1024)
    await lane.acquire(ask('first', from(slot)), open())
    const refused: string[] = []
    for (const account of ['a', 'b', 'c']) {
      for (let i = 0; i < 1024; i += 1) {
        lane
          .acquire(ask(account, from(slot)), open())
          .catch(({ code }: { code: string }) => refused.push(account + code))
      }
    }
    await expect.poll(() => refused.length).toBe(3 * 1024 - 512 - 256 - 128)
    expect(new Set(refused)).toEqual(new Set(['aqueue_full', 'bqueue_full', 'cqueue_full']))
    expect(lane.state().waiting).toBe(512 + 256 + 128)
  })

  it('looks at one waiting request, not at all, when nothing is free for anybody', async () => {
    const slot = slotOf(1)
    const lane = laneOf(4096)
    let looks = 0
    const pick = () => {
      looks += 1
      return slot.inFlight < 1 ? slot : ('busy' as const)
    }
    const held = await lane.acquire(ask('first', pick), open())
    const served: string[] = []
    for (let i = 0; i < 1000; i += 1) {
      lane.acquire(ask(`account-${i}`, pick), open()).then(() => served.push(`account-${i}`))
    }
    looks = 0
    held?.release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(served).toEqual(['account-0'])
    // One that is served, one that finds nothing.
    expect(looks).toBe(2)
  })

  it('looks past requests that wait for a certain miner, a few at a time, and serves the one behind them', async () => {
    const [a, b] = [slotOf(1), slotOf(1)]
    const lane = laneOf(4096)
    const onA = await lane.acquire(ask('first', from(a)), open())
    await lane.acquire(ask('first', from(b)), open())
    let looks = 0
    const onlyB = () => {
      looks += 1
      return b.inFlight < 1 ? b : ('busy' as const)
    }
    for (let i = 0; i < 100; i += 1) {
      void lane.acquire(ask(`account-${i}`, onlyB, { takesAny: false }), open())
      await new Promise((resolve) => setImmediate(resolve))
    }
    const last = lane.acquire(ask('last', from(a), { takesAny: false }), open())
    await new Promise((resolve) => setImmediate(resolve))
    looks = 0
    onA?.release()
    expect(looks).toBeLessThanOrEqual(32)
    expect((await last)?.slot).toBe(a)
  })

  describe('an eighth of the permits', () => {
    /** Picks as performing does: the last `reserve` are for those who hold fewer. */
    const kept = (slot: MinerSlot) => (share: Share) => {
      const free = slot.inFlightMax - slot.inFlight
      const reserve = reserveOf(slot.inFlightMax)
      if (free === 0) return 'busy' as const
      return share.hasRivals && free <= reserve && share.inFlight >= reserve ? ('reserved' as const) : slot
    }
    const flood = (lane: Lane<MinerSlot>, slot: MinerSlot, extra = {}) => {
      const permits: Permit<MinerSlot>[] = []
      for (let i = 0; i < 20; i += 1) {
        lane.acquire(ask('flood', kept(slot), extra), open()).then(
          (permit) => permit && permits.push(permit),
          () => undefined,
        )
      }
      return permits
    }

    it.each([
      ['an account that floods', {}],
      ['steps of runs', { isBatch: true }],
    ])('is kept from %s for whoever else has asked lately, who gets it at once', async (_name, extra) => {
      const slot = slotOf(8)
      const lane = laneOf(100)
      const early = await lane.acquire(ask('quiet', kept(slot)), open())
      early?.release()
      const permits = flood(lane, slot, extra)
      await expect.poll(() => permits.length).toBe(7)
      const quiet = await lane.acquire(ask('quiet', kept(slot)), open())
      expect(slot.inFlight).toBe(8)
      quiet?.release()
      expect(slot.inFlight).toBe(7)
    })

    it('is given away when nobody else has asked for ten seconds', async () => {
      const slot = slotOf(8)
      let nowMs = 0
      const lane = laneOf(100, () => nowMs)
      ;(await lane.acquire(ask('quiet', kept(slot)), open()))?.release()
      const permits = flood(lane, slot)
      await expect.poll(() => permits.length).toBe(7)
      nowMs = 10_001
      permits[0]?.release()
      await expect.poll(() => slot.inFlight).toBe(8)
    })

    it('is nobody’s own: alone, an account takes all', async () => {
      const slot = slotOf(8)
      const permits = flood(laneOf(100), slot)
      await expect.poll(() => permits.length).toBe(8)
    })
  })

  it('serves steps of runs when no chat waits, and one in eight while chats do', async () => {
    const slot = slotOf(1)
    const lane = laneOf(1000)
    const held = await lane.acquire(ask('first', from(slot)), open())
    const order: string[] = []
    const wait = (label: 'chat' | 'step') =>
      lane.acquire(ask('a', from(slot), { isBatch: label === 'step' }), open()).then((permit) => {
        order.push(label)
        permit?.release()
      })
    const all = [
      ...Array.from({ length: 10 }, () => wait('step')),
      ...Array.from({ length: 20 }, () => wait('chat')),
    ]
    held?.release()
    await Promise.all(all)
    expect(order.flatMap((label, index) => (label === 'step' ? [index] : []))).toEqual([
      7, 15, 22, 23, 24, 25, 26, 27, 28, 29,
    ])
  })

  it('a request that leaves while waiting takes no permit and no place', async () => {
    const slot = slotOf(1)
    const lane = laneOf(5)
    const held = await lane.acquire(ask('a', from(slot)), open())
    const controller = new AbortController()
    const left = lane.acquire(ask('b', from(slot)), controller.signal)
    controller.abort()
    await expect(left).rejects.toMatchObject({ code: 'client_closed_request' })
    held?.release()
    expect(lane.state()).toMatchObject({ waiting: 0, inFlight: 0 })
  })

  it('tells a request that has tried every miner so, instead of letting it wait', async () => {
    const lane = laneOf(5)
    expect(
      await lane.acquire(
        ask('a', () => 'exhausted'),
        open(),
      ),
    ).toBeNull()
  })

  it('a release counts once', async () => {
    const slot = slotOf(3)
    const lane = laneOf(5)
    const permit = await lane.acquire(ask('a', from(slot)), open())
    permit?.release()
    permit?.release()
    expect(slot.inFlight).toBe(0)
  })

  it('a pick that throws fails its own request alone', async () => {
    const slot = slotOf(1)
    const lane = laneOf(5)
    const held = await lane.acquire(ask('a', from(slot)), open())
    let broken = false
    const bad = lane.acquire(
      ask('b', () => {
        if (broken) throw new Error('broken')
        broken = true
        return 'busy'
      }),
      open(),
    )
    const good = lane.acquire(ask('c', from(slot)), open())
    await expect(bad).rejects.toMatchObject({ code: 'internal_error' })
    held?.release()
    expect(await good).not.toBeNull()
  })

  it('over any order of arrivals, releases and leaves nothing is lost and no bound is passed', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('arrive' as const), account: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('release' as const), which: fc.nat() }),
      fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, permits) => {
          const slot = slotOf(permits)
          const lane = laneOf(8)
          const held: Permit<MinerSlot>[] = []
          const waiting: AbortController[] = []
          let ended = 0
          let started = 0
          for (const move of steps) {
            if (move.kind === 'arrive') {
              const controller = new AbortController()
              started += 1
              waiting.push(controller)
              const forget = () => waiting.splice(waiting.indexOf(controller), 1)
              lane.acquire(ask(move.account, from(slot)), controller.signal).then(
                (permit) => {
                  forget()
                  if (permit) held.push(permit)
                },
                () => {
                  forget()
                  ended += 1
                },
              )
            } else if (move.kind === 'release')
              held.splice(move.which % Math.max(1, held.length), 1)[0]?.release()
            else waiting[move.which % Math.max(1, waiting.length)]?.abort()
            await Promise.resolve()
            await Promise.resolve()
            expect(slot.inFlight).toBeLessThanOrEqual(permits)
            expect(lane.state().waiting).toBeLessThanOrEqual(8)
          }
          await new Promise((resolve) => setImmediate(resolve))
          while (held.length > 0) {
            held.pop()?.release()
            await new Promise((resolve) => setImmediate(resolve))
          }
          expect(lane.state()).toMatchObject({ waiting: 0, inFlight: 0 })
          expect(slot.inFlight).toBe(0)
          expect(ended).toBeLessThanOrEqual(started)
        },
      ),
      { numRuns: 100 },
    )
  })
})
