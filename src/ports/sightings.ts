/** The port to what processes have seen of miners: each writes its own counts, all read the sum. */

/** Counts that fade: half of each after each half-life. As of the moment of asking or writing. */
export type MinerSighting = {
  /** Null for a server that has no place on the chain. */
  readonly netuid: number | null
  readonly hotkey: string
  /** Attempts that ended well and badly. */
  readonly successes: number
  readonly failures: number
  /** Sum and weight of the times to the first byte, milliseconds. */
  readonly latencySumMs: number
  readonly latencyWeight: number
}

export interface MinerSightings {
  /** Replaces what this process said of these miners before. */
  write(processId: string, sightings: readonly MinerSighting[]): Promise<void>
  /** One line per miner: the sum over all processes but this one, those that have ended among them, each faded since it was written. */
  readOthers(processId: string, halfLifeMs: number): Promise<readonly MinerSighting[]>
}
