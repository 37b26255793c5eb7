/** The development chain: a look-alike of a Subtensor node on loopback, whose blocks and state outlive its process. */
import { randomBytes } from 'node:crypto'
import { waitReady } from '@polkadot/wasm-crypto'
import type { AxonAddress } from './axons.ts'
import { BlockChain } from './block-chain.ts'
import { DevnetOperations } from './operations.ts'
import { queryMethods } from './rpc/methods.ts'
import { RuntimeApis } from './rpc/runtime-api.ts'
import { RpcServer } from './rpc/server.ts'
import { subscriptions } from './rpc/subscriptions.ts'
import { FIRST_RUNTIME, type RuntimeDescription } from './runtime/version.ts'
import { toHex } from './scale/bytes.ts'
import { buildGenesis } from './seed.ts'
import { ChainDirectory } from './state/chain-directory.ts'

export type { AxonAddress } from './axons.ts'
export { createFaucet, type Faucet, type FaucetPayment } from './faucet.ts'
export { DEPOSIT_PARENT_KEY_URI, type DevnetNeuron, devnetNeurons, GATEWAY_KEY_URI } from './neurons.ts'
export type { DevnetOperations } from './operations.ts'

export type DevnetChainOptions = {
  /** Where blocks and state are kept. Made when it is not there; one process at a time. */
  readonly directory: string
  /** TCP port on 127.0.0.1; 0 takes a free one. */
  readonly port?: number
  /** Milliseconds between blocks; 0 makes blocks only when `produce` is called. */
  readonly blockMs?: number
  /** Blocks that finality is behind the head. */
  readonly finalityLag?: number
  /** Blocks that become final together: real finality comes in such batches, and only the last of one is announced. */
  readonly finalityBatch?: number
  /** Where miners listen, by ss58 hotkey. Published, and final, before the promise resolves. */
  readonly axons?: ReadonlyMap<string, AxonAddress>
  /** Runtime of a new chain. */
  readonly runtime?: RuntimeDescription
  /** Hex of 32 bytes that a new chain's genesis depends on; equal ones make equal chains. Default: random. */
  readonly entropy?: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Called when blocks could not be written. They are not announced as final then. */
  readonly onDiskError?: (error: unknown) => void
}

export type DevnetChain = {
  /** `ws://127.0.0.1:<port>`. */
  readonly endpoint: string
  /** `0x` and 64 hex digits. */
  readonly genesisHash: string
  /** What is done to the chain from outside: blocks, scores, axons, faults. */
  readonly operations: DevnetOperations
  /** Stops making blocks, closes connections, waits for the disk. */
  close(): Promise<void>
}

/** A block a second lets a deposit be credited while somebody watches. */
const BLOCK_MS_DEFAULT = 1_000

const FINALITY_LAG_DEFAULT = 2

/**
 * Starts the chain in a directory, from its genesis or from where it was.
 *
 * @throws DamagedLogError when blocks that were final are missing from the directory
 */
export async function startDevnetChain(options: DevnetChainOptions): Promise<DevnetChain> {
  await waitReady()
  const now = options.now ?? Date.now
  const { directory, stored } = await ChainDirectory.open(options.directory)
  const blocks = [...stored.blocks]
  if (blocks.length === 0) {
    const genesis = await buildGenesis({
      runtime: options.runtime ?? FIRST_RUNTIME,
      entropy: options.entropy ?? toHex(randomBytes(32)),
      nowMs: now(),
    })
    await directory.append([genesis])
    blocks.push(genesis)
  }
  const chain = new BlockChain(
    directory,
    { ...stored, blocks },
    {
      finalityLag: options.finalityLag ?? FINALITY_LAG_DEFAULT,
      finalityBatch: options.finalityBatch ?? 1,
      now,
      onDiskError: options.onDiskError ?? ((error) => process.emitWarning(String(error))),
    },
  )
  return serve(chain, options).catch(async (error: unknown) => {
    await chain.close()
    throw error
  })
}

async function serve(chain: BlockChain, options: DevnetChainOptions): Promise<DevnetChain> {
  const server = new RpcServer(options.port ?? 0, {
    methods: queryMethods(chain, new RuntimeApis(chain)),
    subscriptions: subscriptions(chain),
  })
  const operations = new DevnetOperations(chain, server)
  if (options.axons) {
    operations.publishAxons(options.axons)
    await operations.produce((options.finalityLag ?? FINALITY_LAG_DEFAULT) + 1)
  }
  const port = await server.listening()
  operations.startTimer(options.blockMs ?? BLOCK_MS_DEFAULT)
  return {
    endpoint: `ws://127.0.0.1:${port}`,
    genesisHash: chain.genesisHash,
    operations,
    close: async () => {
      await operations.stopTimer()
      await server.close()
      await chain.close()
    },
  }
}
