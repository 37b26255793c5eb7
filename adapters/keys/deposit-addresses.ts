/**
 * Deposit addresses for which no key exists anywhere: the accounts that `utility.as_derivative` of a parent speaks for. The parent (a
 * multisig or proxied coldkey, kept elsewhere) sweeps them; the gateway knows its address only.
 */
import { decodeAddress, encodeAddress, encodeDerivedAddress } from '@polkadot/util-crypto'

/** Bittensor's ss58 prefix. */
const SS58_PREFIX = 42

/** The index of a derivative is 16 bits. */
const INDEXES_PER_PARENT = 65_536

export type DepositAddress = {
  /** ss58, prefix 42. */
  readonly address: string
  /** ss58 of the account that can move the money. */
  readonly parent: string
  /** For `utility.as_derivative`. */
  readonly derivativeIndex: number
}

export interface DepositAddresses {
  /** How many there are: 65,536 for each parent. */
  readonly capacity: number
  /** The n-th address, from 0; always the same for the same parents. @throws RangeError beyond the capacity */
  at(number: number): DepositAddress
}

/**
 * @param parents - ss58 addresses, in an order that never changes; new ones are added at the end
 * @throws Error when one is not an ss58 address with prefix 42, or stands there twice
 */
export function createDepositAddresses(parents: readonly string[]): DepositAddresses {
  const checked = parents.map((parent) =>
    encodeAddress(decodeAddress(parent, false, SS58_PREFIX), SS58_PREFIX),
  )
  if (checked.length === 0) throw new Error('Deposit addresses need a parent.')
  if (new Set(checked).size < checked.length)
    throw new Error('A parent of deposit addresses stands there twice.')
  const capacity = checked.length * INDEXES_PER_PARENT
  return {
    capacity,
    at: (number) => {
      const parent = checked[Math.floor(number / INDEXES_PER_PARENT)]
      if (!Number.isInteger(number) || number < 0 || parent === undefined) {
        throw new RangeError(`There are ${capacity} deposit addresses; ${number} is not one of them.`)
      }
      const derivativeIndex = number % INDEXES_PER_PARENT
      return { address: encodeDerivedAddress(parent, derivativeIndex, SS58_PREFIX), parent, derivativeIndex }
    },
  }
}
