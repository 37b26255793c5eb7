/** Types that every Substrate runtime shares, with the names and indices of node-subtensor's metadata (spec 424, July 2026). */

import type { Codec, ValueOf } from '../scale/codec.ts'
import { bytes, fixedHex, option, pair, text, unit, vec } from '../scale/collections.ts'
import { enumeration, newtype, plainEnumeration, struct } from '../scale/named.ts'
import {
  compact,
  decodeCompact,
  encodeCompact,
  namedNumber,
  u8,
  u16,
  u32,
  u64,
  u128,
} from '../scale/numbers.ts'

/** A hex text of 32 bytes. */
export const accountId = newtype('sp_core::crypto::AccountId32', fixedHex(32))
export const hash256 = newtype('primitive_types::H256', fixedHex(32))
export const fixed64 = fixedHex(64)

/** An account index, which this chain does not have: `Compact<()>` takes no bytes. */
const noIndex: Codec<null> = {
  encode: () => undefined,
  decode: () => null,
  describe: (types) => {
    const type = unit.describe(types)
    return types.addPlain(`Compact<${type}>`, { kind: 'compact', type })
  },
}

export const multiAddress = enumeration(
  'sp_runtime::multiaddress::MultiAddress',
  {
    Id: [0, { _0: accountId }],
    Index: [1, { _0: noIndex }],
    Raw: [2, { _0: bytes }],
    Address32: [3, { _0: fixedHex(32) }],
    Address20: [4, { _0: fixedHex(20) }],
  },
  [
    { name: 'AccountId', codec: accountId },
    { name: 'AccountIndex', codec: unit },
  ],
)

export const multiSignature = enumeration('sp_runtime::MultiSignature', {
  Ed25519: [0, { _0: fixed64 }],
  Sr25519: [1, { _0: fixed64 }],
  Ecdsa: [2, { _0: fixedHex(65) }],
})

export const weight = struct('sp_weights::weight_v2::Weight', {
  ref_time: compact(u64),
  proof_size: compact(u64),
})

export const dispatchClass = plainEnumeration('frame_support::dispatch::DispatchClass', [
  'Normal',
  'Operational',
  'Mandatory',
])

export const dispatchInfo = struct('frame_system::DispatchEventInfo', {
  weight,
  class: dispatchClass,
  pays_fee: plainEnumeration('frame_support::dispatch::Pays', ['Yes', 'No']),
})

export type DispatchInfo = ValueOf<typeof dispatchInfo>

const moduleError = struct('sp_runtime::ModuleError', { index: u8, error: fixedHex(4) })

const tokenError = plainEnumeration('sp_runtime::TokenError', [
  'FundsUnavailable',
  'OnlyProvider',
  'BelowMinimum',
  'CannotCreate',
  'UnknownAsset',
  'Frozen',
  'Unsupported',
  'CannotCreateHold',
  'NotExpendable',
  'Blocked',
])

const arithmeticError = plainEnumeration('sp_arithmetic::ArithmeticError', [
  'Underflow',
  'Overflow',
  'DivisionByZero',
])

export const dispatchError = enumeration('sp_runtime::DispatchError', {
  Other: [0, {}],
  CannotLookup: [1, {}],
  BadOrigin: [2, {}],
  Module: [3, { _0: moduleError }],
  ConsumerRemaining: [4, {}],
  NoProviders: [5, {}],
  TooManyConsumers: [6, {}],
  Token: [7, { _0: tokenError }],
  Arithmetic: [8, { _0: arithmeticError }],
})

export type DispatchError = ValueOf<typeof dispatchError>

export const phase = enumeration('frame_system::Phase', {
  ApplyExtrinsic: [0, { _0: u32 }],
  Finalization: [1, {}],
  Initialization: [2, {}],
})

export type Phase = ValueOf<typeof phase>

const fourBytes = fixedHex(4)

export const digestItem = enumeration('sp_runtime::generic::digest::DigestItem', {
  Other: [0, { _0: bytes }],
  Consensus: [4, { _0: fourBytes, _1: bytes }],
  Seal: [5, { _0: fourBytes, _1: bytes }],
  PreRuntime: [6, { _0: fourBytes, _1: bytes }],
  RuntimeEnvironmentUpdated: [8, {}],
})

export const digest = struct('sp_runtime::generic::digest::Digest', { logs: vec(digestItem) })

export const runtimeVersion = struct('sp_version::RuntimeVersion', {
  spec_name: text,
  impl_name: text,
  authoring_version: u32,
  spec_version: u32,
  impl_version: u32,
  apis: vec(pair(fixedHex(8), u32)),
  transaction_version: u32,
  system_version: u8,
})

/** Named numbers of Subtensor since about spec 432. Their bytes are those of the plain integers. */
export const netuid = namedNumber('subtensor_runtime_common::NetUid', u16)
export const netuidStorageIndex = namedNumber('subtensor_runtime_common::NetUidStorageIndex', u16)
export const mechid = namedNumber('subtensor_runtime_common::MechId', u8)
export const taoBalance = namedNumber('subtensor_runtime_common::TaoBalance', u64)
export const alphaBalance = namedNumber('subtensor_runtime_common::AlphaBalance', u64)
export const perU16 = namedNumber('sp_arithmetic::per_things::PerU16', u16)

export const accountData = struct('pallet_balances::types::AccountData', {
  free: taoBalance,
  reserved: taoBalance,
  frozen: taoBalance,
  flags: newtype('pallet_balances::types::ExtraFlags', u128),
})

export const accountInfo = struct('frame_system::AccountInfo', {
  nonce: u32,
  consumers: u32,
  providers: u32,
  sufficients: u32,
  data: accountData,
})

export type AccountInfo = ValueOf<typeof accountInfo>

export const dispatchFee = struct('pallet_transaction_payment::types::RuntimeDispatchInfo', {
  weight,
  class: dispatchClass,
  partial_fee: taoBalance,
})

export const feeDetails = struct('pallet_transaction_payment::types::FeeDetails', {
  inclusion_fee: option(
    struct('pallet_transaction_payment::types::InclusionFee', {
      base_fee: taoBalance,
      len_fee: taoBalance,
      adjusted_weight_fee: taoBalance,
    }),
  ),
  tip: taoBalance,
})

/** `0` is immortal; else the two bytes of a mortal era as one number. */
export const era: Codec<number> = {
  encode: (value, sink) => (value === 0 ? sink.byte(0) : sink.integer(value, 2)),
  decode: (source) => {
    const first = source.byte()
    return first === 0 ? 0 : first + source.byte() * 256
  },
  describe: (types) =>
    types.add('sp_runtime::generic::era::Era', () => {
      const byte = u8.describe(types)
      const mortal = Array.from({ length: 255 }, (_, index) => ({
        name: `Mortal${index + 1}`,
        index: index + 1,
        fields: [{ name: null, type: byte }],
      }))
      return {
        path: ['sp_runtime', 'generic', 'era', 'Era'],
        parameters: [],
        definition: { kind: 'variant', variants: [{ name: 'Immortal', index: 0, fields: [] }, ...mortal] },
      }
    }),
}

/** The length of an extrinsic, as it stands before its bytes. */
export const lengthPrefix = { encode: encodeCompact, decode: decodeCompact }

export const compactNonce = compact(u32)
export const compactTip = compact(taoBalance)
