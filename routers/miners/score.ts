/** What a miner is worth trying, by the chain and by what was seen of it. Pure. */
import type { MinerCandidate } from '../../src/ports/routing.ts'

/** What the candidates of one expert are measured against. */
export type Yardstick = {
  /** Largest raw incentive among them. */
  readonly incentiveMax: number
  /** Mean of the latencies seen, milliseconds; null when none was. */
  readonly latencyMeanMs: number | null
}

/** A newcomer is taken for a miner that did well in this many of `PRIOR_WEIGHT` attempts. */
const PRIOR_SUCCESSES = 5.4
const PRIOR_WEIGHT = 6
/** Nobody's weight is nothing: who has no incentive yet may be a newborn, and scores are over an hour old. */
const INCENTIVE_SHARE_MIN = 0.01

/** Takes the yardstick. */
export function measure(candidates: readonly MinerCandidate[]): Yardstick {
  let incentiveMax = 0
  let latencySumMs = 0
  let latencyCount = 0
  for (const { incentive, record } of candidates) {
    if (incentive > incentiveMax) incentiveMax = incentive
    if (record.latencyMs !== null) {
      latencySumMs += record.latencyMs
      latencyCount += 1
    }
  }
  return { incentiveMax, latencyMeanMs: latencyCount === 0 ? null : latencySumMs / latencyCount }
}

/**
 * Scores one candidate: above 0, comparable within the expert.
 *
 * Success counts squared, since a caller feels a failure more than a rank. Latency counts from twice (none) over once (the mean, or
 * not known) down to nothing. Each attempt under way takes an equal part of the weight, so that a burst spreads.
 */
export function scoreOf({ incentive, record }: MinerCandidate, yardstick: Yardstick): number {
  const { incentiveMax, latencyMeanMs } = yardstick
  const share = incentiveMax === 0 ? 1 : Math.max(incentive / incentiveMax, INCENTIVE_SHARE_MIN)
  const success = (record.successes + PRIOR_SUCCESSES) / (record.successes + record.failures + PRIOR_WEIGHT)
  const speed =
    record.latencyMs === null || latencyMeanMs === null || latencyMeanMs === 0
      ? 1
      : 2 / (1 + record.latencyMs / latencyMeanMs)
  return (share * success * success * speed) / (1 + record.inFlight)
}
