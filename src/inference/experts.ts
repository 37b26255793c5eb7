/** What performing a step needs to know of experts and their miners; `src/network` answers it from memory. */
import type { Capability } from '../ports/capability.ts'
import type { DialectName, MinerTarget } from '../ports/miner.ts'

/** One expert: a subnet (or a server named by URL) that can do work. */
export type ServedExpert = {
  readonly name: string
  readonly netuid: number | null
  readonly mechid: number
  readonly dialect: DialectName
  readonly concurrencyPerMiner: number
  readonly queueDepth: number
  readonly timeoutMs: number
  readonly firstByteTimeoutMs: number
}

/** One model of one expert, as asked for. */
export type ServedModel = {
  /** As the caller wrote it: with a fault prefix of the devnet, if it has one. */
  readonly id: string
  /** As listed and priced. */
  readonly listedId: string
  /** What the miner is asked for. */
  readonly upstreamModel: string
  readonly capabilities: readonly Capability[]
  readonly contextTokensMax: number
  readonly outputTokensMax: number
  readonly expert: ServedExpert
}

/** One callable miner of the last snapshot. */
export type ServedMiner = {
  readonly target: MinerTarget
  readonly coldkey: string
  /** /24 or /64; null where operators cannot be told apart by it. */
  readonly network: string | null
  /** Raw u16; 0 for a server that is named by URL. */
  readonly incentive: number
}

export interface ExpertDirectory {
  /** Models that have that public name, best known first; empty when there is none. */
  find(modelId: string): readonly ServedModel[]
  /** All listed models with the capability, in the order of the file. */
  listFor(capability: Capability): readonly ServedModel[]
  /** Callable miners of an expert now, and the block of the snapshot they come from (null without a chain). The array is the same until the next snapshot. */
  readMiners(expertName: string): { readonly block: number | null; readonly miners: readonly ServedMiner[] }
  /** Why an expert has no callable miner, for people; null when it has. */
  explain(expertName: string): string | null
}
