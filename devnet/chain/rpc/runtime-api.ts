/** `state_call`: the runtime APIs, answered from the state at a block. */
import type { BlockChain } from '../block-chain.ts'
import { feeOf } from '../execution/fees.ts'
import { RpcError } from '../execution/rpc-error.ts'
import { API_METHODS, type ApiMethod } from '../runtime/api-methods.ts'
import { decodeSignedExtrinsic } from '../runtime/extrinsic.ts'
import { buildMetadata, type MetadataBytes } from '../runtime/metadata.ts'
import { subtensor, system } from '../runtime/pallets.ts'
import { readValue, type StateReader } from '../runtime/storage.ts'
import { describeVersion, hasApi, type RuntimeDescription } from '../runtime/version.ts'
import { ByteSource, fromHex, toHex } from '../scale/bytes.ts'
import { encode } from '../scale/codec.ts'
import type { Block } from '../state/block.ts'
import { listNeuronsLite, MetagraphViews, selectFields } from './metagraph-view.ts'

const RAO_PER_TAO = 1_000_000_000n

/** APIs that need the runtime alone, not the state: a node answers them for any block it knows. */
const STATELESS_APIS = new Set(['Core', 'Metadata'])

type Call = {
  readonly block: Block
  readonly state: StateReader
  /** Decoded one by one: each reads on from where the one before it ended. */
  readonly source: ByteSource
  readonly method: ApiMethod
}

export class RuntimeApis {
  readonly #chain: BlockChain
  readonly #views = new MetagraphViews()
  readonly #metadata = new Map<string, MetadataBytes>()

  constructor(chain: BlockChain) {
    this.#chain = chain
  }

  /** Metadata of a runtime, made once. */
  metadataOf(runtime: RuntimeDescription): MetadataBytes {
    const key = JSON.stringify(runtime)
    const known = this.#metadata.get(key) ?? buildMetadata(runtime)
    this.#metadata.set(key, known)
    return known
  }

  /**
   * Calls a method by its full name, such as `AccountNonceApi_account_nonce`.
   *
   * @param argumentsHex - SCALE-encoded
   * @param hash - null for the best block
   * @throws RpcError 4003 when there is no such method, or the block's state is no longer kept
   */
  call(name: string, argumentsHex: string, hash: string | null): string {
    const method = API_METHODS.find((candidate) => `${candidate.api}_${candidate.method}` === name)
    const known = hash === null ? this.#chain.head : this.#chain.find(hash)
    const block = method && STATELESS_APIS.has(method.api) && known ? known : this.#chain.requireState(hash)
    if (!method || !hasApi(block.runtime, method.api)) {
      throw new RpcError(4003, `Client error: Execution failed: Other: Exported method ${name} is not found`)
    }
    const source = new ByteSource(fromHex(argumentsHex))
    const value = this.#answer(name, {
      block,
      state: this.#chain.state.at(block.number),
      source,
      method,
    })
    return toHex(encode(method.output, value))
  }

  #answer(name: string, call: Call): unknown {
    const { block, state, source } = call
    const metadata = () => this.metadataOf(block.runtime).v15
    switch (name) {
      case 'Core_version':
        return describeVersion(block.runtime)
      case 'Metadata_metadata':
        return this.metadataOf(block.runtime).v14
      case 'Metadata_metadata_versions':
        return [15]
      case 'Metadata_metadata_at_version':
        return argument<number>(call, 0) === 15 ? metadata() : null
      case 'AccountNonceApi_account_nonce':
        return readValue(state, system.account, argument<string>(call, 0)).nonce
      case 'TransactionPaymentApi_query_info':
      case 'TransactionPaymentApi_query_fee_details':
        return queryFee(name, source)
      case 'NeuronInfoRuntimeApi_get_neurons_lite': {
        const view = this.#view(call, argument<number>(call, 0), 0)
        return view ? listNeuronsLite(view, state) : []
      }
      case 'SubnetInfoRuntimeApi_get_selective_metagraph':
        return this.#select(call, argument<number>(call, 0), 0)
      case 'SubnetInfoRuntimeApi_get_selective_mechagraph': {
        const netuid = argument<number>(call, 0)
        return this.#select(call, netuid, argument<number>(call, 1))
      }
      case 'SwapRuntimeApi_current_alpha_price':
        return alphaPrice(state, argument<number>(call, 0))
      default:
        throw new RpcError(
          4003,
          `Client error: Execution failed: Other: Exported method ${name} is not found`,
        )
    }
  }

  #select(call: Call, netuid: number, mechid: number): Record<string, unknown> | null {
    const indexes = argument<readonly number[]>(call, call.method.inputs.length - 1)
    const view = this.#view(call, netuid, mechid)
    return view && selectFields(view, indexes)
  }

  #view({ block, state }: Call, netuid: number, mechid: number) {
    return this.#views.get({ hash: block.hash, number: block.number, state }, netuid, mechid)
  }
}

/** Decodes the next argument. The caller names the type that the method's row gives at that place. */
function argument<T>({ method, source }: Call, index: number): T {
  const input = method.inputs[index]
  if (!input) throw new Error(`${method.method} has no argument ${index}.`)
  // The row of `API_METHODS` decides the codec, and the case above names the same type.
  return input[1].decode(source) as T
}

/** The length that follows the extrinsic is not needed: the bytes are here. */
function queryFee(name: string, source: ByteSource): unknown {
  const bytes = source.bytes(Math.max(0, source.remaining - 4))
  const { feeRao, info } = feeOf(decodeSignedExtrinsic(bytes).call, bytes.length)
  if (name === 'TransactionPaymentApi_query_info') {
    return { weight: info.weight, class: info.class, partial_fee: feeRao }
  }
  const lengthRao = info.pays_fee === 'Yes' ? BigInt(bytes.length) : 0n
  return {
    inclusion_fee: { base_fee: 0n, len_fee: lengthRao, adjusted_weight_fee: feeRao - lengthRao },
    tip: 0n,
  }
}

/** Rao of TAO for one alpha. */
function alphaPrice(state: StateReader, netuid: number): bigint {
  const alpha = readValue(state, subtensor.subnetAlphaIn, netuid)
  return alpha === 0n ? 0n : (readValue(state, subtensor.subnetTao, netuid) * RAO_PER_TAO) / alpha
}
