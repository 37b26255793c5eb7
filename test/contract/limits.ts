/** What every keeper of rate limits promises. Limits are such that nothing of note flows in while a test runs. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { RateLimits } from '../../src/ports/limits.ts'
import { unique } from './money.ts'

export function limitsContract(name: string, make: () => Promise<RateLimits>): void {
  describe(`limits: ${name}`, () => {
    let limits: RateLimits
    beforeAll(async () => {
      limits = await make()
    })

    it('a bucket gives what it holds, then refuses and says when to come again', async () => {
      const order = { bucket: unique(), perMinute: 3, amount: 1 }
      const first = await limits.take(order)
      expect(first).toMatchObject({ isTaken: true, retryAfterMs: 0, state: { perMinute: 3, remaining: 2 } })
      expect(first.state.resetMs).toBeGreaterThan(15_000)
      expect(first.state.resetMs).toBeLessThanOrEqual(20_000)
      expect((await limits.take(order)).state.remaining).toBe(1)
      expect(await limits.take(order)).toMatchObject({ isTaken: true, state: { remaining: 0 } })
      const refused = await limits.take(order)
      expect(refused).toMatchObject({ isTaken: false, state: { perMinute: 3, remaining: 0 } })
      expect(refused.retryAfterMs).toBeGreaterThan(10_000)
      expect(refused.retryAfterMs).toBeLessThanOrEqual(20_000)
      expect(refused.state.resetMs).toBeGreaterThan(50_000)
      expect(refused.state.resetMs).toBeLessThanOrEqual(60_000)
    })

    it('what does not fit takes nothing', async () => {
      const order = { bucket: unique(), perMinute: 100, amount: 60 }
      await limits.take(order)
      const refused = await limits.take(order)
      expect(refused.isTaken).toBe(false)
      expect(refused.retryAfterMs).toBeGreaterThan(10_000)
      expect(refused.retryAfterMs).toBeLessThanOrEqual(12_000)
      expect(await limits.take({ ...order, amount: 40 })).toMatchObject({ isTaken: true })
    })

    it('many at once take exactly what there is', async () => {
      const order = { bucket: unique(), perMinute: 7, amount: 1 }
      const outcomes = await Promise.all(Array.from({ length: 40 }, () => limits.take(order)))
      expect(outcomes.filter(({ isTaken }) => isTaken)).toHaveLength(7)
    })

    it('what is given back can be taken again, and never makes more than a full bucket', async () => {
      const order = { bucket: unique(), perMinute: 10, amount: 10 }
      await limits.take(order)
      await limits.giveBack({ ...order, amount: 4 })
      expect(await limits.take({ ...order, amount: 4 })).toMatchObject({ isTaken: true })
      expect(await limits.take({ ...order, amount: 1 })).toMatchObject({ isTaken: false })
      await limits.giveBack({ ...order, amount: 10 })
      await limits.giveBack({ ...order, amount: 10 })
      expect(await limits.take({ ...order, amount: 0 })).toMatchObject({
        state: { remaining: 10, resetMs: 0 },
      })
    })

    it('giving back to a bucket that nobody has taken of does nothing', async () => {
      const order = { bucket: unique(), perMinute: 2, amount: 2 }
      await limits.giveBack(order)
      expect(await limits.take(order)).toMatchObject({ isTaken: true })
      expect(await limits.take(order)).toMatchObject({ isTaken: false })
    })

    it('flows in evenly: of a very fast one, something is there at once', async () => {
      const order = { bucket: unique(), perMinute: 60_000_000_000, amount: 60_000_000_000 }
      await limits.take(order)
      // A million a millisecond: a call takes longer than the millionth part of one.
      let again = await limits.take({ ...order, amount: 1 })
      for (let tries = 0; !again.isTaken && tries < 10_000; tries += 1) {
        again = await limits.take({ ...order, amount: 1 })
      }
      expect(again.isTaken).toBe(true)
    })

    it('buckets are apart', async () => {
      const [first, second] = [unique(), unique()]
      await limits.take({ bucket: first, perMinute: 1, amount: 1 })
      expect(await limits.take({ bucket: second, perMinute: 1, amount: 1 })).toMatchObject({ isTaken: true })
    })

    it('another limit for the same bucket counts what was taken', async () => {
      const bucket = unique()
      await limits.take({ bucket, perMinute: 10, amount: 8 })
      expect(await limits.take({ bucket, perMinute: 5, amount: 1 })).toMatchObject({
        isTaken: false,
        state: { perMinute: 5, remaining: 0 },
      })
      expect(await limits.take({ bucket, perMinute: 20, amount: 10 })).toMatchObject({ isTaken: true })
    })
  })
}
