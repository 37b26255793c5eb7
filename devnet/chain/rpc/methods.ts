/** The RPC methods that answer once. Names, parameters and answers are those of a Substrate node. */
import { z } from 'zod'
import type { BlockChain } from '../block-chain.ts'
import { RpcError } from '../execution/rpc-error.ts'
import { addressToAccount, blake256 } from '../hashing.ts'
import { EVENTS_KEY } from '../runtime/events.ts'
import { versionJson } from '../runtime/version.ts'
import { fromHex, toHex } from '../scale/bytes.ts'
import { type Block, headerJson } from '../state/block.ts'
import type { RuntimeApis } from './runtime-api.ts'

export type RpcMethod = (parameters: readonly unknown[]) => unknown

/** As a node's limit for one page of keys. */
const KEYS_PER_PAGE_MAX = 1_000

const hex = z.string().regex(/^0x([0-9a-fA-F]{2})*$/)
const hash = hex.length(66)
const optionalHash = hash.nullish().transform((value) => value ?? null)
const blockNumber = z.union([z.number().int().min(0), hex.transform((text) => Number(text))])

export function queryMethods(chain: BlockChain, apis: RuntimeApis): Readonly<Record<string, RpcMethod>> {
  return { ...systemMethods(chain), ...chainMethods(chain), ...stateMethods(chain, apis) }
}

/** Reads the value at a key as of a block: events are kept longer than the rest of the state. */
export function readStorage(chain: BlockChain, key: string, blockHash: string | null): string | null {
  const known = blockHash === null ? chain.head : chain.find(blockHash)
  if (key === EVENTS_KEY && known) return known.events
  return chain.state.get(key, chain.requireState(blockHash).number)
}

function systemMethods(chain: BlockChain): Record<string, RpcMethod> {
  const nextIndex: RpcMethod = (parameters) => {
    const [address] = parse(z.tuple([z.string()]), parameters)
    return chain.pool.nextNonce(readAddress(address))
  }
  return {
    system_chain: () => 'Bittensor Devnet',
    system_name: () => 'yumagate-devnet',
    system_version: () => '1.0.0',
    system_chainType: () => 'Local',
    system_properties: () => ({ ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'TAO', isEthereum: false }),
    system_health: () => ({ peers: 0, isSyncing: false, shouldHavePeers: false }),
    system_peers: () => [],
    system_nodeRoles: () => ['Full'],
    system_syncState: () => ({
      startingBlock: 0,
      currentBlock: chain.head.number,
      highestBlock: chain.head.number,
    }),
    system_accountNextIndex: nextIndex,
    account_nextIndex: nextIndex,
    author_submitExtrinsic: (parameters) => {
      const [extrinsic] = parse(z.tuple([z.string()]), parameters)
      return chain.pool.submit(extrinsic, null)
    },
    author_pendingExtrinsics: () => chain.pool.list(),
  }
}

function chainMethods(chain: BlockChain): Record<string, RpcMethod> {
  const numbers = z.union([blockNumber, z.array(blockNumber)]).nullish()
  const find = (parameters: readonly unknown[]): Block | null => {
    const [wanted] = parse(z.tuple([optionalHash]), [parameters[0]])
    return wanted === null ? chain.head : chain.find(wanted)
  }
  return {
    chain_getBlockHash: (parameters) => {
      const [wanted] = parse(z.tuple([numbers]), [parameters[0]])
      if (wanted === null || wanted === undefined) return chain.head.hash
      return Array.isArray(wanted) ? wanted.map((number) => chain.hashOf(number)) : chain.hashOf(wanted)
    },
    chain_getFinalizedHead: () => chain.finalized.hash,
    chain_getHeader: (parameters) => {
      const block = find(parameters)
      return block && headerJson(block)
    },
    chain_getBlock: (parameters) => {
      const block = find(parameters)
      return (
        block && { block: { header: headerJson(block), extrinsics: block.extrinsics }, justifications: null }
      )
    },
  }
}

function stateMethods(chain: BlockChain, apis: RuntimeApis): Record<string, RpcMethod> {
  const runtimeAt = (parameters: readonly unknown[]) => {
    const [wanted] = parse(z.tuple([optionalHash]), [parameters[0]])
    const block = wanted === null ? chain.head : chain.find(wanted)
    if (!block) throw new RpcError(4003, `Client error: UnknownBlock: ${wanted}`)
    return block.runtime
  }
  const keyAndHash = z.tuple([hex, optionalHash])
  const read = ([key, wanted]: readonly unknown[]) => {
    const [checkedKey, checkedHash] = parse(keyAndHash, [key, wanted])
    return readStorage(chain, checkedKey.toLowerCase(), checkedHash)
  }
  return {
    state_getRuntimeVersion: (parameters) => versionJson(runtimeAt(parameters)),
    // V14, as real nodes answer: it describes no runtime APIs.
    state_getMetadata: (parameters) => toHex(apis.metadataOf(runtimeAt(parameters)).v14),
    state_call: ([name, data, wanted]) => {
      const [method, input, at] = parse(z.tuple([z.string(), hex, optionalHash]), [name, data, wanted])
      return apis.call(method, input, at)
    },
    state_getStorage: read,
    state_getStorageHash: (parameters) => {
      const value = read(parameters)
      return value === null ? null : blake256(fromHex(value))
    },
    state_getStorageSize: (parameters) => {
      const value = read(parameters)
      return value === null ? null : (value.length - 2) / 2
    },
    state_getKeysPaged: (parameters) => listKeys(chain, parameters),
    state_queryStorageAt: ([keys, wanted]) => {
      const [checkedKeys, at] = parse(z.tuple([z.array(hex), optionalHash]), [keys, wanted])
      const block = chain.requireState(at)
      const changes = checkedKeys.map((key) => [key, readStorage(chain, key.toLowerCase(), block.hash)])
      return [{ block: block.hash, changes }]
    },
  }
}

function listKeys(chain: BlockChain, parameters: readonly unknown[]): string[] {
  const schema = z.tuple([hex.nullish(), z.number().int().min(0), hex.nullish(), optionalHash])
  const [prefix, count, start, at] = parse(
    schema,
    [0, 1, 2, 3].map((index) => parameters[index]),
  )
  if (count > KEYS_PER_PAGE_MAX) {
    throw new RpcError(4002, `count exceeds maximum value. value: ${count}, max: ${KEYS_PER_PAGE_MAX}`)
  }
  const block = chain.requireState(at)
  return chain.state.listKeys(prefix?.toLowerCase() ?? '0x', block.number, {
    count,
    start: start?.toLowerCase() ?? null,
  })
}

function readAddress(address: string): string {
  try {
    return addressToAccount(address)
  } catch {
    throw new RpcError(-32602, 'Invalid params', 'Not an ss58 address.')
  }
}

/** Checks parameters. @throws RpcError -32602 */
export function parse<T>(schema: z.ZodType<T>, parameters: unknown): T {
  const parsed = schema.safeParse(parameters)
  if (!parsed.success) throw new RpcError(-32602, 'Invalid params', parsed.error.issues[0]?.message ?? null)
  return parsed.data
}
