/** What every keeper of sightings promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { MinerSighting, MinerSightings } from '../../src/ports/sightings.ts'
import type { StoreContract } from './ledger.ts'
import { unique } from './money.ts'

const HOUR_MS = 3_600_000

export function sightingsContract(name: string, { make }: Pick<StoreContract, 'make'>): void {
  describe(`sightings: ${name}`, () => {
    let sightings: MinerSightings
    beforeAll(async () => {
      sightings = (await make()).sightings
    })
    const seen = (hotkey: string, more: Partial<MinerSighting> = {}): MinerSighting => ({
      ...{ netuid: 7, hotkey, successes: 4, failures: 2, latencySumMs: 1200.5, latencyWeight: 6 },
      ...more,
    })
    const read = async (hotkey: string, processId = 'reader', halfLifeMs = 1_000 * HOUR_MS) =>
      (await sightings.readOthers(processId, halfLifeMs)).filter((one) => one.hotkey === hotkey)
    const close = (one: MinerSighting) => ({
      ...one,
      successes: expect.closeTo(one.successes, 3),
      failures: expect.closeTo(one.failures, 3),
      latencySumMs: expect.closeTo(one.latencySumMs, 1),
      latencyWeight: expect.closeTo(one.latencyWeight, 3),
    })

    it('what others saw is summed by miner, what one saw itself is not among it', async () => {
      const hotkey = unique()
      await Promise.all([
        sightings.write('a', [seen(hotkey), seen(hotkey, { netuid: 8 })]),
        sightings.write('b', [seen(hotkey, { successes: 1, latencyWeight: 1 })]),
        sightings.write('reader', [seen(hotkey, { successes: 100 })]),
      ])
      const found = await read(hotkey)
      expect(found).toHaveLength(2)
      expect(found).toContainEqual(
        close(seen(hotkey, { successes: 5, failures: 4, latencySumMs: 2401, latencyWeight: 7 })),
      )
      expect(found).toContainEqual(close(seen(hotkey, { netuid: 8 })))
    })

    it('writing again replaces, of these miners alone', async () => {
      const [hotkey, other] = [unique(), unique()]
      await sightings.write('a', [seen(hotkey), seen(other)])
      await sightings.write('a', [seen(hotkey, { successes: 9 })])
      await sightings.write('a', [])
      expect(await read(hotkey)).toEqual([close(seen(hotkey, { successes: 9 }))])
      expect(await read(other)).toEqual([close(seen(other))])
    })

    it('a server without a place on the chain is a miner too', async () => {
      const hotkey = unique()
      await sightings.write('a', [seen(hotkey, { netuid: null })])
      expect(await read(hotkey)).toEqual([close(seen(hotkey, { netuid: null }))])
    })

    it('fades by the time since it was written, down to nothing', async () => {
      const hotkey = unique()
      await sightings.write('a', [seen(hotkey)])
      // Ends as soon as any time has passed.
      let left = 4
      while (left === 4) left = (await read(hotkey, 'reader', 0.001))[0]?.successes ?? 0
      expect(left).toBeLessThan(4)
    })

    it('of many who write at once none is lost', async () => {
      const hotkeys = Array.from({ length: 20 }, () => unique())
      const writers = ['a', 'b', 'c', 'd']
      await Promise.all(
        writers.flatMap((writer) => [
          sightings.write(
            writer,
            hotkeys.map((hotkey) => seen(hotkey)),
          ),
          sightings.write(
            writer,
            [...hotkeys].reverse().map((hotkey) => seen(hotkey)),
          ),
        ]),
      )
      for (const hotkey of hotkeys) {
        expect(await read(hotkey)).toEqual([
          close(seen(hotkey, { successes: 16, failures: 8, latencySumMs: 4802, latencyWeight: 24 })),
        ])
      }
    })
  })
}
