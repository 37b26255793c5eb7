/** The network side: the chain that is read, the keys that are signed with, and in the devnet profile the development network itself. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createChain } from '../../adapters/chain/index.ts'
import { createDepositAddresses, createDevelopmentSigner } from '../../adapters/keys/index.ts'
import { type DevnetHandle, startDevnet } from '../../devnet/client.ts'
import type { Chain, Signer } from '../ports/chain.ts'
import type { Faucet } from './demo-account.ts'
import type { StartOptions } from './gateway.ts'

export type Network = {
  readonly chain: Chain
  readonly signer: Signer
  readonly endpoints: readonly string[]
  /** Deposit address by number. @throws RangeError when there are no more */
  readonly readAddress: (index: number) => string
  /** Null where the chain is not our own development network. */
  readonly faucet: Faucet | null
  /** What is wrong with the development network; null when nothing is, or there is none. */
  readonly readProblem: () => string | null
  close(): Promise<void>
}

/** The keys of a development network are no secrets: everybody's devnet has the same. */
const GATEWAY_KEY_URI = '//devnet//gateway'
const DEPOSIT_PARENT_KEY_URI = '//devnet//treasury'

const DEVNET_TIMEOUT_MS = 60_000
const CALL_TIMEOUT_MS = 10_000
/** Mainnet makes a block each 12 s; finality may be late by a few. */
const HEAD_AGE_MS_MAX = 120_000

/** @throws Error the development network cannot be started */
export async function connectNetwork(
  options: Pick<StartOptions, 'config' | 'files' | 'log'>,
): Promise<Network> {
  const { config } = options
  const devnet = config.chainEndpoints === null ? await startOwnDevnet(options) : null
  const endpoints = config.chainEndpoints ?? (devnet ? [devnet.endpoint] : [])
  const chain = createChain({
    endpoints,
    genesisHash: config.chainGenesis ?? devnet?.genesisHash ?? null,
    callTimeoutMs: CALL_TIMEOUT_MS,
    headAgeMsMax: HEAD_AGE_MS_MAX,
    now: () => performance.now(),
  })
  return {
    chain,
    endpoints,
    signer: await createDevelopmentSigner(devnet?.gatewayKeyUri ?? GATEWAY_KEY_URI),
    readAddress: await readDepositAddresses(devnet?.depositParentKeyUri),
    faucet: devnet
      ? async (address, amountRao) => {
          await devnet.fund(address, amountRao)
        }
      : null,
    readProblem: () => devnet?.problem ?? null,
    async close() {
      await chain.close()
      await devnet?.close()
    },
  }
}

/** Deposit addresses by number. They are computed, so that accounts can be opened without a chain. */
export async function readDepositAddresses(
  parentKeyUri: string = DEPOSIT_PARENT_KEY_URI,
): Promise<Network['readAddress']> {
  const parent = await createDevelopmentSigner(parentKeyUri)
  const addresses = createDepositAddresses([parent.hotkey])
  return (index) => addresses.at(index).address
}

function startOwnDevnet({
  config,
  files,
  log,
}: Pick<StartOptions, 'config' | 'files' | 'log'>): Promise<DevnetHandle> {
  const require = createRequire(import.meta.url)
  return startDevnet({
    entryFile: join(files.distDirectory, 'devnet.mjs'),
    execArgv: [],
    timeoutMs: DEVNET_TIMEOUT_MS,
    onLine: (line) => log.warn({ part: 'devnet' }, line),
    directory: join(config.dataDirectory, 'devnet'),
    chainPort: config.devnet.chainPort,
    blockMs: config.devnet.blockMs,
    upstreams: config.devnet.upstreams,
    assets: {
      expertsDirectory: join(files.rootDirectory, 'devnet', 'experts'),
      rendererPath: join(files.distDirectory, 'render.mjs'),
      rendererExecArgv: [],
      tesseractDataPath: join(
        dirname(require.resolve('@tesseract.js-data/eng/package.json')),
        '4.0.0_best_int',
      ),
    },
  })
}
