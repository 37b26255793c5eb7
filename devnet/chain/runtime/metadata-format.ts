/** The format of runtime metadata itself, versions 14 and 15 (crate frame-metadata). */

import type { Codec, ValueOf } from '../scale/codec.ts'
import { bytes, option, text, vec } from '../scale/collections.ts'
import { enumeration, plainEnumeration, struct } from '../scale/named.ts'
import { compact, u8, u32 } from '../scale/numbers.ts'
import type { TypeDescription } from '../scale/type-table.ts'

// Paths are never seen: nothing describes these types.
const id = compact(u32)
const docs = vec(text)
const typed = struct('Typed', { type: id })

const field = struct('Field', { name: option(text), type: id, type_name: option(text), docs })

const primitive = plainEnumeration('Primitive', [
  'Bool',
  'Char',
  'Str',
  'U8',
  'U16',
  'U32',
  'U64',
  'U128',
  'U256',
  'I8',
  'I16',
  'I32',
  'I64',
  'I128',
  'I256',
])

const definition = enumeration('TypeDef', {
  Composite: [0, { fields: vec(field) }],
  Variant: [1, { variants: vec(struct('Variant', { name: text, fields: vec(field), index: u8, docs })) }],
  Sequence: [2, { type: id }],
  Array: [3, { len: u32, type: id }],
  Tuple: [4, { types: vec(id) }],
  Primitive: [5, { primitive }],
  Compact: [6, { type: id }],
})

export const portableType = struct('PortableType', {
  id,
  path: vec(text),
  parameters: vec(struct('TypeParameter', { name: text, type: option(id) })),
  definition,
  docs,
})

export const hasher = plainEnumeration('Hasher', [
  'Blake2_128',
  'Blake2_256',
  'Blake2_128Concat',
  'Twox128',
  'Twox256',
  'Twox64Concat',
  'Identity',
])

const storageEntry = struct('StorageEntry', {
  name: text,
  modifier: plainEnumeration('Modifier', ['Optional', 'Default']),
  type: enumeration('EntryType', {
    Plain: [0, { value: id }],
    Map: [1, { hashers: vec(hasher), key: id, value: id }],
  }),
  fallback: bytes,
  docs,
})

const palletMembers = {
  name: text,
  storage: option(struct('Storage', { prefix: text, items: vec(storageEntry) })),
  calls: option(typed),
  events: option(typed),
  constants: vec(struct('Constant', { name: text, type: id, value: bytes, docs })),
  errors: option(typed),
  index: u8,
}

export const pallet14 = struct('Pallet14', palletMembers)
export const pallet15 = struct('Pallet15', { ...palletMembers, docs })

export type PalletDescription = ValueOf<typeof pallet15>
export type StorageEntryDescription = ValueOf<typeof storageEntry>

export const signedExtension = struct('SignedExtension', {
  identifier: text,
  type: id,
  additional_signed: id,
})

export const extrinsic14 = struct('Extrinsic14', {
  type: id,
  version: u8,
  signed_extensions: vec(signedExtension),
})

export const extrinsic15 = struct('Extrinsic15', {
  version: u8,
  address: id,
  call: id,
  signature: id,
  extra: id,
  signed_extensions: vec(signedExtension),
})

export const runtimeApi = struct('RuntimeApi', {
  name: text,
  methods: vec(
    struct('Method', {
      name: text,
      inputs: vec(struct('Parameter', { name: text, type: id })),
      output: id,
      docs,
    }),
  ),
  docs,
})

export const metadata14 = struct('Metadata14', {
  types: vec(portableType),
  pallets: vec(pallet14),
  extrinsic: extrinsic14,
  runtime: id,
})

export const metadata15 = struct('Metadata15', {
  types: vec(portableType),
  pallets: vec(pallet15),
  extrinsic: extrinsic15,
  runtime: id,
  apis: vec(runtimeApi),
  outer_enums: struct('OuterEnums', { call: id, event: id, error: id }),
  custom: vec(typed),
})

type PortableType = ValueOf<typeof portableType>

/** A type of the table in the format's own words. */
export function convertType(type: TypeDescription, typeId: number): PortableType {
  return {
    id: typeId,
    path: type.path,
    parameters: type.parameters.map(({ name, type: parameter }) => ({ name, type: parameter })),
    definition: convertDefinition(type.definition),
    docs: [],
  }
}

function convertDefinition(type: TypeDescription['definition']): PortableType['definition'] {
  switch (type.kind) {
    case 'composite':
      return { kind: 'Composite', value: { fields: type.fields.map(convertField) } }
    case 'variant':
      return {
        kind: 'Variant',
        value: {
          variants: type.variants.map(({ name, index, fields }) => ({
            name,
            fields: fields.map(convertField),
            index,
            docs: [],
          })),
        },
      }
    case 'sequence':
      return { kind: 'Sequence', value: { type: type.type } }
    case 'array':
      return { kind: 'Array', value: { len: type.length, type: type.type } }
    case 'tuple':
      return { kind: 'Tuple', value: { types: type.types } }
    case 'primitive':
      return { kind: 'Primitive', value: { primitive: type.name } }
    case 'compact':
      return { kind: 'Compact', value: { type: type.type } }
  }
}

function convertField({ name, type }: { readonly name: string | null; readonly type: number }) {
  return { name, type, type_name: null, docs: [] }
}

/** A codec for what is written by describing only. */
export type Described = Pick<Codec<unknown>, 'describe'>
