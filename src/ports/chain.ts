/** The port to the chain: subnets, scores and transfers, read at finalised blocks only. */

/** A serving address that a neuron published. Untrusted: anybody can publish any address and port. */
export type Axon = {
  /** Literal IPv4 or IPv6 address, without brackets. */
  readonly ip: string
  readonly port: number
  readonly ipType: 4 | 6
  /** As published, `major * 1e6 + minor * 1e3 + patch` by convention. */
  readonly version: number
}

/** One slot of a subnet at the snapshot's block. */
export type Neuron = {
  readonly uid: number
  /** ss58, prefix 42. The identity that we store; a uid is reused. */
  readonly hotkey: string
  readonly coldkey: string
  /** Raw u16: the miner score of the snapshot's mechanism; all of a subnet sum to about 65535. */
  readonly incentive: number
  /** Rao of this subnet's alpha at the last epoch. Not TAO, never added across subnets. */
  readonly emissionAlphaRao: bigint
  readonly validatorPermit: boolean
  readonly active: boolean
  /** Rao-equivalent total stake as the chain reports it. */
  readonly stakeRao: bigint
  readonly lastUpdateBlock: number
  readonly registeredAtBlock: number
  /** Null when nothing, or the zero address, is published. */
  readonly axon: Axon | null
}

/** State of one mechanism of a subnet at one finalised block. */
export type Metagraph = {
  readonly netuid: number
  readonly mechid: number
  readonly block: number
  readonly blockHash: string
  readonly genesisHash: string
  readonly name: string
  /** Changes when a netuid is recycled. */
  readonly networkRegisteredAtBlock: number
  readonly ownerHotkey: string
  readonly ownerColdkey: string
  /** Blocks between epochs: scores cannot change sooner. */
  readonly tempo: number
  /** In order of uid. */
  readonly neurons: readonly Neuron[]
}

export type BlockReference = { readonly number: number; readonly hash: string }

/** One `Balances.Transfer` event. */
export type Transfer = {
  /** Index of the event in its block: with the block hash and the genesis hash its identity. */
  readonly eventIndex: number
  readonly from: string
  readonly to: string
  readonly amountRao: bigint
}

export type BlockTransfers = BlockReference & {
  readonly parentHash: string
  readonly transfers: readonly Transfer[]
}

export type ChainState = {
  readonly connected: boolean
  readonly endpoint: string
  readonly genesisHash: string | null
  readonly specVersion: number | null
  /** Last finalised block seen; null before the first. */
  readonly finalized: BlockReference | null
  /** Milliseconds since a finalised head was last seen; null before the first. */
  readonly headAgeMs: number | null
  /** Why not connected, for people; null when all is well. */
  readonly problem: string | null
}

export interface Chain {
  /** Resolves once connected to the expected genesis. Rejects only with `chain_unavailable` after `timeoutMs`; keeps trying in the background. */
  ready(timeoutMs: number): Promise<void>
  /** Reads one mechanism at one finalised block, consistently. @throws GatewayError `chain_unavailable` */
  readMetagraph(netuid: number, mechid: number): Promise<Metagraph>
  /** The last finalised block. @throws GatewayError `chain_unavailable` */
  readFinalized(): Promise<BlockReference>
  /** Transfers of the canonical block of that number, decoded with that block's metadata. @throws GatewayError `chain_unavailable` */
  readTransfers(blockNumber: number): Promise<BlockTransfers>
  /** Calls back for finalised heads; numbers may be skipped. Returns the function that stops it. */
  onFinalized(listener: (head: BlockReference) => void): () => void
  state(): ChainState
  close(): Promise<void>
}

/** The port to the gateway's own hotkey, which miners check. No coldkey is ever in this process. */
export interface Signer {
  /** ss58, prefix 42. */
  readonly hotkey: string
  /** sr25519 signature (context "substrate"), 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}
