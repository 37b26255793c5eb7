/**
 * A SCALE codec that also describes itself for runtime metadata: what is written and what is described cannot drift apart.
 * SCALE: https://docs.substrate.io/reference/scale-codec/ (compact integers, little-endian, enums by index).
 */
import { ByteSink, ByteSource } from './bytes.ts'
import type { TypeTable } from './type-table.ts'

export type Codec<T> = {
  encode(value: T, sink: ByteSink): void
  /** @throws Error when the bytes are not such a value */
  decode(source: ByteSource): T
  /** Adds the type to the table, once. @returns its id */
  describe(types: TypeTable): number
}

/** The type that a codec reads and writes. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const sink = new ByteSink()
  codec.encode(value, sink)
  return sink.finish()
}

/** Decodes all of the bytes. @throws Error when some are left over */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const source = new ByteSource(bytes)
  const value = codec.decode(source)
  if (source.remaining > 0) throw new Error(`${source.remaining} bytes are left over.`)
  return value
}

/** Defers a codec that refers to itself. */
export function lazy<T>(get: () => Codec<T>): Codec<T> {
  return {
    encode: (value, sink) => get().encode(value, sink),
    decode: (source) => get().decode(source),
    describe: (types) => get().describe(types),
  }
}
