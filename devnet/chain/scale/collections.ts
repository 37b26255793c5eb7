/** Codecs of lists, texts, options and tuples. */
import { fromHex, toHex } from './bytes.ts'
import type { Codec } from './codec.ts'
import { decodeCount, encodeCompact, u8 } from './numbers.ts'

export function vec<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    encode: (values, sink) => {
      encodeCompact(values.length, sink)
      for (const value of values) item.encode(value, sink)
    },
    decode: (source) => {
      const values: T[] = []
      for (let count = decodeCount(source); count > 0; count--) values.push(item.decode(source))
      return values
    },
    describe: (types) => {
      const type = item.describe(types)
      return types.addPlain(`Vec<${type}>`, { kind: 'sequence', type })
    },
  }
}

/** `Vec<u8>`, as bytes. */
export const bytes: Codec<Uint8Array> = {
  encode: (value, sink) => {
    encodeCompact(value.length, sink)
    sink.bytes(value)
  },
  decode: (source) => source.bytes(decodeCount(source)).slice(),
  describe: vec(u8).describe,
}

export const text: Codec<string> = {
  encode: (value, sink) => bytes.encode(new TextEncoder().encode(value), sink),
  decode: (source) => new TextDecoder('utf-8', { fatal: true }).decode(source.bytes(decodeCount(source))),
  describe: (types) => types.addPlain('Str', { kind: 'primitive', name: 'Str' }),
}

/** `[u8; size]`, as a hex text: it serves as a key of maps. */
export function fixedHex(sizeBytes: number): Codec<string> {
  return {
    encode: (value, sink) => {
      const raw = fromHex(value)
      if (raw.length !== sizeBytes) throw new Error(`Not ${sizeBytes} bytes.`)
      sink.bytes(raw)
    },
    decode: (source) => toHex(source.bytes(sizeBytes)),
    describe: (types) => {
      const type = u8.describe(types)
      return types.addPlain(`[u8;${sizeBytes}]`, { kind: 'array', length: sizeBytes, type })
    },
  }
}

export function option<T>(inner: Codec<T>): Codec<T | null> {
  return {
    encode: (value, sink) => {
      sink.byte(value === null ? 0 : 1)
      if (value !== null) inner.encode(value, sink)
    },
    decode: (source) => {
      const tag = source.byte()
      if (tag > 1) throw new Error('Not an option.')
      return tag === 0 ? null : inner.decode(source)
    },
    describe: (types) => {
      const type = inner.describe(types)
      return types.add(`Option<${type}>`, () => ({
        path: ['Option'],
        parameters: [{ name: 'T', type }],
        definition: {
          kind: 'variant',
          variants: [
            { name: 'None', index: 0, fields: [] },
            { name: 'Some', index: 1, fields: [{ name: null, type }] },
          ],
        },
      }))
    },
  }
}

export function pair<A, B>(first: Codec<A>, second: Codec<B>): Codec<readonly [A, B]> {
  return {
    encode: (value, sink) => {
      first.encode(value[0], sink)
      second.encode(value[1], sink)
    },
    decode: (source) => [first.decode(source), second.decode(source)],
    describe: (types) => {
      const ids = [first.describe(types), second.describe(types)]
      return types.addPlain(`(${ids.join(',')})`, { kind: 'tuple', types: ids })
    },
  }
}

/** `()`. */
export const unit: Codec<null> = {
  encode: () => undefined,
  decode: () => null,
  describe: (types) => types.addPlain('()', { kind: 'tuple', types: [] }),
}
