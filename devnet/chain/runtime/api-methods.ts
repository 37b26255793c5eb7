/** The runtime APIs that `state_call` answers: names, arguments and results, as the metadata describes them. */

import type { Codec } from '../scale/codec.ts'
import { bytes, option, unit, vec } from '../scale/collections.ts'
import { newtype } from '../scale/named.ts'
import { u16, u32, u64 } from '../scale/numbers.ts'
import { runtimeCall } from './calls.ts'
import {
  accountId,
  dispatchFee,
  feeDetails,
  mechid,
  multiAddress,
  multiSignature,
  netuid,
  runtimeVersion,
} from './primitives.ts'
import { neuronInfoLite, selectiveMetagraph } from './subtensor-types.ts'

export type ApiMethod = {
  readonly api: string
  readonly method: string
  readonly inputs: readonly (readonly [name: string, codec: Codec<unknown>])[]
  readonly output: Codec<unknown>
}

/** Metadata as one opaque byte string. */
const opaqueMetadata = newtype('sp_core::OpaqueMetadata', bytes)

/** Clients find address, call and signature types by the parameters. The bytes are never read by this codec. */
export const uncheckedExtrinsic: Codec<Uint8Array> = {
  encode: bytes.encode,
  decode: (source) => source.bytes(source.remaining),
  describe: (types) =>
    types.add('UncheckedExtrinsic', () => ({
      path: ['sp_runtime', 'generic', 'unchecked_extrinsic', 'UncheckedExtrinsic'],
      parameters: [
        { name: 'Address', type: multiAddress.describe(types) },
        { name: 'Call', type: runtimeCall.describe(types) },
        { name: 'Signature', type: multiSignature.describe(types) },
        { name: 'Extra', type: unit.describe(types) },
      ],
      definition: { kind: 'composite', fields: [{ name: null, type: bytes.describe(types) }] },
    })),
}

export const API_METHODS: readonly ApiMethod[] = [
  method('Core_version', [], runtimeVersion),
  method('Metadata_metadata', [], opaqueMetadata),
  method('Metadata_metadata_at_version', [['version', u32]], option(opaqueMetadata)),
  method('Metadata_metadata_versions', [], vec(u32)),
  method('AccountNonceApi_account_nonce', [['account', accountId]], u32),
  method('TransactionPaymentApi_query_info', extrinsicInputs(), dispatchFee),
  method('TransactionPaymentApi_query_fee_details', extrinsicInputs(), feeDetails),
  method('NeuronInfoRuntimeApi_get_neurons_lite', [['netuid', netuid]], vec(neuronInfoLite)),
  method(
    'SubnetInfoRuntimeApi_get_selective_metagraph',
    [
      ['netuid', netuid],
      ['metagraph_indexes', vec(u16)],
    ],
    option(selectiveMetagraph),
  ),
  method(
    'SubnetInfoRuntimeApi_get_selective_mechagraph',
    [
      ['netuid', netuid],
      ['subid', mechid],
      ['metagraph_indexes', vec(u16)],
    ],
    option(selectiveMetagraph),
  ),
  method('SwapRuntimeApi_current_alpha_price', [['netuid', netuid]], u64),
]

function extrinsicInputs(): ApiMethod['inputs'] {
  return [
    ['uxt', uncheckedExtrinsic],
    ['len', u32],
  ]
}

function method(name: string, inputs: ApiMethod['inputs'], output: Codec<unknown>): ApiMethod {
  const [api = '', ...rest] = name.split('_')
  return { api, method: rest.join('_'), inputs, output }
}
