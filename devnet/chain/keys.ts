/** Keys of the development network: sr25519 pairs derived from Substrate's well-known development phrase. Worthless anywhere else. */
import { keyExtractPath } from '@polkadot/util-crypto'
import {
  sr25519DeriveKeypairHard,
  sr25519KeypairFromSeed,
  sr25519Sign,
  waitReady,
} from '@polkadot/wasm-crypto'
import { accountToAddress } from './hashing.ts'
import { fromHex, toHex } from './scale/bytes.ts'

/** Mini secret of `bottom drive obey lake curtain smoke basket hold race lonely fit walk`, which every Substrate tool knows. */
const DEVELOPMENT_SEED = '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e'

const SECRET_BYTES = 64

export type DevelopmentKey = {
  /** Hex of the public key. */
  readonly account: string
  readonly address: string
  /** sr25519 signature, 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

/** Pairs by path, so that keys with a common beginning derive it once: a derivation takes 0.1 to 0.2 ms. */
const derived = new Map<string, Uint8Array>()

/**
 * The key of a URI such as `//Alice` or `//devnet//miner//1//0`.
 *
 * @throws Error for a path that is not of hard junctions alone
 */
export async function deriveKey(uri: string): Promise<DevelopmentKey> {
  await waitReady()
  const { parts } = keyExtractPath(uri)
  if (parts === null || parts.some((part) => !part.startsWith('//')))
    throw new Error(`${uri} is not a key path.`)
  const pair = derivePair(parts)
  const secret = pair.slice(0, SECRET_BYTES)
  const publicKey = pair.slice(SECRET_BYTES)
  const account = toHex(publicKey)
  return {
    account,
    address: accountToAddress(account),
    sign: (message) => sr25519Sign(publicKey, secret, message),
  }
}

function derivePair(parts: readonly string[]): Uint8Array {
  const path = parts.join('')
  const known = derived.get(path)
  if (known) return known
  const last = parts.at(-1)
  const pair =
    last === undefined
      ? sr25519KeypairFromSeed(fromHex(DEVELOPMENT_SEED))
      : sr25519DeriveKeypairHard(derivePair(parts.slice(0, -1)), chainCode(last))
  derived.set(path, pair)
  return pair
}

function chainCode(junction: string): Uint8Array {
  const [part] = keyExtractPath(junction).path
  if (!part) throw new Error(`${junction} is not a junction.`)
  return part.chainCode
}
