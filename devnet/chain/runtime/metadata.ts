/** The metadata of the simulated runtime, written by code: V15 for clients that ask properly, V14 as `state_getMetadata` has it. */
import { concatBytes } from '../scale/bytes.ts'
import { type Codec, encode } from '../scale/codec.ts'
import { option, unit } from '../scale/collections.ts'
import { enumeration, newtype, struct } from '../scale/named.ts'
import { u16, u32, u64 } from '../scale/numbers.ts'
import { TypeTable } from '../scale/type-table.ts'
import { API_METHODS, uncheckedExtrinsic } from './api-methods.ts'
import { CALLS, runtimeCall } from './calls.ts'
import { type EventLayout, eventCodecs, eventRecordCodec, runtimeEventCodec } from './events.ts'
import { metadataHashMode } from './extrinsic.ts'
import {
  convertType,
  metadata14,
  metadata15,
  type PalletDescription,
  type StorageEntryDescription,
} from './metadata-format.ts'
import {
  balances,
  PALLET_INDEX,
  subtensor,
  subtensorError,
  system,
  systemError,
  timestamp,
  utilityError,
} from './pallets.ts'
import {
  compactNonce,
  compactTip,
  digest,
  era,
  hash256,
  multiAddress,
  multiSignature,
  runtimeVersion,
  taoBalance,
} from './primitives.ts'
import { type AnyStorageItem, describeKey, plainItem } from './storage.ts'
import { encodeVersion, hasApi, type RuntimeDescription } from './version.ts'

/** Blocks whose hash an extrinsic may refer to. Real chains keep 2,400. */
export const BLOCK_HASH_COUNT = 256

/** Accounts with less are removed. */
export const EXISTENTIAL_DEPOSIT_RAO = 500n

const MAGIC = new TextEncoder().encode('meta')

/** Both forms of one runtime's metadata, with magic number and version in front. */
export type MetadataBytes = { readonly v14: Uint8Array; readonly v15: Uint8Array }

export function buildMetadata(runtime: RuntimeDescription): MetadataBytes {
  const types = new TypeTable()
  const pallets = describePallets(types, runtime)
  const extensions = describeExtensions(types)
  const extrinsic = uncheckedExtrinsic.describe(types)
  const outerEnums = {
    call: runtimeCall.describe(types),
    event: runtimeEventCodec(runtime.eventLayout).describe(types),
    error: runtimeError.describe(types),
  }
  const apis = describeApis(types, runtime)
  const runtimeType = struct('node_subtensor_runtime::Runtime', {}).describe(types)
  const members = {
    pallets,
    runtime: runtimeType,
    types: types.list().map(convertType),
    apis,
    outer_enums: outerEnums,
    custom: [],
  }
  const extrinsic15 = {
    version: 4,
    address: multiAddress.describe(types),
    call: outerEnums.call,
    signature: multiSignature.describe(types),
    extra: unit.describe(types),
    signed_extensions: extensions,
  }
  const extrinsic14 = { type: extrinsic, version: 4, signed_extensions: extensions }
  return {
    v14: concatBytes(MAGIC, new Uint8Array([14]), encode(metadata14, { ...members, extrinsic: extrinsic14 })),
    v15: concatBytes(MAGIC, new Uint8Array([15]), encode(metadata15, { ...members, extrinsic: extrinsic15 })),
  }
}

const runtimeError = enumeration('node_subtensor_runtime::RuntimeError', {
  System: [PALLET_INDEX.System, { _0: systemError }],
  SubtensorModule: [PALLET_INDEX.SubtensorModule, { _0: subtensorError }],
  Utility: [PALLET_INDEX.Utility, { _0: utilityError }],
})

function describePallets(types: TypeTable, runtime: RuntimeDescription): PalletDescription[] {
  const errors: Readonly<Record<string, Codec<unknown>>> = {
    System: systemError,
    SubtensorModule: subtensorError,
    Utility: utilityError,
  }
  const events: Readonly<Record<string, Codec<unknown>>> = eventCodecs(runtime.eventLayout)
  const calls: Readonly<Record<string, Codec<unknown>>> = CALLS
  const storage = storageItems(runtime.eventLayout)
  return Object.entries(PALLET_INDEX).map(([name, index]) => ({
    name,
    storage: storage[name]
      ? { prefix: name, items: storage[name].map((item) => describeItem(item, types)) }
      : null,
    calls: describeOptional(calls[name], types),
    events: describeOptional(events[name], types),
    constants: (constants(runtime)[name] ?? []).map(({ constant, codec, value }) => ({
      name: constant,
      type: codec.describe(types),
      value,
      docs: [],
    })),
    errors: describeOptional(errors[name], types),
    index,
    docs: [],
  }))
}

function storageItems(layout: EventLayout): Readonly<Record<string, readonly AnyStorageItem[]>> {
  return {
    System: [
      ...Object.values(system),
      plainItem('System.Digest', digest, { logs: [] }),
      // An empty list of records: the type matters to clients, not the fallback.
      { ...plainItem('System.Events', eventRecordsCodec(layout), null), fallback: null },
    ],
    Timestamp: Object.values(timestamp),
    Balances: Object.values(balances),
    SubtensorModule: Object.values(subtensor),
  }
}

function eventRecordsCodec(layout: EventLayout): Codec<null> {
  const record = eventRecordCodec(layout)
  return {
    encode: (_, sink) => sink.byte(0),
    decode: () => null,
    describe: (types) => {
      const type = record.describe(types)
      return types.addPlain(`Vec<${type}>`, { kind: 'sequence', type })
    },
  }
}

function describeItem(item: AnyStorageItem, types: TypeTable): StorageEntryDescription {
  const value = item.value.describe(types)
  const isOptional = item.fallback === null && item.name !== 'Events'
  return {
    name: item.name,
    modifier: isOptional ? 'Optional' : 'Default',
    type:
      item.parts.length === 0
        ? { kind: 'Plain', value: { value } }
        : {
            kind: 'Map',
            value: { hashers: item.parts.map(({ hasher }) => hasher), key: describeKey(item, types), value },
          },
    fallback: isOptional ? new Uint8Array([0]) : encode(item.value, item.fallback),
    docs: [],
  }
}

type Constant = { readonly constant: string; readonly codec: Codec<unknown>; readonly value: Uint8Array }

function constants(runtime: RuntimeDescription): Readonly<Record<string, readonly Constant[]>> {
  return {
    System: [
      { constant: 'Version', codec: runtimeVersion, value: encodeVersion(runtime) },
      { constant: 'SS58Prefix', codec: u16, value: encode(u16, 42) },
      { constant: 'BlockHashCount', codec: u32, value: encode(u32, BLOCK_HASH_COUNT) },
    ],
    Balances: [
      {
        constant: 'ExistentialDeposit',
        codec: taoBalance,
        value: encode(u64, EXISTENTIAL_DEPOSIT_RAO),
      },
    ],
  }
}

/** In node-subtensor's order. Most carry nothing; they are named so that a client meets what it meets on the real chain. */
function describeExtensions(types: TypeTable) {
  const none = unit
  const extensions: readonly (readonly [string, Codec<unknown>, Codec<unknown>])[] = [
    ['CheckNonZeroSender', none, none],
    ['CheckSpecVersion', none, u32],
    ['CheckTxVersion', none, u32],
    ['CheckGenesis', none, hash256],
    ['CheckMortality', newtype('frame_system::extensions::check_mortality::CheckMortality', era), hash256],
    ['CheckNonce', newtype('frame_system::extensions::check_nonce::CheckNonce', compactNonce), none],
    ['CheckWeight', none, none],
    [
      'ChargeTransactionPayment',
      newtype('pallet_transaction_payment::ChargeTransactionPayment', compactTip),
      none,
    ],
    ['SudoTransactionExtension', none, none],
    ['CheckShieldedTxValidity', none, none],
    ['SubtensorTransactionExtension', none, none],
    ['DrandPriority', none, none],
    [
      'CheckMetadataHash',
      struct('frame_metadata_hash_extension::CheckMetadataHash', { mode: metadataHashMode }),
      option(hash256),
    ],
  ]
  return extensions.map(([identifier, extra, additional]) => ({
    identifier,
    type: extra.describe(types),
    additional_signed: additional.describe(types),
  }))
}

function describeApis(types: TypeTable, runtime: RuntimeDescription) {
  const names = [...new Set(API_METHODS.map(({ api }) => api))].filter((name) => hasApi(runtime, name))
  return names.map((name) => ({
    name,
    methods: API_METHODS.filter(({ api }) => api === name).map(({ method, inputs, output }) => ({
      name: method,
      inputs: inputs.map(([input, codec]) => ({ name: input, type: codec.describe(types) })),
      output: output.describe(types),
      docs: [],
    })),
    docs: [],
  }))
}

function describeOptional(codec: Codec<unknown> | undefined, types: TypeTable): { type: number } | null {
  return codec ? { type: codec.describe(types) } : null
}
