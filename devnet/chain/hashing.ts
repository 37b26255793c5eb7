/** Hashes and addresses of the chain. Accounts are hex texts of 32 bytes inside, ss58 (prefix 42) outside. */
import { blake2AsU8a, decodeAddress, encodeAddress, xxhashAsU8a } from '@polkadot/util-crypto'
import { fromHex, toHex } from './scale/bytes.ts'

/** Bittensor's ss58 prefix: addresses begin with 5. */
const SS58_PREFIX = 42

/** BLAKE2b-256, as hex. */
export function blake256(bytes: Uint8Array): string {
  return toHex(blake2AsU8a(bytes, 256))
}

export function blake128(bytes: Uint8Array): Uint8Array {
  return blake2AsU8a(bytes, 128)
}

/** xxHash of 64 or 128 bits, as Substrate's `twox` hashers. */
export function twox(bytes: Uint8Array, bits: 64 | 128): Uint8Array {
  return xxhashAsU8a(bytes, bits)
}

export function accountToAddress(account: string): string {
  return encodeAddress(fromHex(account), SS58_PREFIX)
}

/** @throws Error when it is not an ss58 address of 32 bytes with prefix 42 */
export function addressToAccount(address: string): string {
  return toHex(decodeAddress(address, false, SS58_PREFIX))
}
