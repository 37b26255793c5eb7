/**
 * Puts an expert's miners into the order in which they are tried.
 *
 * A miner's score is its share of the chain's incentive × what we have seen of its success, latency and load. The best few, with no
 * operator among them more often than allowed, are drawn by weight; the others follow by score; those that cool down come last, the
 * one that may be tried soonest first.
 */
import type { MinerCandidate, MinerRanking } from '../../src/ports/routing.ts'
import { capShares, drawOrder } from './draw.ts'
import { measure, scoreOf } from './score.ts'

export type RankingOptions = {
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** How many of the best are drawn from. */
  readonly topMax: number
  /** How many of those may have the same coldkey. */
  readonly coldkeyMax: number
  /** How many of those may lie in the same /24 or /64. */
  readonly networkMax: number
  /** Largest chance of one coldkey to be drawn first, where enough others are there to take the rest. */
  readonly coldkeyShareMax: number
  /** Miners that score below this part of the best one's are not drawn. */
  readonly floorShare: number
}

/** Not always the first: a leader by incentive may lie, fail or be full. Not too many: the tail of the incentive is poor. */
export const RANKING = {
  topMax: 8,
  coldkeyMax: 2,
  networkMax: 2,
  coldkeyShareMax: 0.35,
  floorShare: 0.1,
} as const

/** Low digits of a sort key: the candidate's index. A netuid has at most 65,536 uids. */
const INDEX_SPAN = 65_536
/** High digits of a sort key: score or pause. With the index they fill the 53 bits of an exact float. */
const VALUE_SPAN = 2 ** 36

/** Builds the ranking. Between calls it keeps scratch memory alone. */
export function createMinerRanking(options: RankingOptions): MinerRanking {
  let scores = new Float64Array(64)
  let keys = new Float64Array(64)
  return {
    rank(candidates, nowMs) {
      const count = candidates.length
      if (count < 2) return candidates
      if (count > keys.length) {
        scores = new Float64Array(count * 2)
        keys = new Float64Array(count * 2)
      }
      score(candidates, nowMs, { scores, keys })
      const sorted = keys.subarray(0, count).sort() // Without a comparator: native, an order of magnitude faster.
      const top: Top = { members: [], weights: [], owners: [] }
      const rest: MinerCandidate[] = []
      for (let position = count - 1; position >= 0; position -= 1) {
        const key = sorted[position] ?? 0
        const index = indexOf(key)
        const candidate = candidates[index]
        if (candidate === undefined) continue // Never: the key was made from this index.
        const own = scores[index] ?? 0
        const isGood = key >= 0 && own >= (top.weights[0] ?? 0) * options.floorShare
        if (!isGood || !join(top, candidate, options)) rest.push(candidate)
        else top.weights.push(own)
      }
      capShares(top.weights, top.owners, options.coldkeyShareMax)
      const ranked: MinerCandidate[] = []
      for (const index of drawOrder(top.weights, options.random)) {
        const member = top.members[index]
        if (member !== undefined) ranked.push(member)
      }
      for (const candidate of rest) ranked.push(candidate)
      return ranked
    },
  }
}

/** The best, by falling weight. An owner is the index of the first member with the same coldkey. */
type Top = { readonly members: MinerCandidate[]; readonly weights: number[]; readonly owners: number[] }

/** Writes each candidate's score and sort key. Keys ascend from the longest pause over the shortest to the best score. */
function score(
  candidates: readonly MinerCandidate[],
  nowMs: number,
  { scores, keys }: { readonly scores: Float64Array; readonly keys: Float64Array },
): void {
  const yardstick = measure(candidates)
  let best = Number.MIN_VALUE
  for (let index = 0; index < candidates.length; index += 1) {
    const candidate = candidates[index]
    if (candidate === undefined) continue
    const value = scoreOf(candidate, yardstick)
    scores[index] = value
    if (value > best) best = value
  }
  for (let index = 0; index < candidates.length; index += 1) {
    const waitMs = (candidates[index]?.record.coolingUntilMs ?? 0) - nowMs
    const value = Math.floor(((scores[index] ?? 0) / best) * (VALUE_SPAN - 1))
    keys[index] =
      waitMs > 0
        ? -(Math.min(Math.ceil(waitMs), VALUE_SPAN - 1) * INDEX_SPAN + index + 1)
        : value * INDEX_SPAN + (INDEX_SPAN - 1 - index) // Of equals the earlier one is better.
  }
}

function indexOf(key: number): number {
  return key >= 0 ? INDEX_SPAN - 1 - (key % INDEX_SPAN) : (-key - 1) % INDEX_SPAN
}

/** Adds a member, if there is room for one more, of its coldkey and of its network. Its weight is the caller's to add. */
function join(top: Top, candidate: MinerCandidate, options: RankingOptions): boolean {
  const count = top.members.length
  if (count >= options.topMax) return false
  let owner = count
  let ofColdkey = 0
  let ofNetwork = 0
  for (let index = 0; index < count; index += 1) {
    const member = top.members[index]
    if (member?.coldkey === candidate.coldkey) {
      if (ofColdkey === 0) owner = index
      ofColdkey += 1
    }
    if (candidate.network !== null && member?.network === candidate.network) ofNetwork += 1
  }
  if (ofColdkey >= options.coldkeyMax || ofNetwork >= options.networkMax) return false
  top.members.push(candidate)
  top.owners.push(owner)
  return true
}
