import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { affordableUnits, lineCost, parsePrices, total } from '../../../src/billing/prices.ts'
import { RAO_MAX } from '../../../src/units.ts'

const INPUT = {
  'yuma-chat': [
    { meter: 'input_token', rao: '333333', per: '1000000' },
    { meter: 'output_token', rao: '900000', per: '1000000' },
  ],
  'yuma-image': [
    { meter: 'image', rao: '1500000', per: '1' },
    { meter: 'request', rao: '7', per: '1' },
  ],
}

/** fast-check prints the seed of a failure. */
const check = (property: fc.IProperty<never> | fc.IProperty<any>) => fc.assert(property, { numRuns: 500 })

const units = fc.bigInt({ min: 0n, max: 2n ** 40n })
const price = fc.record({
  meter: fc.constant('output_token'),
  rao: fc.bigInt({ min: 0n, max: 2n ** 45n }),
  per: fc.bigInt({ min: 1n, max: 2n ** 30n }),
})

describe('one division per line, rounded up', () => {
  it('charges nothing for nothing, and a part of a rao as a whole one', () => {
    expect(lineCost(0n, { meter: 'a', rao: 5n, per: 3n })).toBe(0n)
    expect(lineCost(1n, { meter: 'a', rao: 1n, per: 1_000_000n })).toBe(1n)
    expect(lineCost(3n, { meter: 'a', rao: 333_333n, per: 1_000_000n })).toBe(1n)
    expect(lineCost(4n, { meter: 'a', rao: 333_333n, per: 1_000_000n })).toBe(2n)
  })

  it('splitting a line never lowers the total, and raises it by at most 1 rao', () => {
    check(
      fc.property(units, units, price, (a, b, at) => {
        const difference = lineCost(a, at) + lineCost(b, at) - lineCost(a + b, at)
        return difference === 0n || difference === 1n
      }),
    )
  })

  it('is monotone in units, and the smallest whole amount that covers them', () => {
    check(
      fc.property(units, units, price, (a, more, at) => {
        const costRao = lineCost(a, at)
        expect(lineCost(a + more, at) >= costRao).toBe(true)
        expect(costRao * at.per >= a * at.rao).toBe(true)
        if (costRao > 0n) expect((costRao - 1n) * at.per < a * at.rao).toBe(true)
      }),
    )
  })

  it('the affordable units cost at most the amount, and one more costs more', () => {
    check(
      fc.property(fc.bigInt({ min: 0n, max: RAO_MAX }), price, (amountRao, at) => {
        const most = affordableUnits(at, amountRao)
        if (most === null) return at.rao === 0n
        return lineCost(most, at) <= amountRao && lineCost(most + 1n, at) > amountRao
      }),
    )
  })
})

describe('a catalogue', () => {
  const catalogue = parsePrices(INPUT)

  it('prices each meter on a line of its own, from which the total recomputes', () => {
    const lines = catalogue.priceLines('yuma-chat', { input_token: 10n, output_token: 1_000_001n })
    expect(lines).toEqual([
      { meter: 'input_token', units: 10n, rao: 333_333n, per: 1_000_000n, costRao: 4n },
      { meter: 'output_token', units: 1_000_001n, rao: 900_000n, per: 1_000_000n, costRao: 900_001n },
    ])
    expect(total(lines)).toBe(900_005n)
    expect(lines.reduce((sumRao, line) => sumRao + lineCost(line.units, line), 0n)).toBe(900_005n)
  })

  it('charges a price per request once without being told', () => {
    const lines = catalogue.priceLines('yuma-image', { image: 2n })
    expect(lines.map((line) => [line.meter, line.units])).toEqual([
      ['image', 2n],
      ['request', 1n],
    ])
    expect(total(lines)).toBe(3_000_007n)
  })

  it.each([
    ['an unknown model', 'gpt-99', { input_token: 1n }],
    ['a meter without a price', 'yuma-chat', { input_token: 1n, image: 1n }],
    ['a meter without a price even at 0 units', 'yuma-chat', { audio_ms: 0n }],
    ['negative units', 'yuma-chat', { output_token: -1n }],
    ['a model named like a member of every object', 'constructor', { input_token: 1n }],
  ])('fails closed on %s', (_case, model, given) => {
    expect(() => catalogue.priceLines(model, given)).toThrowError(
      expect.objectContaining({ code: 'internal_error' }),
    )
  })

  it('says null for a model without prices', () => {
    expect(catalogue.find('gpt-99')).toBeNull()
    expect(catalogue.find('yuma-image')?.length).toBe(2)
  })

  it('lifts a charge to the minimum by a line of its own, but charges nothing for nothing', () => {
    const dear = parsePrices(INPUT, { minChargeRao: 100n })
    const lines = dear.priceLines('yuma-chat', { input_token: 10n, output_token: 0n })
    expect(lines.at(-1)).toEqual({ meter: 'minimum_charge', units: 1n, rao: 96n, per: 1n, costRao: 96n })
    expect(total(lines)).toBe(100n)
    expect(total(dear.priceLines('yuma-chat', { input_token: 0n }))).toBe(0n)
    expect(total(dear.priceLines('yuma-chat', { input_token: 10_000_000n }))).toBe(3_333_330n)
  })

  it('never charges more for fewer units, so that a worst case bounds every charge', () => {
    const dear = parsePrices(INPUT, { minChargeRao: 50n })
    check(
      fc.property(units, units, units, units, (input, output, lessInput, lessOutput) => {
        const min = (a: bigint, b: bigint) => (a < b ? a : b)
        const worst = dear.priceLines('yuma-chat', { input_token: input, output_token: output })
        const real = dear.priceLines('yuma-chat', {
          input_token: min(input, lessInput),
          output_token: min(output, lessOutput),
        })
        return total(real) <= total(worst)
      }),
    )
  })
})

describe('the version', () => {
  const version = parsePrices(INPUT).version

  it('depends on the content, not on its order', () => {
    const reordered = {
      'yuma-image': [...INPUT['yuma-image']].reverse(),
      'yuma-chat': [...INPUT['yuma-chat']].reverse(),
    }
    expect(version).toMatch(/^[0-9a-f]{16}$/)
    expect(parsePrices(reordered).version).toBe(version)
  })

  it.each([
    ['a price', { ...INPUT, 'yuma-image': [{ meter: 'image', rao: '1500001', per: '1' }] }, 0n],
    ['a model', { 'yuma-chat': INPUT['yuma-chat'] }, 0n],
    ['the minimum', INPUT, 1n],
  ])('changes with %s', (_case, input, minChargeRao) => {
    expect(parsePrices(input, { minChargeRao }).version).not.toBe(version)
  })

  it('survives the plain form as JSON text', () => {
    const catalogue = parsePrices(INPUT, { minChargeRao: 3n })
    const json = JSON.parse(JSON.stringify(catalogue.toJson()))
    expect(parsePrices(json.models, { minChargeRao: BigInt(json.minChargeRao) }).version).toBe(
      catalogue.version,
    )
  })
})

describe('a file that is not right is refused, naming the place', () => {
  it.each([
    ['a number as amount', { m: [{ meter: 'image', rao: 5, per: '1' }] }, /m/],
    ['an exponent', { m: [{ meter: 'image', rao: '1e3', per: '1' }] }, /image of "m": rao/],
    ['a sign', { m: [{ meter: 'image', rao: '-1', per: '1' }] }, /image of "m": rao/],
    ['a leading zero', { m: [{ meter: 'image', rao: '01', per: '1' }] }, /image of "m": rao/],
    ['more than 64 bits', { m: [{ meter: 'image', rao: '9223372036854775808', per: '1' }] }, /rao/],
    ['per of 0', { m: [{ meter: 'image', rao: '1', per: '0' }] }, /image of "m": per/],
    [
      'a meter twice',
      {
        m: [
          { meter: 'a', rao: '1', per: '1' },
          { meter: 'a', rao: '2', per: '1' },
        ],
      },
      /twice/,
    ],
    ['a model without prices', { m: [] }, /m/],
    ['a member that it does not know', { m: [{ meter: 'a', rao: '1', per: '1', usd: '1' }] }, /usd/],
    ['the name of the minimum', { m: [{ meter: 'minimum_charge', rao: '1', per: '1' }] }, /minimum_charge/],
    ['no object', 'free', /valid/],
  ])('%s', (_case, input, message) => {
    expect(() => parsePrices(input)).toThrowError(message)
  })
})
