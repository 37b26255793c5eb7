import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lane, type MinerSlot, type Permit } from '../../../src/inference/lanes.ts'

const open = () => new AbortController().signal
const slotOf = (inFlightMax: number): MinerSlot => ({ inFlight: 0, inFlightMax })
const from = (slot: MinerSlot) => () => (slot.inFlight < slot.inFlightMax ? slot : ('busy' as const))

describe('Lane', () => {
  it('never has more in flight at a miner than its permits', async () => {
    const slot = slotOf(2)
    const lane = new Lane({ waitingMax: 10 })
    const first = await lane.acquire('a', from(slot), open())
    await lane.acquire('a', from(slot), open())
    const third = lane.acquire('a', from(slot), open())
    expect(lane.state()).toEqual({ waiting: 1, waitingMax: 10, inFlight: 2 })
    first?.release()
    await third
    expect(slot.inFlight).toBe(2)
  })

  it('refuses with queue_full and a time to come back when the line is at its bound', async () => {
    const slot = slotOf(1)
    const lane = new Lane({ waitingMax: 1 })
    await lane.acquire('a', from(slot), open())
    void lane.acquire('a', from(slot), open())
    await expect(lane.acquire('a', from(slot), open())).rejects.toMatchObject({
      code: 'queue_full',
      retryAfterMs: 2000,
    })
  })

  it('gives free permits to accounts in turn, so that a flood of one does not starve another', async () => {
    const slot = slotOf(1)
    const lane = new Lane<MinerSlot>({ waitingMax: 100 })
    const held = await lane.acquire('first', from(slot), open())
    const order: string[] = []
    const wait = (account: string, label: string) =>
      lane.acquire(account, from(slot), open()).then((permit) => {
        order.push(label)
        permit?.release()
      })
    const all = [wait('flood', 'f1'), wait('flood', 'f2'), wait('flood', 'f3'), wait('quiet', 'q1')]
    held?.release()
    await Promise.all(all)
    expect(order.indexOf('q1')).toBe(1)
  })

  it('a request that leaves while waiting takes no permit and no place', async () => {
    const slot = slotOf(1)
    const lane = new Lane({ waitingMax: 5 })
    const held = await lane.acquire('a', from(slot), open())
    const controller = new AbortController()
    const left = lane.acquire('b', from(slot), controller.signal)
    controller.abort()
    await expect(left).rejects.toMatchObject({ code: 'client_closed_request' })
    held?.release()
    expect(lane.state()).toMatchObject({ waiting: 0, inFlight: 0 })
  })

  it('tells a request that has tried every miner so, instead of letting it wait', async () => {
    const lane = new Lane({ waitingMax: 5 })
    expect(await lane.acquire('a', () => 'exhausted', open())).toBeNull()
  })

  it('a release counts once', async () => {
    const slot = slotOf(3)
    const lane = new Lane({ waitingMax: 5 })
    const permit = await lane.acquire('a', from(slot), open())
    permit?.release()
    permit?.release()
    expect(slot.inFlight).toBe(0)
  })

  it('a pick that throws fails its own request alone', async () => {
    const slot = slotOf(1)
    const lane = new Lane<MinerSlot>({ waitingMax: 5 })
    const held = await lane.acquire('a', from(slot), open())
    let broken = false
    const bad = lane.acquire(
      'b',
      () => {
        if (broken) throw new Error('broken')
        broken = true
        return 'busy'
      },
      open(),
    )
    const good = lane.acquire('c', from(slot), open())
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
          const lane = new Lane<MinerSlot>({ waitingMax: 8 })
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
              lane.acquire(move.account, from(slot), controller.signal).then(
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
