/** Checks of sr25519 signatures by ss58 address. */
import { cryptoWaitReady, decodeAddress, sr25519Verify } from '@polkadot/util-crypto'

/** Whether the hotkey signed the message. Never throws: what is no signature or no address is false. */
export type VerifySignature = (message: string, signatureHex: string, hotkey: string) => boolean

/** The real check. Waits for the WebAssembly that does it. */
export async function createSr25519Verifier(): Promise<VerifySignature> {
  await cryptoWaitReady()
  return (message, signatureHex, hotkey) => {
    if (!isSignatureText(signatureHex)) return false
    try {
      return sr25519Verify(message, signatureHex, decodeAddress(hotkey))
    } catch {
      return false // The library throws on an address that is none.
    }
  }
}

/** `0x` and 64 bytes in hex. */
export function isSignatureText(text: string): boolean {
  return /^0x[0-9a-f]{128}$/i.test(text)
}
