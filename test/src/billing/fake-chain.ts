/** A chain in memory: blocks that are finalised when the test says so, forks, silence. */
import { GatewayError } from '../../../src/errors.ts'
import type { BlockReference, BlockTransfers, Chain, Transfer } from '../../../src/ports/chain.ts'

export type FakeChain = Pick<Chain, 'readFinalized' | 'readTransfers' | 'onFinalized' | 'state'> & {
  readonly blocks: BlockTransfers[]
  genesisHash: string | null
  /** Number of the last finalised block. */
  finalized: number
  /** Thrown by every read until it is null again. */
  failure: Error | null
  /** What `readTransfers` did, by number. */
  readonly reads: number[]
  /** Adds a block on top, not yet finalised. */
  add(transfers?: readonly Partial<Transfer>[]): BlockReference
  /** Finalises up to the newest block, or `number`, and tells the listeners. */
  finalize(number?: number): void
  /** Replaces all blocks from `number` on by one of another branch. */
  fork(number: number, branch: string, transfers?: readonly Partial<Transfer>[]): void
  listeners(): number
}

export function fakeChain(genesisHash = `0x${'00'.repeat(32)}`): FakeChain {
  const listeners = new Set<(head: BlockReference) => void>()
  const make = (number: number, branch: string, transfers: readonly Partial<Transfer>[]): BlockTransfers => ({
    number,
    hash: `0x${branch}${number}`,
    parentHash: chain.blocks[number - 1]?.hash ?? 'none',
    transfers: transfers.map((transfer, index) => ({
      eventIndex: index * 2,
      from: '5Sender',
      to: '5Nobody',
      amountRao: 1n,
      ...transfer,
    })),
  })
  const guard = () => {
    if (chain.failure) throw chain.failure
  }
  const at = (number: number): BlockTransfers => {
    const block = chain.blocks[number]
    if (!block) throw new GatewayError('chain_unavailable', `no block ${number}`)
    return block
  }
  const chain: FakeChain = {
    blocks: [],
    genesisHash,
    finalized: 0,
    failure: null,
    reads: [],
    add(transfers = []) {
      chain.blocks.push(make(chain.blocks.length, 'a', transfers))
      return at(chain.blocks.length - 1)
    },
    finalize(number = chain.blocks.length - 1) {
      chain.finalized = number
      const { hash } = at(number)
      for (const listener of listeners) listener({ number, hash })
    },
    fork(number, branch, transfers = []) {
      chain.blocks.splice(number)
      chain.blocks.push(make(number, branch, transfers))
    },
    listeners: () => listeners.size,
    async readFinalized() {
      guard()
      const { number, hash } = at(chain.finalized)
      return { number, hash }
    },
    async readTransfers(number) {
      guard()
      chain.reads.push(number)
      return at(number)
    },
    onFinalized(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    state: () => ({
      connected: chain.failure === null,
      endpoint: 'fake',
      genesisHash: chain.genesisHash,
      specVersion: 1,
      finalized: null,
      headAgeMs: 0,
      problem: null,
    }),
  }
  chain.add()
  return chain
}
