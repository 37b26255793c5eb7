/** Checks the signature of an extrinsic. */
import { ed25519Verify, sr25519Verify } from '@polkadot/wasm-crypto'
import type { SignedExtrinsic } from '../runtime/extrinsic.ts'
import { fromHex } from '../scale/bytes.ts'

/** Whether the signer's own key signed that payload. The WASM must be ready. */
export function isSignedBy(extrinsic: SignedExtrinsic, payload: Uint8Array): boolean {
  const publicKey = fromHex(extrinsic.signer)
  try {
    switch (extrinsic.signatureKind) {
      case 'Sr25519':
        return sr25519Verify(extrinsic.signature, payload, publicKey)
      case 'Ed25519':
        return ed25519Verify(extrinsic.signature, payload, publicKey)
      case 'Ecdsa':
        // No account of this chain has such a key.
        return false
    }
  } catch {
    // The library throws on bytes that are no signature or no key at all.
    return false
  }
}
