/** The gateway's own hotkey: sr25519 signatures, as miners check them. */
import { encodeAddress, keyExtractPath } from '@polkadot/util-crypto'
import {
  sr25519DeriveKeypairHard,
  sr25519KeypairFromSeed,
  sr25519Sign,
  waitReady,
} from '@polkadot/wasm-crypto'
import type { Signer } from '../../src/ports/chain.ts'
import { HotkeyFileError, readHotkeyFile } from './hotkey-file.ts'

/** Bittensor's ss58 prefix. */
const SS58_PREFIX = 42

/** A pair is the secret key followed by the public key. */
const SECRET_BYTES = 64

/** Mini secret of Substrate's well-known development phrase. Worthless on a real chain. */
const DEVELOPMENT_SEED = Buffer.from(
  'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e',
  'hex',
)

/**
 * Signs with the hotkey of a btwallet key file (`~/.bittensor/wallets/<wallet>/hotkeys/<name>`).
 *
 * @throws HotkeyFileError when the file has no usable secret, or the secret is not that of its `ss58Address`
 */
export async function createSignerFromFile(path: string): Promise<Signer> {
  await waitReady()
  const { seed, ss58Address } = await readHotkeyFile(path)
  const signer = buildSigner(sr25519KeypairFromSeed(seed))
  if (signer.hotkey !== ss58Address) {
    throw new HotkeyFileError(`${path} holds the secret of ${signer.hotkey}, but says ${ss58Address}.`)
  }
  return signer
}

/**
 * Signs with a key derived from the development phrase, such as `//devnet//gateway`. For development networks.
 *
 * @throws Error when it is not a path of hard junctions
 */
export async function createDevelopmentSigner(uri: string): Promise<Signer> {
  await waitReady()
  const { path } = keyExtractPath(uri)
  if (path.length === 0 || path.some(({ isHard }) => !isHard)) throw new Error(`${uri} is not a key path.`)
  return buildSigner(
    path.reduce(
      (pair, { chainCode }) => sr25519DeriveKeypairHard(pair, chainCode),
      sr25519KeypairFromSeed(DEVELOPMENT_SEED),
    ),
  )
}

function buildSigner(pair: Uint8Array): Signer {
  const secret = pair.slice(0, SECRET_BYTES)
  const publicKey = pair.slice(SECRET_BYTES)
  return {
    hotkey: encodeAddress(publicKey, SS58_PREFIX),
    // WASM, called directly: @polkadot/util-crypto 14 signs in plain JavaScript, which takes four times as long.
    sign: (message) => sr25519Sign(publicKey, secret, message),
  }
}
