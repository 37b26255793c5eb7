/** A signer whose signatures are hashes: 64 bytes that only the same hotkey and message give. Not a signature scheme. */
import { createHash } from 'node:crypto'
import type { Signer } from '../../src/ports/chain.ts'

/** Builds the signer of a hotkey. */
export function fakeSigner(hotkey = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'): Signer {
  return { hotkey, sign: (message) => fakeSignature(hotkey, message) }
}

/** Whether `fakeSigner(hotkey)` made the signature. */
export function verifyFake(message: Uint8Array, signature: Uint8Array, hotkey: string): boolean {
  return Buffer.from(fakeSignature(hotkey, message)).equals(signature)
}

function fakeSignature(hotkey: string, message: Uint8Array): Uint8Array {
  return createHash('sha512').update(hotkey).update(message).digest()
}
