/** The chain through Subtensor's JSON-RPC, read with @polkadot/api. See README.md for what is asked of a node, and for the traps. */
import { GatewayError } from '../../src/errors.ts'
import type { BlockReference, BlockTransfers, Chain, ChainState, Metagraph } from '../../src/ports/chain.ts'
import { convertMetagraph } from './convert.ts'
import { Connection, type ConnectionOptions } from './keep-connected.ts'
import { callMetagraph, findMetagraphMethod, readHex } from './metagraph-call.ts'
import { readMetagraphStorage } from './metagraph-storage.ts'
import type { Session } from './session.ts'
import { Storage } from './storage.ts'
import { decodeTransfers, EVENTS_KEY } from './transfers.ts'

export type ChainOptions = ConnectionOptions

/**
 * Starts to connect, and keeps connected until `close`.
 *
 * @param options - see the fields; `endpoints` must not be empty
 */
export function createChain(options: ChainOptions): Chain {
  return new SubtensorChain(options)
}

class SubtensorChain implements Chain {
  readonly #connection: Connection
  readonly #timeoutMs: number

  constructor(options: ChainOptions) {
    this.#timeoutMs = options.callTimeoutMs
    this.#connection = new Connection(options)
  }

  async ready(timeoutMs: number): Promise<void> {
    await this.#translate(() => this.#connection.require(timeoutMs))
  }

  readMetagraph(netuid: number, mechid: number): Promise<Metagraph> {
    return this.#read(async (session) => {
      const { number: block, hash: blockHash } = await session.readFinalized()
      const place = { netuid, mechid, block, blockHash, genesisHash: session.genesisHash }
      const view = await session.runtime.viewAfter(session.transport, blockHash)
      const method = findMetagraphMethod(view)
      if (method) return convertMetagraph(place, await callMetagraph(session.transport, method, place))
      const storage = await Storage.of(session.transport, 'subtensorModule', { view, blockHash })
      return convertMetagraph(place, await readMetagraphStorage(storage, netuid, mechid))
    })
  }

  readFinalized(): Promise<BlockReference> {
    return this.#read((session) => session.readFinalized())
  }

  readTransfers(blockNumber: number): Promise<BlockTransfers> {
    return this.#read(async (session) => {
      if (blockNumber > session.headNumber && blockNumber > (await session.readFinalized()).number) {
        throw new Error(`Block ${blockNumber} is not final.`)
      }
      const { transport, runtime } = session
      const hash = await transport.call('chain_getBlockHash', [blockNumber])
      if (typeof hash !== 'string') throw new Error(`The node knows no block ${blockNumber}.`)
      const [{ number, parentHash }, events] = await Promise.all([
        session.readHeader(hash),
        transport.call('state_getStorage', [EVENTS_KEY, hash]),
      ])
      if (number !== blockNumber) throw new Error(`Asked for block ${blockNumber}, got ${number}.`)
      // Nothing was executed in the genesis.
      if (number === 0) return { number, hash, parentHash, transfers: [] }
      // Every other block has an event at least: that its author set the time. None means that the node has forgotten them.
      if (events === null) throw new Error(`The node has no events of block ${blockNumber}.`)
      const view = await runtime.viewDuring(transport, { hash, parentHash })
      return { number, hash, parentHash, transfers: decodeTransfers(view, readHex(events)) }
    })
  }

  onFinalized(listener: (head: BlockReference) => void): () => void {
    return this.#connection.listen(listener)
  }

  state(): ChainState {
    const { session, endpoint, genesisHash, specVersion, finalized, headAgeMs, problem } = this.#connection
    return { connected: session !== null, endpoint, genesisHash, specVersion, finalized, headAgeMs, problem }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #read<T>(read: (session: Session) => Promise<T>): Promise<T> {
    return this.#translate(async () => read(await this.#connection.require(this.#timeoutMs)))
  }

  /** Nothing of the node's own words reaches a client. */
  async #translate<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (cause) {
      throw new GatewayError('chain_unavailable', 'The chain could not be read.', { cause })
    }
  }
}
