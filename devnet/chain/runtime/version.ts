/** What a runtime says of itself. A block's runtime is part of the chain's state, so that an upgrade survives a restart. */
import { blake2AsU8a } from '@polkadot/util-crypto'
import { fromHex, toHex } from '../scale/bytes.ts'
import { decode, encode, type ValueOf } from '../scale/codec.ts'
import { text } from '../scale/collections.ts'
import type { EventLayout } from './events.ts'
import { runtimeVersion } from './primitives.ts'

export type RuntimeDescription = {
  readonly specVersion: number
  readonly eventLayout: EventLayout
  /** Whether the runtime answers for whole subnets (`SubnetInfoRuntimeApi`), or is as old as those that do not. */
  readonly metagraphApi: boolean
}

/** The newest spec that the layouts here were compared with. */
export const FIRST_RUNTIME: RuntimeDescription = {
  specVersion: 473,
  eventLayout: 'current',
  metagraphApi: true,
}

/** Hex of the key `:code`, where a chain keeps its runtime. Some clients ask for its hash to tell runtimes apart. */
export const CODE_KEY = '0x3a636f6465'

const RUNTIME_APIS: readonly (readonly [name: string, version: number])[] = [
  ['Core', 5],
  ['Metadata', 2],
  ['BlockBuilder', 6],
  ['TaggedTransactionQueue', 3],
  ['AccountNonceApi', 1],
  ['TransactionPaymentApi', 4],
  ['NeuronInfoRuntimeApi', 1],
  ['SubnetInfoRuntimeApi', 1],
  ['SwapRuntimeApi', 1],
]

export function describeVersion(description: RuntimeDescription): ValueOf<typeof runtimeVersion> {
  return {
    spec_name: 'node-subtensor',
    impl_name: 'node-subtensor',
    authoring_version: 1,
    spec_version: description.specVersion,
    impl_version: 1,
    apis: RUNTIME_APIS.filter(([name]) => hasApi(description, name)).map(
      ([name, version]) => [toHex(blake2AsU8a(name, 64)), version] as const,
    ),
    transaction_version: 1,
    system_version: 1,
  }
}

/** Whether the runtime has an API of that name. */
export function hasApi(description: RuntimeDescription, name: string): boolean {
  return description.metagraphApi || name !== 'SubnetInfoRuntimeApi'
}

export function encodeVersion(description: RuntimeDescription): Uint8Array {
  return encode(runtimeVersion, describeVersion(description))
}

/** As `state_getRuntimeVersion` answers. */
export function versionJson(description: RuntimeDescription) {
  const version = describeVersion(description)
  return {
    specName: version.spec_name,
    implName: version.impl_name,
    authoringVersion: version.authoring_version,
    specVersion: version.spec_version,
    implVersion: version.impl_version,
    apis: version.apis,
    transactionVersion: version.transaction_version,
    systemVersion: version.system_version,
    stateVersion: version.system_version,
  }
}

/** The value at `:code`: there is no WASM here, so the description stands for it. */
export function encodeCode(description: RuntimeDescription): string {
  return toHex(encode(text, JSON.stringify(description)))
}

/** @throws Error when it was not written by `encodeCode` */
export function decodeCode(code: string): RuntimeDescription {
  const json: unknown = JSON.parse(decode(text, fromHex(code)))
  if (typeof json !== 'object' || json === null) throw new Error('The runtime is not described.')
  const { specVersion, eventLayout, metagraphApi }: Partial<Record<keyof RuntimeDescription, unknown>> = json
  if (typeof specVersion !== 'number') throw new Error('The runtime has no spec version.')
  return {
    specVersion,
    eventLayout: eventLayout === 'memo' ? 'memo' : 'current',
    metagraphApi: metagraphApi === true,
  }
}
