/** The chain itself: blocks, which of them are final, the state, the pool. What is announced as final is on the disk. */

import { buildBlock, type Injection } from './execution/build-block.ts'
import { type PooledTransaction, TransactionPool } from './execution/pool.ts'
import { RpcError } from './execution/rpc-error.ts'
import { timestamp } from './runtime/pallets.ts'
import { readValue } from './runtime/storage.ts'
import type { Block } from './state/block.ts'
import { type ChainDirectory, KEPT_BLOCKS, STATE_BLOCKS, type StoredChain } from './state/chain-directory.ts'
import { VersionedState } from './state/versioned-state.ts'

export type ChainOptions = {
  /** Blocks that the last finalised one is behind the head. */
  readonly finalityLag: number
  /** Blocks that become final together; only the last of them is announced. */
  readonly finalityBatch: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called when blocks could not be kept. They are not final then; the next block tries again. */
  readonly onDiskError: (error: unknown) => void
}

/** `head`: a new best block; `finalized`: the last block of a batch; `runtime`: another runtime is in force. */
export type ChainListener = (event: {
  readonly kind: 'head' | 'finalized' | 'runtime'
  readonly block: Block
}) => void

const NOTHING: Injection = { changes: new Map(), events: [], upgrade: null }

export class BlockChain {
  readonly pool: TransactionPool
  readonly #options: ChainOptions
  readonly #directory: ChainDirectory
  readonly #state = new VersionedState()
  readonly #blocks: Block[]
  readonly #byHash = new Map<string, Block>()
  readonly #listeners = new Set<ChainListener>()
  /** Transactions of blocks that are not yet final, to tell their watchers, or to put them back. */
  readonly #pending = new Map<number, readonly PooledTransaction[]>()
  readonly #genesisHash: string
  #injection: Injection = NOTHING
  #finalized: Block
  /** Last block that may already be on the disk. */
  #committed: number
  /** Last block whose changes are no longer kept beside the state. */
  #faded: number
  #isFinalityStalled = false
  #branch = 0
  #lastFinality: Promise<void> = Promise.resolve()

  /** @param stored - what the directory holds, with at least one block */
  constructor(directory: ChainDirectory, stored: StoredChain, options: ChainOptions) {
    const last = stored.blocks.at(-1)
    const genesisHash = directory.hashOf(0)
    if (!last || genesisHash === null) throw new Error('The chain has no genesis.')
    this.#options = options
    this.#directory = directory
    this.#genesisHash = genesisHash
    this.#finalized = last
    this.#committed = last.number
    this.#faded = last.number - STATE_BLOCKS
    this.#replay(stored)
    this.#blocks = stored.blocks.map((block) => (block.number <= this.#faded ? withoutChanges(block) : block))
    for (const block of this.#blocks) this.#byHash.set(block.hash, block)
    this.pool = new TransactionPool(() => ({
      state: this.#state.at(this.head.number),
      headNumber: this.head.number,
      genesisHash,
      runtime: this.head.runtime,
      hashOf: (number) => this.hashOf(number),
    }))
  }

  get genesisHash(): string {
    return this.#genesisHash
  }

  get head(): Block {
    return this.#blocks.at(-1) ?? this.#finalized
  }

  get finalized(): Block {
    return this.#finalized
  }

  get state(): VersionedState {
    return this.#state
  }

  /** Hash of the canonical block of that number, of any age; null when there is none. */
  hashOf(number: number): string | null {
    if (number > this.#finalized.number) return this.#blockOf(number)?.hash ?? null
    return this.#directory.hashOf(number)
  }

  /** A block that is still kept, on the canonical branch; null otherwise. */
  find(hash: string): Block | null {
    return this.#byHash.get(hash) ?? null
  }

  /** The block, if its state can still be read. @throws RpcError 4003 */
  requireState(hash: string | null): Block {
    const block = hash === null ? this.head : this.#byHash.get(hash)
    if (!block)
      throw new RpcError(4003, `Client error: UnknownBlock: Header was not found in the database: ${hash}`)
    if (block.number < this.#finalized.number - STATE_BLOCKS) {
      throw new RpcError(4003, `Client error: UnknownBlock: State already discarded for ${block.hash}`)
    }
    return block
  }

  /** Calls back for every event. Returns the function that stops it. */
  listen(listener: ChainListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Adds to what the next block does beside its transactions. */
  inject(addition: Partial<Injection>): void {
    this.#injection = {
      changes: new Map([...this.#injection.changes, ...(addition.changes ?? [])]),
      events: [...this.#injection.events, ...(addition.events ?? [])],
      upgrade: addition.upgrade ?? this.#injection.upgrade,
    }
  }

  /** Makes the next block. Resolves when what it makes final is on the disk and announced. */
  async produce(): Promise<Block> {
    const parent = this.head
    const { block, included, refused } = buildBlock({
      parent,
      parentState: this.#state.at(parent.number),
      transactions: this.pool.takeReady(parent.number + 1),
      injection: this.#injection,
      nowMs: Math.max(this.#options.now(), this.#nowOf(parent) + 1),
      branch: this.#branch,
    })
    this.#injection = NOTHING
    this.#blocks.push(block)
    this.#byHash.set(block.hash, block)
    this.#state.apply(block.number, block.changes)
    this.#pending.set(block.number, included)
    for (const { watcher } of included) watcher?.({ inBlock: block.hash })
    for (const { watcher } of refused) watcher?.('invalid')
    this.#emit('head', block)
    if (block.runtime !== parent.runtime) this.#emit('runtime', block)
    // Finality runs one after another: a slow disk delays it and never mixes it up.
    this.#lastFinality = this.#lastFinality
      .then(() => this.#advanceFinality())
      .catch(this.#options.onDiskError)
    await this.#lastFinality
    return block
  }

  /** Stops, or lets go on, making blocks final. */
  stallFinality(isStalled: boolean): void {
    this.#isFinalityStalled = isStalled
  }

  /**
   * Takes back the newest blocks that are not final; the next ones will be others.
   *
   * @param count - at most as many as are not final
   * @param keepTransactions - whether their transactions go back into the pool
   */
  retract(count: number, keepTransactions: boolean): void {
    const depth = Math.min(count, this.head.number - this.#committed)
    this.#branch += 1
    for (let index = 0; index < depth; index++) {
      const block = this.#blocks.pop()
      if (!block) return
      this.#byHash.delete(block.hash)
      this.#state.revert(block.number)
      const transactions = this.#pending.get(block.number) ?? []
      this.#pending.delete(block.number)
      for (const { watcher } of transactions) watcher?.({ retracted: block.hash })
      if (keepTransactions) this.pool.restore(transactions)
    }
  }

  /** Waits for the disk. */
  async close(): Promise<void> {
    await this.#lastFinality
    this.#listeners.clear()
    await this.#directory.close()
  }

  async #advanceFinality(): Promise<void> {
    const target = this.head.number - this.#options.finalityLag
    const isDue = target - this.#finalized.number >= this.#options.finalityBatch
    if (this.#isFinalityStalled || !isDue) return
    const blocks = this.#blocks.filter(({ number }) => number > this.#finalized.number && number <= target)
    const last = blocks.at(-1)
    if (!last) return
    this.#committed = last.number
    const wantsSnapshot = await this.#directory.append(blocks)
    this.#finalized = last
    this.#prune()
    for (const block of blocks) {
      for (const { watcher } of this.#pending.get(block.number) ?? []) watcher?.({ finalized: block.hash })
      this.#pending.delete(block.number)
    }
    this.#emit('finalized', last)
    if (wantsSnapshot) await this.#compact()
  }

  async #compact(): Promise<void> {
    const number = this.#finalized.number - STATE_BLOCKS
    if (number < 0) return
    const snapshot = { number, entries: this.#state.entries(number) }
    await this.#directory.compact(snapshot, this.#finalized.number)
  }

  #prune(): void {
    const oldestState = this.#finalized.number - STATE_BLOCKS
    this.#state.prune(oldestState)
    for (; this.#faded < oldestState; this.#faded += 1) {
      const index = this.#faded + 1 - (this.#blocks[0]?.number ?? 0)
      const block = this.#blocks[index]
      if (block) this.#replace(index, withoutChanges(block))
    }
    while ((this.#blocks[0]?.number ?? 0) < this.#finalized.number - KEPT_BLOCKS) {
      const oldest = this.#blocks.shift()
      if (oldest) this.#byHash.delete(oldest.hash)
    }
  }

  #replace(index: number, block: Block): void {
    this.#blocks[index] = block
    this.#byHash.set(block.hash, block)
  }

  #replay({ snapshot, blocks }: StoredChain): void {
    if (snapshot) this.#state.apply(snapshot.number, new Map(snapshot.entries))
    for (const block of blocks) {
      if (block.number > (snapshot?.number ?? -1)) this.#state.apply(block.number, block.changes)
    }
    this.#state.prune(this.#finalized.number - STATE_BLOCKS)
  }

  #blockOf(number: number): Block | null {
    return this.#blocks[number - (this.#blocks[0]?.number ?? 0)] ?? null
  }

  #nowOf(block: Block): number {
    return Number(readValue(this.#state.at(block.number), timestamp.now))
  }

  #emit(kind: 'head' | 'finalized' | 'runtime', block: Block): void {
    for (const listener of this.#listeners) listener({ kind, block })
  }
}

function withoutChanges(block: Block): Block {
  return { ...block, changes: new Map() }
}
