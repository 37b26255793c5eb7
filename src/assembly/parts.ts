/** The parts that every process has, gateway or worker: what it stands on, what it does for the others, and the work on runs. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createMedia } from '../../adapters/media/index.ts'
import { createStepQueue } from '../../adapters/queue/step-queue.ts'
import { createMetrics } from '../../adapters/telemetry/metrics.ts'
import { MINER_HEALTH } from '../../routers/miners/health.ts'
import { openDepositOffice } from '../billing/deposit-office.ts'
import { openPriceBook } from '../billing/price-book.ts'
import { parsePrices } from '../billing/prices.ts'
import { startSweeper } from '../billing/sweeper.ts'
import { systemTiming } from '../billing/timing.ts'
import { startHeartbeat } from '../fleet/heartbeat.ts'
import { openRetentionOffice } from '../fleet/retention-office.ts'
import { shareHealth } from '../network/shared-health.ts'
import type { ProcessRole } from '../ports/fleet.ts'
import type { Documents } from '../ports/store.ts'
import { openBase } from './base.ts'
import { buildCore } from './core.ts'
import type { StartOptions } from './gateway.ts'
import { readReadiness } from './readiness.ts'
import { openSecret } from './secrets.ts'
import { startSnapshots } from './snapshots.ts'
import { buildWork } from './work.ts'

export type PartsOptions = StartOptions & {
  readonly role: ProcessRole
  /** Whether this process works on steps itself. */
  readonly isWorking: boolean
}

export type Parts = Awaited<ReturnType<typeof openParts>>

/** @throws StartError a file is wrong, the store or its chain is not ours · Error in one clear line */
export async function openParts(options: PartsOptions) {
  const { config, files, log, role } = options
  const isAlone = config.database === null
  const base = await openBase(options)
  const { store, network, directory, processId } = base
  const { chain } = network
  const prices = await openPriceBook(store.documents, parsePrices(base.subnets.prices))
  const metrics = createMetrics()
  let gateways = 1
  const core = buildCore({
    ...options,
    ...{ directory, store, metrics, prices: prices.current },
    leaseCalls: base.leaseCalls,
    signer: network.signer,
    readAddress: network.readAddress,
    readGenesisHash: () => chain.state().genesisHash ?? config.chainGenesis,
    limits: base.limits,
    readGateways: () => gateways,
  })
  // Before anything is held or claimed in this process's name.
  const heartbeat = await startHeartbeat({
    ...{ fleet: store.fleet, self: { id: processId, role }, timing: systemTiming, log },
    onChange: (living) => {
      gateways = living.filter((one) => one.role === 'gateway').length
      core.performer.share(countSharers(role, living))
    },
  })
  const snapshots = await startSnapshots(options, { network, directory, store, core })
  const duties = await startDuties(options, { ...base, isAlone, core })
  const media = createMedia({
    decodeEntry: new URL(`file://${join(files.distDirectory, 'decode-thread.mjs')}`),
    secondsMax: config.audioSecondsMax,
  })
  const queue = createStepQueue({
    backend: base.queueBackend,
    logger: (line) => log.warn({ part: 'queue' }, line),
  })
  const run = { url: '', shutdown: null as string | null }
  const work = buildWork({
    ...options,
    ...{ processId, isAlone, store, directory, core, prices, media, queue },
    blobs: base.blobs,
    linkSecret: await openLinkSecret(options, { isAlone, documents: store.documents }),
    baseUrl: () => run.url,
    readGenesisHash: () => chain.state().genesisHash,
  })
  return {
    ...{ ...base, chain, core, snapshots, media, work, run, metrics },
    ...duties.told,
    readiness: () =>
      readReadiness({
        ...{ store, chain, snapshots, directory, queue, performer: core.performer, purse: core.purse },
        ...{ ...duties.told, limits: core.limits, readFleet: heartbeat.state },
        readShutdown: () => run.shutdown,
        readDevnetProblem: network.readProblem,
      }),
    /** Ends everything but the work. @param drainMs - what the ledger is given to write the last settles */
    async closeRest(drainMs: number) {
      await core.purse.close(drainMs)
      await Promise.all([duties.close(), media.close(), core.closeDialects()])
      snapshots.close()
      await heartbeat.close()
      await base.closeStorage()
      await network.close()
    },
  }
}

/** Gateways share the permits of a miner; what workers do on the side must not take from chat, so they count themselves too. */
function countSharers(role: ProcessRole, living: readonly { readonly role: ProcessRole }[]): number {
  const sharers = role === 'worker' ? living : living.filter((one) => one.role === 'gateway')
  return Math.max(1, sharers.length)
}

type DutyParts = Pick<Awaited<ReturnType<typeof openBase>>, 'store' | 'blobs' | 'network' | 'processId'> & {
  readonly isAlone: boolean
  readonly core: ReturnType<typeof buildCore>
}

/** What each process does for all: late holds, deposits when it is its turn, what is known of miners. */
async function startDuties(
  { config, log }: StartOptions,
  { store, blobs, network, processId, isAlone, core }: DutyParts,
) {
  const common = { timing: systemTiming, log }
  const sweeper = startSweeper({
    ...common,
    ledger: store.ledger,
    onlyProcessId: isAlone ? processId : null,
  })
  const watcher = openDepositOffice({
    ...{ ...common, chain: network.chain, deposits: store.deposits },
    ...{ leases: store.leases, holderId: processId },
  })
  const retention = openRetentionOffice({
    ...{ ...common, retention: store.retention, blobs, keep: config.keep },
    ...{ leases: store.leases, holderId: processId },
  })
  const shared = await shareHealth({
    ...{ ...common, processId, isAlone, sightings: store.sightings, health: core.health },
    halfLifeMs: MINER_HEALTH.halfLifeMs,
  })
  return {
    /** What is told of them. */
    told: { watcher, retention },
    async close() {
      await Promise.all([watcher.close(), retention.close(), sweeper.close(), shared.close()])
    },
  }
}

/** A link that one process has signed, another one must accept. */
async function openLinkSecret(
  { config }: StartOptions,
  { isAlone, documents }: { readonly isAlone: boolean; readonly documents: Documents },
): Promise<Uint8Array> {
  if (isAlone) return openSecret(join(config.dataDirectory, 'link-secret'))
  const kept = await documents.writeFirst('link-secret', randomBytes(32).toString('base64url'))
  if (typeof kept !== 'string') throw new Error('The secret of links in the store is no text.')
  return Buffer.from(kept, 'base64url')
}
