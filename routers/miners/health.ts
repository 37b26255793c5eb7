/**
 * What has been seen of each miner: decayed counts, latency, pauses after failures. Kept by (netuid, hotkey), since uids are reused.
 *
 * Records are live objects of plain numbers, so that a ranking reads them without a call. All of them fade together on a coarse grid.
 */
import type { MinerFailure, MinerFailureReason } from '../../src/ports/miner.ts'
import type { MinerRecord } from '../../src/ports/routing.ts'
import { pauseAfter } from './pause.ts'

/** How an attempt ended: whole, given up by us, or failed. */
export type AttemptEnding = 'whole' | 'abandoned' | MinerFailure

export type MinerHealthOptions = {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  /** After so long an observation counts half. */
  readonly halfLifeMs: number
  /** Miners remembered; beyond it the ones without an attempt under way that were seen least are forgotten. */
  readonly minersMax: number
}

/** Ten minutes: a miner that fell ill an hour ago is judged anew, one that did five minutes ago is not. */
export const MINER_HEALTH = { halfLifeMs: 600_000, minersMax: 65_536 } as const

type Entry = {
  -readonly [Key in keyof MinerRecord]: MinerRecord[Key]
} & {
  /** Decayed sum and weight behind `latencyMs`. */
  latencySumMs: number
  latencyWeight: number
  /** Failures in a row that each came after the pause of the one before. */
  streak: number
  coolingReason: MinerFailureReason | null
}

const DECAY_STEP_MS = 5_000
/** Below this a record says nothing any more. */
const FORGOTTEN = 0.01

export class MinerHealth {
  readonly #options: MinerHealthOptions
  readonly #subnets = new Map<number | null, Map<string, Entry>>()
  #count = 0
  #decayedAtMs: number

  constructor(options: MinerHealthOptions) {
    this.#options = options
    this.#decayedAtMs = options.nowMs()
  }

  /** The live record of a miner: the same object for as long as the miner is remembered. */
  read(netuid: number | null, hotkey: string): MinerRecord {
    return this.#find(netuid, hotkey)
  }

  /**
   * Counts an attempt as under way.
   *
   * @returns to be called once, with how it ended and the milliseconds to the first byte (null when none came)
   */
  begin(netuid: number | null, hotkey: string): (ending: AttemptEnding, latencyMs: number | null) => void {
    this.#decay()
    const entry = this.#find(netuid, hotkey)
    entry.inFlight += 1
    return (ending, latencyMs) => {
      entry.inFlight -= 1
      if (latencyMs !== null) noteLatency(entry, latencyMs)
      if (ending === 'whole') noteSuccess(entry)
      else if (ending !== 'abandoned') noteFailure(entry, ending, this.#options.nowMs())
    }
  }

  #find(netuid: number | null, hotkey: string): Entry {
    let miners = this.#subnets.get(netuid)
    if (!miners) {
      miners = new Map()
      this.#subnets.set(netuid, miners)
    }
    const known = miners.get(hotkey)
    if (known) return known
    if (this.#count >= this.#options.minersMax) this.#forget()
    const entry = emptyEntry()
    miners.set(hotkey, entry)
    this.#count += 1
    return entry
  }

  /** Fades every record by the time since the last fading. */
  #decay(): void {
    const nowMs = this.#options.nowMs()
    const elapsedMs = nowMs - this.#decayedAtMs
    if (elapsedMs < DECAY_STEP_MS) return
    this.#decayedAtMs = nowMs
    const factor = 2 ** (-elapsedMs / this.#options.halfLifeMs)
    for (const miners of this.#subnets.values()) {
      for (const entry of miners.values()) fade(entry, factor)
    }
  }

  /** Drops the idle half that was seen least, so that it need not be done again soon. */
  #forget(): void {
    const idle: { readonly miners: Map<string, Entry>; readonly hotkey: string; readonly seen: number }[] = []
    for (const miners of this.#subnets.values()) {
      for (const [hotkey, entry] of miners) {
        if (entry.inFlight === 0) idle.push({ miners, hotkey, seen: entry.successes + entry.failures })
      }
    }
    idle.sort((a, b) => a.seen - b.seen)
    for (const { miners, hotkey } of idle.slice(0, Math.ceil(idle.length / 2))) {
      miners.delete(hotkey)
      this.#count -= 1
    }
  }
}

function emptyEntry(): Entry {
  return {
    successes: 0,
    failures: 0,
    latencyMs: null,
    coolingUntilMs: 0,
    inFlight: 0,
    latencySumMs: 0,
    latencyWeight: 0,
    streak: 0,
    coolingReason: null,
  }
}

function fade(entry: Entry, factor: number): void {
  entry.successes *= factor
  entry.failures *= factor
  entry.latencySumMs *= factor
  entry.latencyWeight *= factor
  if (entry.latencyWeight < FORGOTTEN) entry.latencyMs = null
}

function noteLatency(entry: Entry, latencyMs: number): void {
  entry.latencySumMs += latencyMs
  entry.latencyWeight += 1
  entry.latencyMs = entry.latencySumMs / entry.latencyWeight
}

/** A miner that answers ends its pause; one that said it is busy, or that we are not welcome, said so of other requests too. */
function noteSuccess(entry: Entry): void {
  entry.successes += 1
  entry.streak = 0
  if (entry.coolingReason === 'busy' || entry.coolingReason === 'forbidden') return
  entry.coolingUntilMs = 0
  entry.coolingReason = null
}

/** Failures that come while a pause already runs belong to requests sent before it: they count, but do not prolong it. */
function noteFailure(entry: Entry, failure: MinerFailure, nowMs: number): void {
  const pause = pauseAfter(failure, entry.streak)
  if (pause === null) return
  entry.failures += 1
  if (nowMs < entry.coolingUntilMs && pause.reason === entry.coolingReason) return
  entry.streak += 1
  entry.coolingUntilMs = Math.max(entry.coolingUntilMs, nowMs + pause.pauseMs)
  entry.coolingReason = pause.reason
}
