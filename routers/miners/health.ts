/**
 * What has been seen of each miner: decayed counts, latency, pauses after failures. Kept by (netuid, hotkey), since uids are reused.
 *
 * Records are live objects of plain numbers, so that a ranking reads them without a call. All of them fade together on a coarse grid.
 * A record is the sum of what this process has seen and what others told of; a pause is of the process that saw its reason.
 */
import type { MinerFailure, MinerFailureReason } from '../../src/ports/miner.ts'
import type { MinerRecord } from '../../src/ports/routing.ts'
import type { MinerSighting } from '../../src/ports/sightings.ts'
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

type Counts = { -readonly [Key in keyof Omit<MinerSighting, 'netuid' | 'hotkey'>]: number }

type Entry = {
  -readonly [Key in keyof MinerRecord]: MinerRecord[Key]
} & {
  /** What this process has seen, and what others have. */
  readonly own: Counts
  readonly others: Counts
  /** Whether `own` has changed, but for fading, since it was last told. */
  isNews: boolean
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
      entry.isNews = true
      publish(entry)
    }
  }

  /** What this process has seen, of the miners of which it has seen something since the last call; faded to this moment. */
  takeNews(): readonly MinerSighting[] {
    this.#fade()
    const news: MinerSighting[] = []
    for (const [netuid, miners] of this.#subnets) {
      for (const [hotkey, entry] of miners) {
        if (!entry.isNews) continue
        entry.isNews = false
        news.push({ netuid, hotkey, ...entry.own })
      }
    }
    return news
  }

  /** Tells again of these miners: what was taken did not arrive. */
  returnNews(news: readonly Pick<MinerSighting, 'netuid' | 'hotkey'>[]): void {
    for (const { netuid, hotkey } of news) this.#find(netuid, hotkey).isNews = true
  }

  /** What others have seen, all of it, as of this moment: of a miner that is not named they have seen nothing. */
  setOthers(sightings: readonly MinerSighting[]): void {
    this.#fade()
    for (const entry of this.#entries()) Object.assign(entry.others, noCounts())
    for (const { netuid, hotkey, ...counts } of sightings)
      Object.assign(this.#find(netuid, hotkey).others, counts)
    for (const entry of this.#entries()) publish(entry)
  }

  *#entries(): Generator<Entry> {
    for (const miners of this.#subnets.values()) yield* miners.values()
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

  #decay(): void {
    if (this.#options.nowMs() - this.#decayedAtMs >= DECAY_STEP_MS) this.#fade()
  }

  /** Fades every record by the time since the last fading. */
  #fade(): void {
    const nowMs = this.#options.nowMs()
    const factor = 2 ** ((this.#decayedAtMs - nowMs) / this.#options.halfLifeMs)
    this.#decayedAtMs = nowMs
    for (const entry of this.#entries()) {
      fade(entry.own, factor)
      fade(entry.others, factor)
      publish(entry)
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

const noCounts = (): Counts => ({ successes: 0, failures: 0, latencySumMs: 0, latencyWeight: 0 })

function emptyEntry(): Entry {
  return {
    successes: 0,
    failures: 0,
    latencyMs: null,
    coolingUntilMs: 0,
    inFlight: 0,
    own: noCounts(),
    others: noCounts(),
    isNews: false,
    streak: 0,
    coolingReason: null,
  }
}

/** Brings what a ranking reads up to date. */
function publish(entry: Entry): void {
  const { own, others } = entry
  entry.successes = own.successes + others.successes
  entry.failures = own.failures + others.failures
  const weight = own.latencyWeight + others.latencyWeight
  entry.latencyMs = weight < FORGOTTEN ? null : (own.latencySumMs + others.latencySumMs) / weight
}

function fade(counts: Counts, factor: number): void {
  counts.successes *= factor
  counts.failures *= factor
  counts.latencySumMs *= factor
  counts.latencyWeight *= factor
}

function noteLatency({ own }: Entry, latencyMs: number): void {
  own.latencySumMs += latencyMs
  own.latencyWeight += 1
}

/** A miner that answers ends its pause; one that said it is busy, or that we are not welcome, said so of other requests too. */
function noteSuccess(entry: Entry): void {
  entry.own.successes += 1
  entry.streak = 0
  if (entry.coolingReason === 'busy' || entry.coolingReason === 'forbidden') return
  entry.coolingUntilMs = 0
  entry.coolingReason = null
}

/** Failures that come while a pause already runs belong to requests sent before it: they count, but do not prolong it. */
function noteFailure(entry: Entry, failure: MinerFailure, nowMs: number): void {
  const pause = pauseAfter(failure, entry.streak)
  if (pause === null) return
  entry.own.failures += 1
  if (nowMs < entry.coolingUntilMs && pause.reason === entry.coolingReason) return
  entry.streak += 1
  entry.coolingUntilMs = Math.max(entry.coolingUntilMs, nowMs + pause.pauseMs)
  entry.coolingReason = pause.reason
}
