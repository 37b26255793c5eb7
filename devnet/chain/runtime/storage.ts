/** Storage items: how the key of a value is made, and how the value is written. */
import { blake128, twox } from '../hashing.ts'
import { concatBytes, fromHex, toHex } from '../scale/bytes.ts'
import { type Codec, decode, encode } from '../scale/codec.ts'
import type { TypeTable } from '../scale/type-table.ts'

/** How one part of a key is hashed. The names are those of the metadata. */
export type HasherName = 'Identity' | 'Blake2_128Concat' | 'Twox64Concat'

type KeyPart<A> = { readonly hasher: HasherName; readonly codec: Codec<A> }

export type StorageItem<A extends readonly unknown[], T> = {
  readonly pallet: string
  readonly name: string
  /** Hex of the first 32 bytes of every key of the item. */
  readonly prefix: string
  readonly parts: readonly KeyPart<unknown>[]
  readonly value: Codec<T>
  /** What is read where nothing is stored; null for optional values. */
  readonly fallback: T | null
  /** Hex of the whole key. */
  key(...args: A): string
}

/** An item of any kind, for the metadata. */
export type AnyStorageItem = StorageItem<readonly never[], unknown>

/** Reads hex values by hex key. */
export type StateReader = { get(key: string): string | null }

export const identity = <A>(codec: Codec<A>): KeyPart<A> => ({ hasher: 'Identity', codec })
export const blake2 = <A>(codec: Codec<A>): KeyPart<A> => ({ hasher: 'Blake2_128Concat', codec })
export const twox64 = <A>(codec: Codec<A>): KeyPart<A> => ({ hasher: 'Twox64Concat', codec })

/** One value. */
export function plainItem<T>(name: `${string}.${string}`, value: Codec<T>, fallback: T): StorageItem<[], T> {
  return { ...describeItem(name, [], value), fallback, key: () => itemPrefix(name) }
}

/** A value for each key. `fallback` null makes it optional. */
export function mapItem<A, T>(
  name: `${string}.${string}`,
  part: KeyPart<A>,
  options: { readonly value: Codec<T>; readonly fallback: T | null },
): StorageItem<[A], T> {
  const prefix = itemPrefix(name)
  return {
    ...describeItem(name, [part], options.value),
    fallback: options.fallback,
    key: (key) => prefix + hashPart(part, key),
  }
}

/** A value for each pair of keys. `fallback` null makes it optional. */
export function doubleMapItem<A, B, T>(
  name: `${string}.${string}`,
  parts: readonly [KeyPart<A>, KeyPart<B>],
  options: { readonly value: Codec<T>; readonly fallback: T | null },
): StorageItem<[A, B], T> {
  const prefix = itemPrefix(name)
  return {
    ...describeItem(name, parts, options.value),
    fallback: options.fallback,
    key: (first, second) => prefix + hashPart(parts[0], first) + hashPart(parts[1], second),
  }
}

/** Decodes what is stored, or the fallback; null only for optional items. */
export function readOptional<A extends readonly unknown[], T>(
  state: StateReader,
  item: StorageItem<A, T>,
  ...args: A
): T | null {
  const stored = state.get(item.key(...args))
  return stored === null ? item.fallback : decode(item.value, fromHex(stored))
}

/** Decodes what is stored, or the item's fallback. @throws Error for an optional item with nothing stored */
export function readValue<A extends readonly unknown[], T>(
  state: StateReader,
  item: StorageItem<A, T>,
  ...args: A
): T {
  const value = readOptional(state, item, ...args)
  if (value === null) throw new Error(`Nothing is stored at ${item.pallet}.${item.name}.`)
  return value
}

export function encodeStored<A extends readonly unknown[], T>(item: StorageItem<A, T>, value: T): string {
  return toHex(encode(item.value, value))
}

/** Id of the type of a map's keys: that of the one key, or a tuple. */
export function describeKey(item: AnyStorageItem, types: TypeTable): number {
  const ids = item.parts.map((part) => part.codec.describe(types))
  const [only] = ids
  if (ids.length === 1 && only !== undefined) return only
  return types.addPlain(`(${ids.join(',')})`, { kind: 'tuple', types: ids })
}

function describeItem<T>(name: string, parts: readonly KeyPart<unknown>[], value: Codec<T>) {
  const [pallet = '', itemName = ''] = name.split('.')
  return { pallet, name: itemName, prefix: itemPrefix(name), parts, value }
}

function itemPrefix(name: string): string {
  const parts = name.split('.').map((part) => twox(new TextEncoder().encode(part), 128))
  return toHex(concatBytes(...parts))
}

function hashPart<A>(part: KeyPart<A>, key: A): string {
  const encoded = encode(part.codec, key)
  const plain = toHex(encoded).slice(2)
  if (part.hasher === 'Identity') return plain
  const hash = part.hasher === 'Blake2_128Concat' ? blake128(encoded) : twox(encoded, 64)
  return toHex(hash).slice(2) + plain
}
