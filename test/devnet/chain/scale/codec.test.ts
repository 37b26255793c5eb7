/** Our codecs and the official library write the same bytes. */
import { TypeRegistry } from '@polkadot/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../../devnet/chain/scale/bytes.ts'
import { decode, encode } from '../../../../devnet/chain/scale/codec.ts'
import { bytes, option, pair, text, vec } from '../../../../devnet/chain/scale/collections.ts'
import { enumeration, struct } from '../../../../devnet/chain/scale/named.ts'
import { bool, compact, u8, u16, u32, u64, u128 } from '../../../../devnet/chain/scale/numbers.ts'

const registry = new TypeRegistry()

describe('the same bytes as the official library', () => {
  const big = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n })
  const cases = [
    ['u8', u8, fc.nat(255)],
    ['u16', u16, fc.nat(65_535)],
    ['u32', u32, fc.nat(2 ** 32 - 1)],
    ['u64', u64, big(64)],
    ['u128', u128, big(128)],
    ['bool', bool, fc.boolean()],
    ['Text', text, fc.string({ unit: 'grapheme' })],
    ['Vec<u16>', vec(u16), fc.array(fc.nat(65_535))],
    ['Compact<u16>', compact(u16), fc.nat(65_535)],
    ['Compact<u32>', compact(u32), fc.nat(2 ** 32 - 1)],
    ['Compact<u64>', compact(u64), big(64)],
    ['Compact<u128>', compact(u128), big(128)],
    ['Option<u32>', option(u32), fc.option(fc.nat(2 ** 32 - 1))],
    ['(u8,u64)', pair(u8, u64), fc.tuple(fc.nat(255), big(64))],
  ] as const

  it.each(cases)('%s', (type, codec, values) => {
    fc.assert(
      fc.property(values as fc.Arbitrary<any>, (value) => {
        const ours = encode(codec as any, value)
        expect(toHex(ours)).toBe(toHex(registry.createType(type, value).toU8a()))
        expect(decode(codec as any, ours)).toEqual(value)
      }),
      { verbose: true },
    )
  })
})

it('structs and enums keep their order and their index', () => {
  const inner = struct('Inner', { first: u8, second: vec(bool) })
  const outer = enumeration('Outer', { Nothing: [0, {}], Something: [7, { inner }] })
  const value = { kind: 'Something', value: { inner: { first: 5, second: [true, false] } } } as const
  expect(toHex(encode(outer, value))).toBe('0x0705080100')
  expect(decode(outer, encode(outer, value))).toEqual(value)
})

describe('refuses', () => {
  it.each([
    ['bytes that end too early', () => decode(u32, new Uint8Array(3))],
    ['bytes that are left over', () => decode(u8, new Uint8Array(2))],
    ['a variant that there is not', () => decode(enumeration('E', { A: [0, {}] }), new Uint8Array([1]))],
    ['a boolean that is neither', () => decode(bool, new Uint8Array([2]))],
    ['an option that is neither', () => decode(option(u8), new Uint8Array([2, 0]))],
    ['a list that lies about its length', () => decode(vec(u8), new Uint8Array([0xfe, 0xff, 0xff, 0xff]))],
    ['a text that is not UTF-8', () => decode(text, new Uint8Array([4, 0xff]))],
    ['a number that does not fit', () => encode(u8, 256)],
    ['a negative number', () => encode(u64, -1n)],
    ['a compact number that does not fit', () => decode(compact(u8), encode(compact(u32), 300))],
  ])('%s', (_name, act) => {
    expect(act).toThrow()
  })

  it('nothing that random bytes could be, by looping or taking all memory', () => {
    const codec = vec(pair(bytes, option(vec(text))))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (random) => {
        try {
          expect(toHex(encode(codec, decode(codec, random))).length).toBeGreaterThan(2)
        } catch {
          // Refusing is right as well.
        }
      }),
      { verbose: true },
    )
  })
})
