import { expect, it } from 'vitest'
import { RisingNonces, SeenNonces } from '../../../devnet/miners/replay.ts'

it('remembers the last nonce of each key, forgetting the key used longest ago', () => {
  const nonces = new RisingNonces(2)
  nonces.take('a', 1n)
  nonces.take('b', 2n)
  nonces.take('a', 3n)
  nonces.take('c', 4n)
  expect([nonces.last('a'), nonces.last('b'), nonces.last('c')]).toEqual([3n, undefined, 4n])
})

it('knows a nonce again for as long as it could still pass', () => {
  const seen = new SeenNonces({ keepMs: 100, nonceMax: 10 })
  expect(seen.take('a', 1_000)).toBe('new')
  expect(seen.take('a', 1_099)).toBe('seen')
  expect(seen.take('a', 1_100)).toBe('new')
})

it('says when it can remember no more, instead of letting a replay pass', () => {
  const seen = new SeenNonces({ keepMs: 100, nonceMax: 2 })
  seen.take('a', 0)
  seen.take('b', 50)
  expect(seen.take('c', 60)).toBe('full')
  expect(seen.take('a', 60)).toBe('seen')
  expect(seen.take('c', 100)).toBe('new')
})
