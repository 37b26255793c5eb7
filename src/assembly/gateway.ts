/** Starts the whole gateway, part by part and side by side where it can, and ends it in the opposite order. */
import { type RunFile, removeRunFile, writeRunFile } from '../cli/run-file.ts'
import type { StartFacts } from '../cli/start-lines.ts'
import type { Config } from '../config.ts'
import { RunningSignals } from '../http/running-signals.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import { type DemoAccount, fund, fundWhenNew, openDemoAccount } from './demo-account.ts'
import { type Doors, openDoors } from './doors.ts'
import { buildFace } from './face.ts'
import type { ProgramFiles } from './files.ts'
import { checkOwnDirectory } from './own-directory.ts'
import { openParts, type Parts } from './parts.ts'
import { readStates } from './states.ts'

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
  /** Says no to `readyz` for `noticeMs` while it still accepts, drains, and ends every part. */
  close(drainMs: number, noticeMs: number): Promise<void>
}

export type GatewayRole = {
  /** Whether it works on steps itself; otherwise workers beside it do. */
  readonly isWorking: boolean
}

/** What the ledger is given to write the last settles, also when the drain took all its time. */
export const CLOSE_MS_LEAST = 2_000

/**
 * Starts.
 *
 * @throws StartError, ConfigError or Error in one clear line: another process has the data directory, the port is taken, a file is wrong
 */
export async function startGateway(options: StartOptions, { isWorking }: GatewayRole): Promise<Gateway> {
  const startedMs = performance.now()
  const { config, log, progress } = options
  await checkOwnDirectory(config)
  const parts = await openParts({ ...options, role: 'gateway', isWorking })
  const { core, run, store, work } = parts
  const demo = await openDemo(options, parts)
  progress('Opening the doors …')
  const signals = new RunningSignals({ requestTimeoutMs: config.requestTimeoutMs })
  const face = buildFace({
    ...options,
    ...{ core, work, signals, directory: parts.directory, media: parts.media, metrics: parts.metrics },
    readiness: parts.readiness,
    readGenesisHash: () => parts.chain.state().genesisHash,
  })
  const doors = await openDoors({
    ...{ config, log, store, signals, accounts: core.accounts, ledger: core.ledger },
    ...{ backup: parts.backup, blobs: parts.blobs, version: options.version },
    app: face.app,
    metrics: parts.metrics,
    readStates: (states) => readStates(parts, states),
    fund: fundBy(parts.network.faucet, store),
  }).catch(async (error: unknown) => {
    await work.pipelines.close(0)
    await parts.closeRest(0)
    throw error
  })
  run.url = doors.api.url
  work.pipelines.start()
  face.warm()
  core.meter
    .ready()
    .catch((err: unknown) => log.error({ err }, 'The tokenizer could not be loaded; it is tried again.'))
  writeRunFile(config.dataDirectory, describeRun({ parts, doors, config, demoKey: demo?.key ?? null }))
  const tookMs = performance.now() - startedMs
  return {
    url: doors.api.url,
    adminUrl: doors.admin.url,
    adminToken: doors.adminToken,
    readFacts: () => readFacts({ parts, demo, config, version: options.version, url: doors.api.url, tookMs }),
    async close(drainMs, noticeMs) {
      await announceEnd(parts, noticeMs)
      const deadlineMs = performance.now() + drainMs
      await Promise.all([doors.close(drainMs), work.pipelines.close(drainMs)])
      removeRunFile(config.dataDirectory)
      await parts.closeRest(Math.max(CLOSE_MS_LEAST, deadlineMs - performance.now()))
    },
  }
}

/** Tells whoever asks `readyz` that this process is about to go, while it still takes what comes. */
export async function announceEnd({ run }: Pick<Parts, 'run'>, noticeMs: number): Promise<void> {
  run.shutdown = 'the process is shutting down'
  if (noticeMs > 0) await new Promise((resolve) => setTimeout(resolve, noticeMs))
}

/**
 * Opens the demo account: by whoever owns the development network, or has the store to itself, or was given the key. Another process
 * would make a key of its own, and so end that of the first.
 */
async function openDemo({ config, log, progress }: StartOptions, parts: Parts): Promise<DemoAccount | null> {
  const { network, store, core } = parts
  if (config.database !== null && network.faucet === null && config.demoKey === null) return null
  const demo = await openDemoAccount(core.accounts, config)
  if (network.faucet === null) return demo
  const { availableRao } = await store.ledger.readBalance(demo.account.id)
  if (availableRao === 0n) progress('Funding the demo account by a transfer on the development chain …')
  await fundWhenNew(demo.account, { ledger: store.ledger, faucet: network.faucet, log })
  return demo
}

function fundBy(faucet: Parts['network']['faucet'], store: Store) {
  if (faucet === null) return null
  return async (accountId: string, amountRao: bigint) => {
    await fund(await store.accounts.get(accountId), amountRao, { ledger: store.ledger, faucet })
  }
}

type Started = { readonly parts: Parts; readonly config: Config }

function describeRun({
  parts,
  config,
  doors,
  demoKey,
}: Started & { readonly doors: Doors; readonly demoKey: string | null }): RunFile {
  return {
    version: 1,
    pid: process.pid,
    url: doors.api.url,
    admin: { url: doors.admin.url, token: doors.adminToken },
    profile: config.profile,
    chain: { endpoints: [...parts.network.endpoints], genesis: parts.chain.state().genesisHash },
    demoKey,
    startedAt: new Date().toISOString(),
  }
}

async function readFacts({
  parts,
  config,
  demo,
  ...facts
}: Started & {
  readonly demo: DemoAccount | null
  readonly version: string
  readonly url: string
  readonly tookMs: number
}): Promise<StartFacts> {
  const { finalized, genesisHash, problem } = parts.chain.state()
  const balance = demo && (await parts.store.ledger.readBalance(demo.account.id))
  return {
    ...facts,
    profile: config.profile,
    dataDirectory: config.dataDirectory,
    chain: {
      endpoints: parts.network.endpoints,
      block: finalized?.number ?? null,
      genesis: genesisHash,
      problem,
    },
    experts: parts.directory.status(),
    demo: demo && balance && { key: demo.key, availableRao: balance.availableRao },
    recording: 'examples/spoken-request.wav',
  }
}
