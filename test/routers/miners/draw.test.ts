import fc from 'fast-check'
import { expect, it } from 'vitest'
import { capShares, drawOrder } from '../../../routers/miners/draw.ts'
import { seededRandom } from '../seeded-random.ts'

it('draws every index once', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-9, max: 1e9, noNaN: true })), fc.integer(), (weights, seed) => {
      const order = drawOrder(weights, seededRandom(seed))
      expect([...order].sort((a, b) => a - b)).toEqual(weights.map((_, index) => index))
    }),
  )
})

const owned = fc.array(
  fc.record({
    weight: fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    owner: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 1, maxLength: 8 },
)

it('holds every owner to the share where that can be, and raises nobody’s weight', () => {
  fc.assert(
    fc.property(owned, fc.constantFrom(0.35, 0.5, 0.25, 1), (items, shareMax) => {
      const before = items.map(({ weight }) => weight)
      const owners = items.map(({ owner }) => items.findIndex((item) => item.owner === owner))
      const weights = [...before]
      capShares(weights, owners, shareMax)
      for (const [index, weight] of weights.entries()) {
        expect(weight).toBeGreaterThan(0)
        expect(weight).toBeLessThanOrEqual((before[index] ?? 0) * (1 + 1e-9))
      }
      const count = new Set(owners).size
      if (count * shareMax < 1) {
        expect(weights).toEqual(before)
        return
      }
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const owner of owners) {
        const own = weights
          .filter((_, index) => owners[index] === owner)
          .reduce((sum, weight) => sum + weight, 0)
        expect(own / total).toBeLessThanOrEqual(shareMax + 1e-6)
      }
    }),
    { numRuns: 1_000 },
  )
})
