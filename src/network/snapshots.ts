/** Keeps the snapshots fresh in the background, keeps the last good ones over a restart, and knows their age. */
import type { Chain, Metagraph } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { Documents } from '../ports/store.ts'
import type { Directory } from './directory.ts'
import { convertMetagraph, parseMetagraph } from './snapshot-json.ts'

/** Axons change between epochs, so a subnet is read anew at least this often. */
const REFRESH_BLOCKS_MAX = 25 // Five minutes of mainnet blocks.

/** After a failed read, doubled up to the longest. */
const RETRY_MS = 1_000
const RETRY_MS_MAX = 60_000

/** Ages are looked at this often, also while no block comes. */
const AGE_CHECK_MS = 5_000

export type SnapshotsOptions = {
  readonly chain: Chain
  readonly directory: Directory
  readonly documents: Documents
  readonly log: Logger
  /** Milliseconds since 1970: ages must survive a restart. */
  readonly wallMs: () => number
  /** Older snapshots are not served from. */
  readonly ageMsMax: number
  /** Called after each change of what can be called. */
  readonly onChange: () => void
}

type Kept = {
  readonly metagraph: Metagraph
  /** When its block was first read: a node that has stalled gives the same block again, which makes it no younger. */
  readonly readAtMs: number
}

export class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #kept = new Map<string, Kept>()
  readonly #dropped = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #stop: (() => void) | null = null
  #refreshing: Promise<void> | null = null
  #retry: NodeJS.Timeout | null = null
  #retryMs = RETRY_MS
  #closed = false

  constructor(options: SnapshotsOptions) {
    this.#options = options
  }

  /** Takes the stored snapshots that are of this chain and young enough. @returns how many */
  async restore(genesisHash: string | null): Promise<number> {
    let count = 0
    for (const { netuid, mechid } of this.#options.directory.listSubnets()) {
      const document = await this.#options.documents.read(nameOf(netuid, mechid))
      const metagraph = document ? parseMetagraph(document.json) : null
      if (!document || !metagraph || (genesisHash !== null && metagraph.genesisHash !== genesisHash)) continue
      const kept = { metagraph, readAtMs: Date.parse(document.writtenAt) }
      if (this.#ageMs(kept) > this.#options.ageMsMax) continue
      this.#kept.set(nameOf(netuid, mechid), kept)
      this.#options.directory.take(metagraph)
      count += 1
    }
    if (count > 0) this.#options.onChange()
    return count
  }

  /** Reads all subnets once, then follows the chain. The promise is that of the first reading; failures are retried in the background. */
  async start(): Promise<void> {
    this.#stop = this.#options.chain.onFinalized(({ number }) => {
      if (this.#isDue(number)) void this.refresh()
    })
    this.#timer = setInterval(() => this.#checkAges(), AGE_CHECK_MS)
    this.#timer.unref()
    await this.refresh()
  }

  /** Age of the oldest snapshot in use, milliseconds; null when there is none. */
  oldestAgeMs(): number | null {
    const ages = [...this.#kept.values()].map((kept) => this.#ageMs(kept))
    return ages.length === 0 ? null : Math.max(...ages)
  }

  /** Block of the oldest snapshot in use; null when there is none. */
  oldestBlock(): number | null {
    const blocks = [...this.#kept.values()].map(({ metagraph }) => metagraph.block)
    return blocks.length === 0 ? null : Math.min(...blocks)
  }

  /** Reads every subnet now; joins a reading that is under way. Never rejects. */
  refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#refreshing ??= this.#readAll().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  close(): void {
    this.#closed = true
    this.#stop?.()
    if (this.#timer) clearInterval(this.#timer)
    if (this.#retry) clearTimeout(this.#retry)
  }

  async #readAll(): Promise<void> {
    let failed = false
    const subnets = this.#options.directory.listSubnets()
    await Promise.all(
      subnets.map(async ({ netuid, mechid }) => {
        try {
          this.#take(await this.#options.chain.readMetagraph(netuid, mechid))
        } catch (cause) {
          failed = true
          this.#options.log.warn(
            { netuid, mechid, err: cause },
            'A subnet could not be read; the last snapshot stays in use.',
          )
        }
      }),
    )
    if (this.#closed) return
    this.#options.onChange()
    if (this.#retry) clearTimeout(this.#retry)
    this.#retry = null
    if (!failed) {
      this.#retryMs = RETRY_MS
      return
    }
    this.#retry = setTimeout(() => void this.refresh(), this.#retryMs)
    this.#retry.unref()
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX)
  }

  #take(metagraph: Metagraph): void {
    if (this.#closed) return
    const name = nameOf(metagraph.netuid, metagraph.mechid)
    const known = this.#kept.get(name)?.metagraph
    if (known && (isOlder(metagraph, known) || isSame(metagraph, known))) return
    this.#kept.set(name, { metagraph, readAtMs: this.#options.wallMs() })
    this.#dropped.delete(name)
    this.#options.directory.take(metagraph)
    this.#options.documents.write(name, convertMetagraph(metagraph)).catch((cause: unknown) => {
      this.#options.log.warn({ name, err: cause }, 'A snapshot could not be stored; it is used all the same.')
    })
  }

  /** A single subnet that could not be read is tried again by the retry, not by every block; with none in use, a head means that the chain is back. */
  #isDue(block: number): boolean {
    if (this.#kept.size === 0 || this.#dropped.size > 0) return true
    return [...this.#kept.values()].some(
      ({ metagraph }) =>
        block - metagraph.block >= Math.min(REFRESH_BLOCKS_MAX, Math.max(1, metagraph.tempo)),
    )
  }

  #checkAges(): void {
    let changed = false
    for (const [name, kept] of this.#kept) {
      if (this.#dropped.has(name) || this.#ageMs(kept) <= this.#options.ageMsMax) continue
      this.#dropped.add(name)
      changed = true
      const { netuid, mechid } = kept.metagraph
      this.#options.directory.drop(
        netuid,
        mechid,
        'the last snapshot of the chain is too old (YUMAGATE_SNAPSHOT_AGE_MAX_S)',
      )
    }
    if (!changed) return
    this.#options.onChange()
    // The chain may be there all the same: a wall clock that was put forward ages everything at once.
    void this.refresh()
  }

  #ageMs({ readAtMs }: Kept): number {
    return Math.max(0, this.#options.wallMs() - readAtMs)
  }
}

/** A node that is behind the one before it answers with the past. Another genesis is another chain. */
function isOlder(metagraph: Metagraph, known: Metagraph): boolean {
  return known.genesisHash === metagraph.genesisHash && metagraph.block < known.block
}

/** A snapshot is what its block says, so the same block is the same snapshot. */
function isSame(metagraph: Metagraph, known: Metagraph): boolean {
  return (
    known.genesisHash === metagraph.genesisHash &&
    known.block === metagraph.block &&
    known.blockHash === metagraph.blockHash
  )
}

const nameOf = (netuid: number, mechid: number) => `snapshot/${netuid}/${mechid}`
