/** Starts the whole gateway, part by part and side by side where it can, and ends it in the opposite order. */
import { join } from 'node:path'
import { directoryBlobs } from '../../adapters/blobs/directory.ts'
import { createMedia } from '../../adapters/media/index.ts'
import { postgresBackend } from '../../adapters/queue/postgres-backend.ts'
import { createStepQueue } from '../../adapters/queue/step-queue.ts'
import type { EmbeddedStore } from '../../adapters/store/embedded/open-embedded-store.ts'
import { startDepositWatcher } from '../billing/deposits.ts'
import { openPriceBook } from '../billing/price-book.ts'
import { parsePrices } from '../billing/prices.ts'
import { startSweeper } from '../billing/sweeper.ts'
import { systemTiming } from '../billing/timing.ts'
import { removeRunFile, writeRunFile } from '../cli/run-file.ts'
import type { StartFacts } from '../cli/start-lines.ts'
import type { Config } from '../config.ts'
import { RunningSignals } from '../http/running-signals.ts'
import type { Directory } from '../network/directory.ts'
import { Snapshots } from '../network/snapshots.ts'
import type { Logger } from '../ports/logger.ts'
import { openBase } from './base.ts'
import { buildCore } from './core.ts'
import { type DemoAccount, fund, fundWhenNew, openDemoAccount } from './demo-account.ts'
import { openDoors } from './doors.ts'
import { buildFace } from './face.ts'
import type { ProgramFiles } from './files.ts'
import type { connectNetwork } from './network.ts'
import { readReadiness } from './readiness.ts'

export type StartOptions = {
  readonly config: Config
  readonly files: ProgramFiles
  readonly version: string
  readonly log: Logger
  /** One line about what is being done, for people who wait. */
  readonly progress: (line: string) => void
}

export type Gateway = {
  readonly url: string
  readonly adminUrl: string
  readonly adminToken: string
  readFacts(): Promise<StartFacts>
  /** Drains and ends every part. */
  close(drainMs: number): Promise<void>
}

/** What the ledger is given to write the last settles, also when the drain took all its time. */
const CLOSE_MS_LEAST = 2_000

/** How long the start waits for the chain before it goes on with what is stored. */
const CHAIN_WAIT_MS = 10_000

/**
 * Starts.
 *
 * @throws StartError, ConfigError or Error in one clear line: another process has the data directory, the port is taken, a file is wrong
 */
export async function startGateway(options: StartOptions): Promise<Gateway> {
  const startedMs = performance.now()
  const parts = await startParts(options)
  const { config, log } = options
  const { core, face, run, store } = parts
  const doors = await openDoors({
    ...{ config, log, store, signals: parts.signals, accounts: core.accounts, ledger: core.ledger },
    app: face.app,
    fund: fundBy(parts.network.faucet, store),
  }).catch(async (error: unknown) => {
    await face.close(0)
    await parts.closeRest(0)
    throw error
  })
  run.url = doors.api.url
  face.start()
  core.meter
    .ready()
    .catch((cause: unknown) =>
      log.error({ err: cause }, 'The tokenizer could not be loaded; it is tried again.'),
    )
  writeRunFile(config.dataDirectory, {
    version: 1,
    pid: process.pid,
    url: doors.api.url,
    admin: { url: doors.admin.url, token: doors.adminToken },
    profile: config.profile,
    chain: { endpoints: [...parts.network.endpoints], genesis: parts.chain.state().genesisHash },
    demoKey: parts.demo.key,
    startedAt: new Date().toISOString(),
  })
  const tookMs = performance.now() - startedMs
  return {
    url: doors.api.url,
    adminUrl: doors.admin.url,
    adminToken: doors.adminToken,
    readFacts: () => readFacts(parts, { ...options, url: doors.api.url, tookMs }),
    async close(drainMs) {
      run.shutdown = 'the gateway is shutting down'
      const deadlineMs = performance.now() + drainMs
      await Promise.all([doors.close(drainMs), face.close(drainMs)])
      removeRunFile(config.dataDirectory)
      await parts.closeRest(Math.max(CLOSE_MS_LEAST, deadlineMs - performance.now()))
    },
  }
}

type Parts = Awaited<ReturnType<typeof startParts>>

async function startParts(options: StartOptions) {
  const { config, files, log, progress } = options
  const base = await openBase(options)
  const { store, network, directory, processId } = base
  const { chain } = network
  const prices = await openPriceBook(store.documents, parsePrices(base.subnets.prices))
  const core = buildCore({
    ...options,
    ...{ directory, store, prices: prices.current },
    signer: network.signer,
    readAddress: network.readAddress,
    readGenesisHash: () => chain.state().genesisHash ?? config.chainGenesis,
  })
  const snapshots = await startSnapshots(options, { network, directory, store, core })
  const sweeper = startSweeper({ ledger: store.ledger, timing: systemTiming, log, onlyProcessId: processId })
  const watcher = startDepositWatcher({ chain, deposits: store.deposits, timing: systemTiming, log })
  const demo = await openDemo(options, { network, store, core })
  progress('Opening the doors …')
  const media = createMedia({
    decodeEntry: new URL(`file://${join(files.distDirectory, 'decode-thread.mjs')}`),
    secondsMax: config.audioSecondsMax,
  })
  const backend = await postgresBackend(base.queuePool)
  const queue = createStepQueue({ backend, logger: (line) => log.warn({ part: 'queue' }, line) })
  const signals = new RunningSignals({ requestTimeoutMs: config.requestTimeoutMs })
  const run = { url: '', shutdown: null as string | null }
  const readiness = () =>
    readReadiness({
      ...{ store, chain, snapshots, directory, queue, watcher, performer: core.performer, purse: core.purse },
      readShutdown: () => run.shutdown,
      readDevnetProblem: network.readProblem,
    })
  const face = buildFace({
    ...options,
    ...{ processId, store, directory, core, prices, media, queue, signals, readiness },
    blobs: directoryBlobs(join(config.dataDirectory, 'blobs')),
    baseUrl: () => run.url,
    readGenesisHash: () => chain.state().genesisHash,
  })
  const closeRest = async (drainMs: number) => {
    await core.purse.close(drainMs)
    await Promise.all([watcher.close(), sweeper.close(), media.close(), core.closeDialects()])
    snapshots.close()
    await store.lifecycle.close()
    await network.close()
  }
  return { ...base, core, chain, demo, run, face, signals, closeRest }
}

type SnapshotParts = {
  readonly network: Awaited<ReturnType<typeof connectNetwork>>
  readonly directory: Directory
  readonly store: EmbeddedStore['store']
  readonly core: ReturnType<typeof buildCore>
}

/** Reads the chain, or goes on with what is stored while it cannot be reached. */
async function startSnapshots(
  { config, log, progress }: StartOptions,
  { network, directory, store, core }: SnapshotParts,
): Promise<Snapshots> {
  const snapshots = new Snapshots({
    chain: network.chain,
    directory,
    documents: store.documents,
    log,
    wallMs: Date.now,
    ageMsMax: config.snapshotAgeMsMax,
    onChange: () => core.performer.wake(),
  })
  progress('Reading the chain …')
  const isReached = await network.chain.ready(CHAIN_WAIT_MS).then(
    () => true,
    () => false,
  )
  // Without a chain to ask, the one that deposits were last read from.
  const known =
    network.chain.state().genesisHash ??
    config.chainGenesis ??
    (await store.deposits.readCursor())?.genesisHash
  await snapshots.restore(known ?? null)
  if (isReached) await snapshots.start()
  else {
    progress(
      `The chain cannot be reached at ${network.endpoints.join(', ')}: going on with what is stored, trying again in the background.`,
    )
    void snapshots.start()
  }
  return snapshots
}

async function openDemo(
  { config, log, progress }: StartOptions,
  { network, store, core }: Omit<SnapshotParts, 'directory'>,
): Promise<DemoAccount> {
  const demo = await openDemoAccount(core.accounts, config)
  if (network.faucet === null) return demo
  const { availableRao } = await store.ledger.readBalance(demo.account.id)
  if (availableRao === 0n) progress('Funding the demo account by a transfer on the development chain …')
  await fundWhenNew(demo.account, { ledger: store.ledger, faucet: network.faucet, log })
  return demo
}

function fundBy(faucet: Awaited<ReturnType<typeof connectNetwork>>['faucet'], store: EmbeddedStore['store']) {
  if (faucet === null) return null
  return async (accountId: string, amountRao: bigint) => {
    await fund(await store.accounts.get(accountId), amountRao, { ledger: store.ledger, faucet })
  }
}

async function readFacts(
  parts: Parts,
  { config, version, url, tookMs }: StartOptions & { url: string; tookMs: number },
): Promise<StartFacts> {
  const { finalized, genesisHash, problem } = parts.chain.state()
  const { availableRao } = await parts.store.ledger.readBalance(parts.demo.account.id)
  return {
    version,
    url,
    tookMs,
    profile: config.profile,
    dataDirectory: config.dataDirectory,
    chain: {
      endpoints: parts.network.endpoints,
      block: finalized?.number ?? null,
      genesis: genesisHash,
      problem,
    },
    experts: parts.directory.status(),
    demo: { key: parts.demo.key, availableRao },
    recording: 'examples/spoken-request.wav',
  }
}
