/** A chain in memory: blocks, finality and subnets as a test says. Passes the chain's contract. */
import { createHash } from 'node:crypto'
import { GatewayError } from '../../src/errors.ts'
import type { BlockReference, BlockTransfers, Chain, Metagraph, Transfer } from '../../src/ports/chain.ts'

export type FakeChain = Chain & {
  /** Makes a block that is not final. */
  addBlock(transfers?: readonly (Partial<Transfer> & { readonly to: string })[]): BlockReference
  /** Makes all blocks final and tells of the last one. */
  finalize(): void
  /** Takes back what is not final. */
  retract(): void
  /** Puts a subnet's mechanism there, or replaces it. Block, hash and genesis are filled in when it is read. */
  setMetagraph(metagraph: Metagraph): void
  removeMetagraph(netuid: number, mechid: number): void
  /** While false everything rejects. */
  setReachable(isReachable: boolean): void
  /** How often a subnet was read. */
  readonly reads: number
}

export const FAKE_GENESIS = hashOf('genesis')

export function fakeChain(): FakeChain {
  const blocks: BlockTransfers[] = [
    { number: 0, hash: FAKE_GENESIS, parentHash: `0x${'00'.repeat(32)}`, transfers: [] },
  ]
  const subnets = new Map<string, Metagraph>()
  const listeners = new Set<(head: BlockReference) => void>()
  let finalized = 0
  let isReachable = true
  let isClosed = false
  let reads = 0
  let branch = 0
  const head = (): BlockReference => ({ number: finalized, hash: blocks[finalized]!.hash })
  const check = () => {
    if (!isReachable || isClosed) throw new GatewayError('chain_unavailable', 'The chain could not be read.')
  }
  return {
    async ready() {
      check()
    },
    async readMetagraph(netuid, mechid) {
      check()
      reads += 1
      const found = subnets.get(`${netuid}/${mechid}`)
      if (!found) throw new GatewayError('chain_unavailable', 'The chain could not be read.')
      return { ...found, block: finalized, blockHash: head().hash, genesisHash: FAKE_GENESIS }
    },
    async readFinalized() {
      check()
      return head()
    },
    async readTransfers(number) {
      check()
      const block = blocks[number]
      if (!block || number > finalized) {
        throw new GatewayError('chain_unavailable', 'The chain could not be read.')
      }
      return block
    },
    onFinalized(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    state: () => ({
      connected: isReachable && !isClosed,
      endpoint: 'ws://fake',
      genesisHash: FAKE_GENESIS,
      specVersion: 1,
      finalized: head(),
      headAgeMs: 0,
      problem: isClosed ? 'The chain was closed.' : isReachable ? null : 'The chain is cut off.',
    }),
    async close() {
      isClosed = true
      listeners.clear()
    },
    addBlock(transfers = []) {
      const parent = blocks.at(-1)!
      const number = parent.number + 1
      const hash = hashOf(
        `${parent.hash} ${branch} ${JSON.stringify(transfers, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`,
      )
      blocks.push({
        number,
        hash,
        parentHash: parent.hash,
        // Index 0 is the event of the block's own time.
        transfers: transfers.map((transfer, index) => ({
          eventIndex: index + 1,
          from: '5Sender',
          amountRao: 1n,
          ...transfer,
        })),
      })
      return { number, hash }
    },
    finalize() {
      finalized = blocks.length - 1
      for (const listener of listeners) listener(head())
    },
    retract() {
      blocks.length = finalized + 1
      branch += 1
    },
    setMetagraph: (metagraph) => void subnets.set(`${metagraph.netuid}/${metagraph.mechid}`, metagraph),
    removeMetagraph: (netuid, mechid) => void subnets.delete(`${netuid}/${mechid}`),
    setReachable(reachable) {
      isReachable = reachable
    },
    get reads() {
      return reads
    },
  }
}

function hashOf(text: string): string {
  return `0x${createHash('sha256').update(text).digest('hex')}`
}
