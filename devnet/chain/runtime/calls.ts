/** The calls that an extrinsic can carry, with node-subtensor's indices. */

import { type Codec, lazy } from '../scale/codec.ts'
import { bytes, vec } from '../scale/collections.ts'
import { enumeration } from '../scale/named.ts'
import { bool, compact, u8, u16, u32, u64, u128 } from '../scale/numbers.ts'
import { PALLET_INDEX } from './pallets.ts'
import { multiAddress, netuid, taoBalance } from './primitives.ts'

/** An account by any of its address forms; only `Id` and `Address32` are accounts of this chain. */
export type AddressValue =
  | { readonly kind: 'Id' | 'Address32'; readonly value: { readonly _0: string } }
  | { readonly kind: 'Index' | 'Raw' | 'Address20'; readonly value: { readonly _0: unknown } }

export type SystemCall = {
  readonly kind: 'remark' | 'remark_with_event'
  readonly value: { readonly remark: Uint8Array }
}

export type BalancesCall =
  | {
      readonly kind: 'transfer_allow_death' | 'transfer_keep_alive'
      readonly value: { readonly dest: AddressValue; readonly value: bigint }
    }
  | {
      readonly kind: 'transfer_all'
      readonly value: { readonly dest: AddressValue; readonly keep_alive: boolean }
    }

export type ServeAxon = {
  readonly netuid: number
  readonly version: number
  readonly ip: bigint
  readonly port: number
  readonly ip_type: number
  readonly protocol: number
  readonly placeholder1: number
  readonly placeholder2: number
}

export type UtilityCall =
  | {
      readonly kind: 'batch' | 'batch_all' | 'force_batch'
      readonly value: { readonly calls: readonly RuntimeCall[] }
    }
  | { readonly kind: 'as_derivative'; readonly value: { readonly index: number; readonly call: RuntimeCall } }

export type RuntimeCall =
  | { readonly kind: 'System'; readonly value: { readonly _0: SystemCall } }
  | {
      readonly kind: 'Timestamp'
      readonly value: { readonly _0: { readonly kind: 'set'; readonly value: { readonly now: bigint } } }
    }
  | { readonly kind: 'Balances'; readonly value: { readonly _0: BalancesCall } }
  | {
      readonly kind: 'SubtensorModule'
      readonly value: { readonly _0: { readonly kind: 'serve_axon'; readonly value: ServeAxon } }
    }
  | { readonly kind: 'Utility'; readonly value: { readonly _0: UtilityCall } }

/** A call names calls again inside the utility pallet, which is why its type is written out above. */
export const runtimeCall: Codec<RuntimeCall> = lazy(() => calls)

const systemCall = enumeration('frame_system::pallet::Call', {
  remark: [0, { remark: bytes }],
  remark_with_event: [7, { remark: bytes }],
})

const timestampCall = enumeration('pallet_timestamp::pallet::Call', { set: [0, { now: compact(u64) }] })

const balancesCall = enumeration('pallet_balances::pallet::Call', {
  transfer_allow_death: [0, { dest: multiAddress, value: compact(taoBalance) }],
  transfer_keep_alive: [3, { dest: multiAddress, value: compact(taoBalance) }],
  transfer_all: [4, { dest: multiAddress, keep_alive: bool }],
})

const subtensorCall = enumeration('pallet_subtensor::pallet::Call', {
  serve_axon: [
    4,
    {
      netuid,
      version: u32,
      ip: u128,
      port: u16,
      ip_type: u8,
      protocol: u8,
      placeholder1: u8,
      placeholder2: u8,
    },
  ],
})

const utilityCall = enumeration('pallet_utility::pallet::Call', {
  batch: [0, { calls: vec(runtimeCall) }],
  as_derivative: [1, { index: u16, call: runtimeCall }],
  batch_all: [2, { calls: vec(runtimeCall) }],
  force_batch: [4, { calls: vec(runtimeCall) }],
})

/** Call types by pallet, for the metadata. */
export const CALLS = {
  System: systemCall,
  Timestamp: timestampCall,
  Balances: balancesCall,
  SubtensorModule: subtensorCall,
  Utility: utilityCall,
} as const

const calls: Codec<RuntimeCall> = enumeration('node_subtensor_runtime::RuntimeCall', {
  System: [PALLET_INDEX.System, { _0: systemCall }],
  Timestamp: [PALLET_INDEX.Timestamp, { _0: timestampCall }],
  Balances: [PALLET_INDEX.Balances, { _0: balancesCall }],
  SubtensorModule: [PALLET_INDEX.SubtensorModule, { _0: subtensorCall }],
  Utility: [PALLET_INDEX.Utility, { _0: utilityCall }],
})
