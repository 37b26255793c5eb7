import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatTao, parseRao, parseTao, RAO_MAX } from '../src/units.ts'

it.each(['9007199254740991', '9007199254740993', '9223372036854775807', '0'])(
  'keeps %s rao exactly',
  (text) => {
    expect(parseRao(text)?.toString()).toBe(text)
  },
)

it.each([1, '1e3', '-1', '01', ' 1', '', '1.0', '9223372036854775808', null])(
  'refuses %j as an amount of rao',
  (value) => {
    expect(parseRao(value)).toBeNull()
  },
)

it('reads TAO text exactly', () => {
  expect(parseTao('1')).toBe(1_000_000_000n)
  expect(parseTao('0.000000001')).toBe(1n)
  expect(parseTao('1.5')).toBe(1_500_000_000n)
  expect(parseTao('9.223372036')).toBe(9_223_372_036n)
})

it.each(['', '.5', '1.', '1.0000000001', '-1', '1e9', '9999999999.9'])('refuses %j as TAO', (text) => {
  expect(parseTao(text)).toBeNull()
})

it('any amount survives TAO text and back', () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: RAO_MAX }), (rao) => parseTao(formatTao(rao)) === rao))
})
