/** What is done to the development chain from outside: by whoever starts miners, and by tests. */
import { type AxonAddress, axonOf } from './axons.ts'
import type { BlockChain } from './block-chain.ts'
import { addressToAccount } from './hashing.ts'
import type { RpcMethod } from './rpc/methods.ts'
import type { Reception, RpcServer } from './rpc/server.ts'
import type { RuntimeEvent } from './runtime/events.ts'
import { mechanismIndex, subtensor } from './runtime/pallets.ts'
import { encodeStored, readOptional, readValue } from './runtime/storage.ts'
import type { RuntimeDescription } from './runtime/version.ts'
import type { Block } from './state/block.ts'

/** A block by number and hash. */
type BlockReference = { readonly number: number; readonly hash: string }

export class DevnetOperations {
  readonly #chain: BlockChain
  readonly #server: RpcServer
  #timer: NodeJS.Timeout | null = null
  #isStopped = true
  #making: Promise<unknown> = Promise.resolve()

  constructor(chain: BlockChain, server: RpcServer) {
    this.#chain = chain
    this.#server = server
  }

  get head(): BlockReference {
    return reference(this.#chain.head)
  }

  get finalized(): BlockReference {
    return reference(this.#chain.finalized)
  }

  /** Connections taken since the start. */
  get connectionCount(): number {
    return this.#server.connectionCount
  }

  /** Hash of the canonical block of that number, of any age; null when there is none. */
  hashOf(number: number): string | null {
    return this.#chain.hashOf(number)
  }

  /** Makes blocks at once. Resolves when what they make final is on the disk and announced. */
  async produce(count = 1): Promise<BlockReference> {
    for (let index = 0; index < count; index++) await this.#chain.produce()
    return this.head
  }

  /** Takes back the newest blocks that are not final; the next ones will have other hashes. */
  retract(count: number, options: { readonly keepTransactions: boolean }): void {
    this.#chain.retract(count, options.keepTransactions)
  }

  /** Stops, or lets go on, making blocks final. */
  stallFinality(isStalled: boolean): void {
    this.#chain.stallFinality(isStalled)
  }

  /** Publishes addresses, by ss58 hotkey, on every subnet where the hotkey is registered. They stand in the next block. */
  publishAxons(axons: ReadonlyMap<string, AxonAddress>): void {
    const changes = new Map<string, string>()
    const block = this.#chain.head.number + 1
    for (const [hotkey, address] of axons) {
      const account = addressToAccount(hotkey)
      for (const netuid of this.#netuidsOf(account)) {
        changes.set(
          subtensor.axons.key(netuid, account),
          encodeStored(subtensor.axons, axonOf(address, block)),
        )
      }
    }
    this.#chain.inject({ changes })
  }

  /** Replaces the scores of a mechanism, by uid. They stand in the next block. */
  setIncentive(netuid: number, mechid: number, incentive: readonly number[]): void {
    const key = subtensor.incentive.key(mechanismIndex(netuid, mechid))
    this.#chain.inject({ changes: new Map([[key, encodeStored(subtensor.incentive, incentive)]]) })
  }

  /** Gives a netuid to somebody else: from the next block on it was registered in that block. */
  recycleSubnet(netuid: number): void {
    const key = subtensor.networkRegisteredAt.key(netuid)
    const block = BigInt(this.#chain.head.number + 1)
    this.#chain.inject({ changes: new Map([[key, encodeStored(subtensor.networkRegisteredAt, block)]]) })
  }

  /** Writes raw storage in the next block; null removes. Keys and values are hex. */
  setStorage(changes: ReadonlyMap<string, string | null>): void {
    this.#chain.inject({ changes })
  }

  /** Announces events in the next block that no transaction caused. */
  emit(events: readonly RuntimeEvent[]): void {
    this.#chain.inject({ events })
  }

  /** Puts another runtime in force after the next block. */
  upgradeRuntime(change: Partial<RuntimeDescription>): void {
    this.#chain.inject({ upgrade: { ...this.#chain.head.runtime, ...change } })
  }

  /** Says how the next connections are received. */
  receive(reception: Reception): void {
    this.#server.receive(reception)
  }

  /** Cuts every connection without a closing handshake. */
  dropConnections(): void {
    this.#server.dropConnections()
  }

  /** While silent, requests are never answered and nothing is pushed. */
  setSilent(isSilent: boolean): void {
    this.#server.setSilent(isSilent)
  }

  /** While muted, questions are answered but nothing is pushed to the connections that are open now. */
  mutePushes(isMuted: boolean): void {
    this.#server.mutePushes(isMuted)
  }

  /** Answers an RPC method in another way, as a node that lies or lacks it does; null takes it back. */
  override(name: string, method: RpcMethod | null): void {
    this.#server.override(name, method)
  }

  /** Makes a block every `blockMs` from now on; 0 makes none. */
  startTimer(blockMs: number): void {
    if (blockMs <= 0) return
    this.#isStopped = false
    const schedule = () => {
      this.#timer = setTimeout(() => {
        this.#making = this.#chain.produce().finally(() => {
          if (!this.#isStopped) schedule()
        })
      }, blockMs)
    }
    schedule()
  }

  /** Waits for a block that is being made. */
  async stopTimer(): Promise<void> {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#making
  }

  #netuidsOf(account: string): number[] {
    const state = this.#chain.state.at(this.#chain.head.number)
    const isRegistered = (netuid: number) => readOptional(state, subtensor.uids, netuid, account) !== null
    return Array.from({ length: NETUIDS_MAX }, (_, netuid) => netuid).filter(
      (netuid) => readValue(state, subtensor.networksAdded, netuid) && isRegistered(netuid),
    )
  }
}

/** More subnets than are ever seeded. */
const NETUIDS_MAX = 128

function reference({ number, hash }: Block): BlockReference {
  return { number, hash }
}
