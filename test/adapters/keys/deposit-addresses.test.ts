import { blake2AsU8a, decodeAddress } from '@polkadot/util-crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDepositAddresses } from '../../../adapters/keys/index.ts'

const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const BOB = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'

/** subtensor: blake2_256("modlpy/utilisuba" ++ parent ++ u16 little-endian). */
function derivative(parent: string, index: number): Uint8Array {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(index)
  return blake2AsU8a(Buffer.concat([Buffer.from('modlpy/utilisuba'), decodeAddress(parent), bytes]), 256)
}

it('each address is the hash that utility.as_derivative speaks for', () => {
  const addresses = createDepositAddresses([ALICE])
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65_535 }), (index) => {
      const { address, parent, derivativeIndex } = addresses.at(index)
      expect(Buffer.from(decodeAddress(address))).toEqual(Buffer.from(derivative(ALICE, index)))
      expect([parent, derivativeIndex]).toEqual([ALICE, index])
    }),
    { numRuns: 100 },
  )
})

it('addresses go on with the next parent, and never repeat across the border', () => {
  const addresses = createDepositAddresses([ALICE, BOB])
  expect(addresses.capacity).toBe(131_072)
  expect(addresses.at(65_535)).toMatchObject({ parent: ALICE, derivativeIndex: 65_535 })
  expect(addresses.at(65_536)).toMatchObject({ parent: BOB, derivativeIndex: 0 })
  const around = [0, 65_535, 65_536, 131_071].map((number) => addresses.at(number).address)
  expect(new Set(around).size).toBe(4)
})

describe('refuses', () => {
  it.each([-1, 65_536, 1.5, Number.NaN])('address number %d of one parent', (number) => {
    expect(() => createDepositAddresses([ALICE]).at(number)).toThrow(RangeError)
  })

  it.each([
    ['no parent', []],
    ['a parent twice', [ALICE, ALICE]],
    ['a parent that is not an address', ['5Nobody']],
    ['a parent of another network', ['15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5']],
  ])('%s', (_name, parents) => {
    expect(() => createDepositAddresses(parents)).toThrow()
  })
})
