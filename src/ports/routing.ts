/** The ports to the mixture of experts. Deciders do no I/O: facts in, decision out. */
import type { Capability } from './capability.ts'

/** One step of a job, as the gate sees it. */
export type GateStep = {
  readonly capability: Capability
  /** Public model name that the caller asked for; null lets the gate decide among all experts with the capability. */
  readonly model: string | null
  /** Worst-case units of the step, for comparing prices. */
  readonly units: Readonly<Record<string, number>>
}

/** One expert (a subnet's model) that can do the step now. */
export type ExpertOffer = {
  readonly name: string
  readonly model: string
  readonly capability: Capability
  /** Worst-case price of this step, rao. */
  readonly priceRao: bigint
  /** Callable miners known now. */
  readonly minerCount: number
}

export interface Gate {
  /** The offers worth trying, best first; empty when none fits. Pure. */
  choose(step: GateStep, offers: readonly ExpertOffer[]): readonly ExpertOffer[]
}

/** What has been seen of one miner, decayed in time. */
export type MinerRecord = {
  /** Decayed counts of attempts that ended well and badly. */
  readonly successes: number
  readonly failures: number
  /** Decayed mean of the time to the first byte, milliseconds; null when nothing was seen. */
  readonly latencyMs: number | null
  /** Not to be tried before this instant (monotonic milliseconds), or 0. */
  readonly coolingUntilMs: number
  /** Attempts under way now. */
  readonly inFlight: number
}

export type MinerCandidate = {
  readonly hotkey: string
  readonly coldkey: string
  readonly uid: number | null
  /** /24 or /64 the address lies in; null when operators cannot be told apart by it (loopback). */
  readonly network: string | null
  /** Raw u16 from the chain. */
  readonly incentive: number
  readonly record: MinerRecord
}

export interface MinerRanking {
  /**
   * The candidates in the order in which they are to be tried: weighted-random among the best, the rest behind them, those that cool
   * down last. Never loses a candidate, so that failover always has somewhere to go.
   */
  rank(candidates: readonly MinerCandidate[], nowMs: number): readonly MinerCandidate[]
}

/** A typed step as the planner sees it: what it does and which earlier steps it reads. */
export type PlannedStep = {
  readonly id: string
  readonly capability: Capability | 'text.concat'
  readonly reads: readonly string[]
}

export interface Planner {
  /** Puts typed steps into an order in which each comes after those that it reads. @throws GatewayError `invalid_request` on a cycle, an unknown or a repeated id */
  plan(steps: readonly PlannedStep[]): {
    readonly order: readonly string[]
    readonly layers: readonly (readonly string[])[]
  }
}
