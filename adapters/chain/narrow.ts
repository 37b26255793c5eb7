/** From unknown values to the types that we need of them. By hand: a subnet has tens of thousands of values, and this takes a tenth of the time. */

type Narrow<T> = (value: unknown) => T

/** Integers may be widened or narrowed by an upgrade: both forms are read. */
export const asNumber: Narrow<number> = (value) => {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  throw new Error('A number was expected.')
}

export const asBigint: Narrow<bigint> = (value) => {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(value)
  throw new Error('An integer was expected.')
}

export const asBoolean: Narrow<boolean> = (value) => {
  if (typeof value === 'boolean') return value
  throw new Error('A boolean was expected.')
}

/** The 32 bytes of an account. */
export const asAccount: Narrow<Uint8Array> = (value) => {
  if (value instanceof Uint8Array && value.length === 32) return value
  throw new Error('An account was expected.')
}

/** Text as bytes, or as a list of numbers. */
export const asText: Narrow<string> = (value) =>
  Buffer.from(value instanceof Uint8Array ? value : asList(asNumber)(value)).toString('utf8')

export function asList<T>(item: Narrow<T>): Narrow<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new Error('A list was expected.')
    return value.map((member) => item(member))
  }
}

export function asNullable<T>(item: Narrow<T>): Narrow<T | null> {
  return (value) => (value === null || value === undefined ? null : item(value))
}

/** An object with members of any kind. */
export const asRecord: Narrow<Readonly<Record<string, unknown>>> = (value) => {
  if (typeof value !== 'object' || value === null) throw new Error('An object was expected.')
  // Every object can be read by name; what is absent is undefined.
  return value as Readonly<Record<string, unknown>>
}
