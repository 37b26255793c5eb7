/** API keys as text: how they are made, what is kept of them. */
import { hash } from 'node:crypto'

const KEY_START = 'sk-yuma-'
const KEY_BYTES = 32
// Without the digits and letters that are easily confused, so that a key can be read out and is selected by a double click.
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
// 256 bits in base 58 are at most 44 digits.
const KEY_DIGITS = 44
const PREFIX_CHARACTERS = 12

/** @returns `sk-yuma-` and 256 random bits in base 58, always 52 characters */
export function createKeyText(random: (sizeBytes: number) => Uint8Array): string {
  let value = BigInt(`0x${Buffer.from(random(KEY_BYTES)).toString('hex')}`)
  let digits = ''
  while (digits.length < KEY_DIGITS) {
    digits = BASE58.charAt(Number(value % 58n)) + digits
    value /= 58n
  }
  return KEY_START + digits
}

/** What is stored instead of the key. Plain SHA-256 suffices: there are too many keys of 256 random bits to try. */
export function hashKey(keyText: string): string {
  return hash('sha256', keyText, 'hex')
}

/** The first characters, for people to tell keys apart; never more than half of a key that was chosen by hand. */
export function prefixOf(keyText: string): string {
  return keyText.slice(0, Math.min(PREFIX_CHARACTERS, Math.floor(keyText.length / 2)))
}
