/** Codecs of structs and enums: types with a path. */
import type { ByteSink, ByteSource } from './bytes.ts'
import type { Codec, ValueOf } from './codec.ts'
import type { FieldDescription, TypeTable } from './type-table.ts'

type Fields = Readonly<Record<string, Codec<unknown>>>

type StructValue<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> }

type Variants = Readonly<Record<string, readonly [index: number, fields: Fields]>>

type EnumValue<V extends Variants> = {
  [K in keyof V & string]: { readonly kind: K; readonly value: StructValue<V[K][1]> }
}[keyof V & string]

type TypeParameter = { readonly name: string; readonly codec: Codec<unknown> }

/** A struct with named fields, in this order. */
export function struct<F extends Fields>(path: string, fields: F): Codec<StructValue<F>> {
  return {
    encode: (value, sink) => encodeFields(fields, value, sink),
    // The object has exactly the keys of `fields`, each decoded by its own codec: the compiler cannot follow the loop.
    decode: (source) => decodeFields(fields, source) as StructValue<F>,
    describe: (types) =>
      types.add(path, () => ({
        path: path.split('::'),
        parameters: [],
        definition: { kind: 'composite', fields: describeFields(fields, types) },
      })),
  }
}

/** A struct with one field that has no name. */
export function newtype<T>(path: string, inner: Codec<T>): Codec<T> {
  return {
    encode: inner.encode,
    decode: inner.decode,
    describe: (types) =>
      types.add(path, () => ({
        path: path.split('::'),
        parameters: [],
        definition: { kind: 'composite', fields: [{ name: null, type: inner.describe(types) }] },
      })),
  }
}

/** An enum. Fields that are named `_0`, `_1` … are described without a name. `parameters` are what generic types of the chain declare. */
export function enumeration<V extends Variants>(
  path: string,
  variants: V,
  parameters: readonly TypeParameter[] = [],
): Codec<EnumValue<V>> {
  const byIndex = new Map(
    Object.entries(variants).map(([kind, [index, fields]]) => [index, { kind, fields }]),
  )
  return {
    encode: (value, sink) => {
      const variant = variants[value.kind]
      if (!variant) throw new Error(`${path} has no ${value.kind}.`)
      sink.byte(variant[0])
      encodeFields(variant[1], value.value, sink)
    },
    decode: (source) => {
      const index = source.byte()
      const variant = byIndex.get(index)
      if (!variant) throw new Error(`${path} has no variant ${index}.`)
      // The kind and its fields come from the same row of `variants`.
      return { kind: variant.kind, value: decodeFields(variant.fields, source) } as EnumValue<V>
    },
    describe: (types) =>
      types.add(path, () => ({
        path: path.split('::'),
        parameters: parameters.map(({ name, codec }) => ({ name, type: codec.describe(types) })),
        definition: {
          kind: 'variant',
          variants: Object.entries(variants).map(([name, [index, fields]]) => ({
            name,
            index,
            fields: describeFields(fields, types),
          })),
        },
      })),
  }
}

/** An enum whose variants carry nothing. */
export function plainEnumeration<K extends string>(path: string, kinds: readonly K[]): Codec<K> {
  const variants = Object.fromEntries(kinds.map((kind, index) => [kind, [index, {}] as const]))
  const inner = enumeration(path, variants)
  return {
    encode: (kind, sink) => inner.encode({ kind, value: {} }, sink),
    decode: (source) => {
      const { kind } = inner.decode(source)
      const known = kinds.find((candidate) => candidate === kind)
      if (known === undefined) throw new Error(`${path} has no ${kind}.`)
      return known
    },
    describe: inner.describe,
  }
}

function encodeFields(fields: Fields, value: Readonly<Record<string, unknown>>, sink: ByteSink): void {
  for (const name in fields) fields[name]?.encode(value[name], sink)
}

function decodeFields(fields: Fields, source: ByteSource): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const name in fields) value[name] = fields[name]?.decode(source)
  return value
}

function describeFields(fields: Fields, types: TypeTable): FieldDescription[] {
  return Object.entries(fields).map(([name, codec]) => ({
    name: name.startsWith('_') ? null : name,
    type: codec.describe(types),
  }))
}
