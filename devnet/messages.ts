/** What the gateway and the devnet's process say to each other. Sent with `serialization: 'advanced'`, so that amounts stay `bigint`. */

/** How to start. The first message, sent once. */
export type DevnetStart = {
  readonly kind: 'start'
  /** Where the chain is kept. */
  readonly directory: string
  /** TCP port of the chain on 127.0.0.1; 0 takes a free one. */
  readonly chainPort: number
  readonly blockMs: number
  /** API roots of OpenAI-compatible servers to stand behind the miners instead of the experts; null for the expert. */
  readonly upstreams: {
    readonly text: string | null
    readonly speech: string | null
    readonly vision: string | null
    readonly image: string | null
  }
  readonly assets: {
    /** `devnet/experts` of the checkout. */
    readonly expertsDirectory: string
    /** File of the process that renders pictures, and Node's arguments before it. */
    readonly rendererPath: string
    readonly rendererExecArgv: readonly string[]
    /** Folder of `eng.traineddata.gz`. */
    readonly tesseractDataPath: string
  }
}

/** Asks for TAO out of the faucet. Answered by `paid` or `not-paid` with the same id. */
export type DevnetFund = {
  readonly kind: 'fund'
  readonly id: number
  /** ss58. */
  readonly address: string
  readonly amountRao: bigint
}

export type ToDevnet = DevnetStart | DevnetFund

export type DevnetSubnet = {
  readonly netuid: number
  readonly name: string
  /** Miners that run. */
  readonly minerCount: number
  readonly neuronCount: number
}

/** The chain makes blocks and every miner's address is on it, final. */
export type DevnetReady = {
  readonly kind: 'ready'
  /** `ws://127.0.0.1:<port>`. */
  readonly endpoint: string
  /** `0x` and 64 hex digits. */
  readonly genesisHash: string
  readonly subnets: readonly DevnetSubnet[]
  /** Key URI of the hotkey that the miners let in. */
  readonly gatewayKeyUri: string
  /** Key URI of the account whose derivatives are the deposit addresses. */
  readonly depositParentKeyUri: string
}

/** A payment that is final. */
export type DevnetPayment = {
  readonly blockNumber: number
  readonly blockHash: string
  /** ss58. */
  readonly from: string
  /** ss58. */
  readonly to: string
  readonly amountRao: bigint
}

export type FromDevnet =
  | DevnetReady
  | { readonly kind: 'paid'; readonly id: number; readonly payment: DevnetPayment }
  | { readonly kind: 'not-paid'; readonly id: number; readonly message: string }
  /** Something went wrong that did not end it. */
  | { readonly kind: 'warning'; readonly message: string }
  /** The process ends for this reason. */
  | { readonly kind: 'failed'; readonly message: string }
