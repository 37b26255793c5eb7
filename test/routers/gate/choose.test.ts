import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createGate } from '../../../routers/gate/choose.ts'
import { CAPABILITIES } from '../../../src/ports/capability.ts'
import type { ExpertOffer } from '../../../src/ports/routing.ts'

const gate = createGate()
const offer = (changes: Partial<ExpertOffer> = {}): ExpertOffer => ({
  name: 'text',
  model: 'm',
  capability: 'chat',
  priceRao: 100n,
  minerCount: 3,
  ...changes,
})
const step = { capability: 'chat', model: null, units: {} } as const

it('offers what has the capability, cheapest first', () => {
  const dear = offer({ name: 'dear', priceRao: 9_007_199_254_740_993n })
  const dearer = offer({ name: 'dearer', priceRao: 9_007_199_254_740_994n })
  const other = offer({ name: 'other', capability: 'image.generate', priceRao: 1n })
  expect(gate.choose(step, [dearer, other, dear, offer()]).map(({ name }) => name)).toEqual([
    'text',
    'dear',
    'dearer',
  ])
})

it('keeps to the model that was asked for', () => {
  const chosen = gate.choose({ ...step, model: 'big' }, [
    offer(),
    offer({ name: 'b', model: 'big', priceRao: 900n }),
  ])
  expect(chosen.map(({ name }) => name)).toEqual(['b'])
})

it('leaves out experts without a callable miner', () => {
  expect(gate.choose(step, [offer({ minerCount: 0 })])).toEqual([])
})

it('at the same price prefers more miners, then the name', () => {
  const names = [offer({ name: 'c' }), offer({ name: 'b' }), offer({ name: 'a', minerCount: 2 })]
  expect(gate.choose(step, names).map(({ name }) => name)).toEqual(['b', 'c', 'a'])
})

it('decides by the offers alone, not by their order, and never invents or repeats one', () => {
  const anyOffer = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    model: fc.constantFrom('m', 'n'),
    capability: fc.constantFrom(...CAPABILITIES),
    priceRao: fc.bigInt({ min: 0n, max: 3n }),
    minerCount: fc.integer({ min: 0, max: 2 }),
  })
  const offers = fc.uniqueArray(anyOffer, {
    selector: ({ name, model, capability }) => name + model + capability,
  })
  fc.assert(
    fc.property(offers, fc.infiniteStream(fc.nat()), (all, numbers) => {
      const shuffled = all
        .map((value) => ({ value, at: numbers.next().value }))
        .sort((a, b) => a.at - b.at)
        .map(({ value }) => value)
      const chosen = gate.choose(step, all)
      expect(gate.choose(step, shuffled)).toEqual(chosen)
      expect(new Set(chosen).size).toBe(chosen.length)
      for (const one of chosen) expect(all).toContain(one)
      for (const [index, one] of chosen.slice(1).entries()) {
        expect(one.priceRao >= (chosen[index]?.priceRao ?? 0n)).toBe(true)
      }
    }),
  )
})
