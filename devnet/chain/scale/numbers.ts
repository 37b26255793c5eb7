/** Codecs of numbers and booleans. */
import type { ByteSink, ByteSource } from './bytes.ts'
import type { Codec } from './codec.ts'
import type { PrimitiveName } from './type-table.ts'

export const u8 = smallInteger('U8', 1)
export const u16 = smallInteger('U16', 2)
export const u32 = smallInteger('U32', 4)
export const u64 = bigInteger('U64', 8)
export const u128 = bigInteger('U128', 16)

/** Only non-negative values are ever written here, so that the bits are those of the unsigned type. */
export const i128 = bigInteger('I128', 16)

export const bool: Codec<boolean> = {
  encode: (value, sink) => sink.byte(value ? 1 : 0),
  decode: (source) => {
    const byte = source.byte()
    if (byte > 1) throw new Error('Not a boolean.')
    return byte === 1
  },
  describe: (types) => types.addPlain('bool', { kind: 'primitive', name: 'Bool' }),
}

/** An integer of any size that takes fewer bytes when it is small. */
export function compact<T extends number | bigint>(
  inner: Codec<T> & { fromBig(value: bigint): T },
): Codec<T> {
  return {
    encode: (value, sink) => encodeCompact(value, sink),
    decode: (source) => inner.fromBig(decodeCompact(source)),
    describe: (types) => {
      const type = inner.describe(types)
      return types.addPlain(`Compact<${type}>`, { kind: 'compact', type })
    },
  }
}

export function encodeCompact(value: number | bigint, sink: ByteSink): void {
  if (value < 1 << 6) sink.byte(Number(value) << 2)
  else if (value < 1 << 14) sink.integer((Number(value) << 2) | 1, 2)
  else if (value < 1 << 30) sink.integer(((Number(value) << 2) | 2) >>> 0, 4)
  else {
    const big = BigInt(value)
    const sizeBytes = Math.max(4, Math.ceil(big.toString(16).length / 2))
    sink.byte(((sizeBytes - 4) << 2) | 3)
    sink.integer(big, sizeBytes)
  }
}

export function decodeCompact(source: ByteSource): bigint {
  const first = source.byte()
  const mode = first & 3
  if (mode === 0) return BigInt(first >> 2)
  if (mode === 1) return BigInt((first >> 2) + source.byte() * 64)
  if (mode === 2) return BigInt((first >> 2) + source.small(3) * 64)
  return source.big((first >> 2) + 4)
}

/** A count of things that follow. @throws Error when there cannot be so many in the bytes that are left */
export function decodeCount(source: ByteSource): number {
  const count = decodeCompact(source)
  if (count > BigInt(source.remaining)) throw new Error('More items are announced than there are bytes.')
  return Number(count)
}

type IntegerCodec<T> = Codec<T> & { fromBig(value: bigint): T }

function smallInteger(name: PrimitiveName, sizeBytes: number): IntegerCodec<number> {
  const limit = 2 ** (8 * sizeBytes)
  return {
    encode: (value, sink) => {
      if (!Number.isInteger(value) || value < 0 || value >= limit)
        throw new Error(`${value} is not a ${name}.`)
      sink.integer(value, sizeBytes)
    },
    decode: (source) => source.small(sizeBytes),
    fromBig: (value) => {
      if (value >= BigInt(limit)) throw new Error(`${value} is not a ${name}.`)
      return Number(value)
    },
    describe: (types) => types.addPlain(name, { kind: 'primitive', name }),
  }
}

function bigInteger(name: PrimitiveName, sizeBytes: number): IntegerCodec<bigint> {
  const limit = 1n << BigInt(8 * sizeBytes)
  const check = (value: bigint) => {
    if (value < 0n || value >= limit) throw new Error(`${value} is not a ${name}.`)
    return value
  }
  return {
    encode: (value, sink) => sink.integer(check(value), sizeBytes),
    decode: (source) => source.big(sizeBytes),
    fromBig: check,
    describe: (types) => types.addPlain(name, { kind: 'primitive', name }),
  }
}

/** Gives a number a named type of its own, as Subtensor does with netuids and balances. The bytes stay the same. */
export function namedNumber<T extends number | bigint>(
  path: string,
  inner: IntegerCodec<T>,
): IntegerCodec<T> {
  return {
    ...inner,
    describe: (types) =>
      types.add(path, () => ({
        path: path.split('::'),
        parameters: [],
        definition: { kind: 'composite', fields: [{ name: null, type: inner.describe(types) }] },
      })),
  }
}
