/** Exact conversions of TAO amounts. 1 TAO = 1e9 rao (Bittensor's smallest unit); amounts are `bigint` rao. */

export const RAO_PER_TAO = 1_000_000_000n

/** The largest amount we accept anywhere: a signed 64-bit integer, as the ledger stores it. */
export const RAO_MAX = 2n ** 63n - 1n

const RAO_TEXT = /^(0|[1-9][0-9]{0,18})$/
const TAO_TEXT = /^(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,9}))?$/

/**
 * Parses a non-negative amount in rao from its decimal text.
 *
 * @returns null for anything but the canonical text of an integer from 0 to 2^63-1 (no sign, exponent, space or leading zero)
 */
export function parseRao(text: unknown): bigint | null {
  if (typeof text !== 'string' || !RAO_TEXT.test(text)) return null
  const amountRao = BigInt(text)
  return amountRao <= RAO_MAX ? amountRao : null
}

/** Parses TAO text with at most nine decimals into rao, exactly. @returns null when it is not such a text */
export function parseTao(text: string): bigint | null {
  const match = TAO_TEXT.exec(text)
  if (!match) return null
  const amountRao = BigInt(match[1] ?? '0') * RAO_PER_TAO + BigInt((match[2] ?? '').padEnd(9, '0'))
  return amountRao <= RAO_MAX ? amountRao : null
}

/** Writes rao as TAO text with as many decimals as are needed, at most nine: `1500000000n` → `1.5`. */
export function formatTao(amountRao: bigint): string {
  const sign = amountRao < 0n ? '-' : ''
  const absolute = amountRao < 0n ? -amountRao : amountRao
  const fraction = (absolute % RAO_PER_TAO).toString().padStart(9, '0').replace(/0+$/, '')
  return `${sign}${absolute / RAO_PER_TAO}${fraction ? `.${fraction}` : ''}`
}
