/**
 * Reads a hotkey file as btwallet writes it: JSON with `secretPhrase`, `secretSeed`, `privateKey`, `ss58Address`, all text.
 * Source: opentensor/btwallet 4.0.0, src/keyfile.rs and src/keypair.rs, read 2026-03-19.
 */
import { readFile } from 'node:fs/promises'
import { mnemonicToMiniSecret, mnemonicValidate } from '@polkadot/util-crypto'
import { z } from 'zod'

/** The file cannot serve as a hotkey. The message names the path and what is wrong, and nothing of the content. */
export class HotkeyFileError extends Error {
  override readonly name = 'HotkeyFileError'
}

export type HotkeyFile = {
  /** 32 bytes that the pair follows from. */
  readonly seed: Uint8Array
  /** ss58: what the pair must turn out to be. */
  readonly ss58Address: string
}

/** Larger than any key file: another file was named. */
const FILE_BYTES_MAX = 64 * 1024

/** Encrypted files of btwallet, and of the two tools before it. */
const ENCRYPTED_PREFIXES = ['$NACL', '$ANSIBLE_VAULT', 'gAAAAA']

const content = z.object({
  secretPhrase: z.string().nullish(),
  secretSeed: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/)
    .nullish(),
  ss58Address: z.string(),
})

/** @throws HotkeyFileError */
export async function readHotkeyFile(path: string): Promise<HotkeyFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new HotkeyFileError(`${path} cannot be read.`, { cause })
  })
  if (text.length > FILE_BYTES_MAX) throw new HotkeyFileError(`${path} is too large for a hotkey file.`)
  return parseHotkeyFile(text, path)
}

/**
 * In btwallet's order: the phrase before the seed. `privateKey` is never used: btwallet keeps another form of it than this library takes,
 * and would sign as somebody else.
 *
 * @throws HotkeyFileError
 */
export function parseHotkeyFile(text: string, path: string): HotkeyFile {
  if (ENCRYPTED_PREFIXES.some((prefix) => text.startsWith(prefix))) {
    throw new HotkeyFileError(`${path} is encrypted. Name an unencrypted hotkey, and never a coldkey.`)
  }
  const parsed = content.safeParse(parseJson(text, path))
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') || 'the whole file'
    throw new HotkeyFileError(`${path} is not a hotkey file: ${where} is not as it should be.`)
  }
  const { secretPhrase, secretSeed, ss58Address } = parsed.data
  if (secretPhrase) {
    if (!mnemonicValidate(secretPhrase)) throw new HotkeyFileError(`${path} has a secretPhrase that is none.`)
    return { seed: mnemonicToMiniSecret(secretPhrase), ss58Address }
  }
  if (secretSeed) return { seed: new Uint8Array(Buffer.from(secretSeed.slice(2), 'hex')), ss58Address }
  throw new HotkeyFileError(`${path} has neither secretPhrase nor secretSeed: it cannot sign.`)
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message would quote the content.
    throw new HotkeyFileError(`${path} is not JSON.`)
  }
}
