import { expect, it } from 'vitest'
import { createNonces } from '../../../../adapters/miners/wire/nonce.ts'

it('counts nanoseconds of Unix time', () => {
  const next = createNonces(
    () => 1_764_000_000_123,
    () => 0,
  )
  expect(next()).toBe(1_764_000_000_123_000_000n)
})

it('rises strictly within a millisecond, and when the clock steps back', () => {
  const times = [5_000, 5_000, 5_000, 4_000, 1, 5_001]
  let turn = 0
  const next = createNonces(
    () => times[turn++ % times.length] ?? 0,
    () => 0.25,
  )
  const nonces = times.map(() => next())
  for (const [index, nonce] of nonces.slice(1).entries()) expect(nonce > (nonces[index] ?? 0n)).toBe(true)
  expect(nonces.at(-1)).toBe(5_001_250_000n)
})
