import { expect, it } from 'vitest'
import type { MinerTarget } from '../../src/ports/miner.ts'
import { dialectContract } from '../contract/dialect.ts'
import { createFakeDialect } from './dialect.ts'

const target: MinerTarget = {
  netuid: 1,
  mechid: 0,
  uid: 3,
  hotkey: '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
  baseUrl: 'http://192.0.2.1:80',
  bearer: null,
}

dialectContract('fake', async (behaviour) => {
  const dialect = createFakeDialect({ behave: () => behaviour })
  const brokenOff = new Promise<void>((resolve) => dialect.onBrokenOff(resolve))
  return { dialect, target, brokenOff, close: () => dialect.close() }
})

it('remembers which work went to which miner', async () => {
  const dialect = createFakeDialect({ behave: (miner) => (miner.uid === 3 ? 'answers' : 'is-busy') })
  const work = { kind: 'chat', body: '{}', stream: false } as const
  const options = { timeoutMs: 1_000, firstByteTimeoutMs: 1_000, signal: new AbortController().signal }
  await dialect.attempt(target, work, options)
  await expect(dialect.attempt({ ...target, uid: 4 }, work, options)).rejects.toThrow('busy')
  expect(dialect.attempts.map((attempt) => attempt.target.uid)).toEqual([3, 4])
})
