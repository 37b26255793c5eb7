/** The chain that the process is on: bound to its store, read, or gone on without. */
import type { Directory } from '../network/directory.ts'
import { Snapshots } from '../network/snapshots.ts'
import type { Store } from '../ports/store.ts'
import type { buildCore } from './core.ts'
import { StartError } from './files.ts'
import type { StartOptions } from './gateway.ts'
import type { Network } from './network.ts'

export type SnapshotParts = {
  readonly network: Network
  readonly directory: Directory
  readonly store: Store
  readonly core: ReturnType<typeof buildCore>
}

/** How long the start waits for the chain before it goes on with what is stored. */
const CHAIN_WAIT_MS = 10_000

/**
 * Reads the chain, or goes on with what is stored while it cannot be reached.
 *
 * @throws StartError when the store belongs to another chain
 */
export async function startSnapshots(
  { config, log, progress }: StartOptions,
  { network, directory, store, core }: SnapshotParts,
): Promise<Snapshots> {
  progress('Reading the chain …')
  const isReached = await network.chain.ready(CHAIN_WAIT_MS).then(
    () => true,
    () => false,
  )
  const genesisHash = network.chain.state().genesisHash ?? config.chainGenesis
  if (genesisHash !== null) await bindChain(store, genesisHash)
  const snapshots = new Snapshots({
    chain: network.chain,
    directory,
    documents: store.documents,
    log,
    wallMs: Date.now,
    ageMsMax: config.snapshotAgeMsMax,
    onChange: () => core.performer.wake(),
  })
  // Without a chain to ask, the one that deposits were last read from.
  await snapshots.restore(genesisHash ?? (await store.deposits.readCursor())?.genesisHash ?? null)
  if (isReached) await snapshots.start()
  else {
    progress(
      `The chain cannot be reached at ${network.endpoints.join(', ')}: going on with what is stored, trying again in the background.`,
    )
    void snapshots.start()
  }
  return snapshots
}

/** Accounts, deposits and receipts of one chain must not be mixed with those of another. */
async function bindChain(store: Store, genesisHash: string): Promise<void> {
  const bound = await store.fleet.bindChain(genesisHash)
  if (bound === genesisHash) return
  throw new StartError(
    `The store belongs to the chain with genesis ${bound}, this process is on ${genesisHash}. ` +
      'Give it the chain of the others (YUMAGATE_CHAIN_ENDPOINTS and YUMAGATE_CHAIN_GENESIS, as in run.json of the first), or a store of its own.',
  )
}
