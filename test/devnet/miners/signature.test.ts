import { cryptoWaitReady, encodeAddress, sr25519PairFromSeed, sr25519Sign } from '@polkadot/util-crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSr25519Verifier, type VerifySignature } from '../../../devnet/miners/signature.ts'

let verify: VerifySignature
let hotkey = ''
let signature = ''

beforeAll(async () => {
  await cryptoWaitReady()
  verify = await createSr25519Verifier()
  const pair = sr25519PairFromSeed(new Uint8Array(32).fill(7))
  hotkey = encodeAddress(pair.publicKey, 42)
  signature = `0x${Buffer.from(sr25519Sign('message', pair)).toString('hex')}`
})

it('accepts what the hotkey signed', () => {
  expect(verify('message', signature, hotkey)).toBe(true)
})

describe('is false, and never throws, for', () => {
  it('another message, another hotkey', () => {
    expect(verify('Message', signature, hotkey)).toBe(false)
    expect(verify('message', signature, '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty')).toBe(false)
  })
  it.each(['', '0x', '0x00', `0x${'0'.repeat(128)}`, `0x${'f'.repeat(128)}`, 'nonsense'])(
    'the signature %j',
    (text) => {
      expect(verify('message', text, hotkey)).toBe(false)
    },
  )
  it.each(['', 'nobody', '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694tz'])('the hotkey %j', (text) => {
    expect(verify('message', signature, text)).toBe(false)
  })
})
