/** Which miner a request gets: the best one of its expert that has a permit free. Knows the permits of every miner. */
import type { MinerCandidate, MinerRanking } from '../ports/routing.ts'
import type { ExpertDirectory, ServedExpert, ServedMiner } from './experts.ts'
import type { MinerSlot } from './lanes.ts'
import type { MinerRecords } from './miner-records.ts'
import { reserveOf, type Share } from './shares.ts'

/** The permits of one miner. The miner is that of the newest snapshot; the count goes on over snapshots. */
export type Slot = MinerSlot & { miner: ServedMiner; readonly capacity: number }

type Candidate = MinerCandidate & { readonly slot: Slot }

export type MinerPickerOptions = {
  readonly directory: Pick<ExpertDirectory, 'readMiners'>
  readonly ranking: MinerRanking
  readonly records: Pick<MinerRecords, 'read'>
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

export class MinerPicker {
  readonly #options: MinerPickerOptions
  /** By expert and hotkey, kept over snapshots, since a new snapshot does not end what runs. */
  readonly #slots = new Map<string, Map<string, Slot>>()
  /** Candidates of a snapshot, made once for each. */
  readonly #candidates = new WeakMap<readonly ServedMiner[], readonly Candidate[]>()
  /** Processes that share the permits of a miner. */
  #processes = 1

  constructor(options: MinerPickerOptions) {
    this.#options = options
  }

  /** Shares each miner's permits with so many processes, at least one each. @returns whether that is new */
  share(processes: number): boolean {
    if (processes === this.#processes) return false
    this.#processes = processes
    for (const slots of this.#slots.values()) {
      for (const slot of slots.values()) slot.inFlightMax = this.#permitsOf(slot.capacity)
    }
    return true
  }

  /**
   * The best miner of the expert with a permit free.
   *
   * @param tried - hotkeys that are out for this request
   * @returns as `Pick` of the expert's line says
   */
  pick(
    expert: ServedExpert,
    { tried, share }: { readonly tried: ReadonlySet<string>; readonly share: Share },
  ): Slot | 'reserved' | 'busy' | 'exhausted' {
    const { miners } = this.#options.directory.readMiners(expert.name)
    const all = this.#candidatesOf(expert, miners)
    const left = tried.size === 0 ? all : all.filter(({ hotkey }) => !tried.has(hotkey))
    if (left.length === 0) return 'exhausted'
    // Under load these are the usual answers: ranking for them would cost many times as much.
    if (!left.some(({ slot }) => slot.inFlight < slot.inFlightMax)) return 'busy'
    if (share.hasRivals && isReserved(all, share.inFlight)) return 'reserved'
    const ranked = this.#options.ranking.rank(left, this.#options.nowMs())
    for (const candidate of ranked) {
      // Ranking hands back the candidates it was given; ours carry their slot.
      const { slot } = candidate as Candidate
      if (slot.inFlight < slot.inFlightMax) return slot
    }
    return 'busy'
  }

  #permitsOf(capacity: number): number {
    return Math.max(1, Math.floor(capacity / this.#processes))
  }

  #candidatesOf(expert: ServedExpert, miners: readonly ServedMiner[]): readonly Candidate[] {
    let candidates = this.#candidates.get(miners)
    if (!candidates) {
      const slots = this.#slotsOf(expert, miners)
      candidates = miners.flatMap((miner) => {
        const slot = slots.get(miner.target.hotkey)
        if (!slot) return []
        return {
          hotkey: miner.target.hotkey,
          coldkey: miner.coldkey,
          uid: miner.target.uid,
          network: miner.network,
          incentive: miner.incentive,
          record: this.#options.records.read(miner.target.netuid, miner.target.hotkey),
          slot,
        }
      })
      this.#candidates.set(miners, candidates)
    }
    return candidates
  }

  /** Slots of all miners of a new snapshot. Those of miners that have gone, and have nothing under way, are forgotten. */
  #slotsOf(expert: ServedExpert, miners: readonly ServedMiner[]): ReadonlyMap<string, Slot> {
    const known = this.#slots.get(expert.name) ?? new Map<string, Slot>()
    const slots = new Map([...known].filter(([, { inFlight }]) => inFlight > 0))
    for (const miner of miners) {
      const { hotkey } = miner.target
      const capacity = expert.concurrencyPerMiner
      const slot = known.get(hotkey) ?? {
        miner,
        capacity,
        inFlight: 0,
        inFlightMax: this.#permitsOf(capacity),
      }
      slot.miner = miner
      slots.set(hotkey, slot)
    }
    this.#slots.set(expert.name, slots)
    return slots
  }
}

/** Whether the permits that are free are kept for those who hold fewer. */
function isReserved(candidates: readonly Candidate[], heldByGroup: number): boolean {
  let permits = 0
  let free = 0
  for (const { slot } of candidates) {
    permits += slot.inFlightMax
    free += Math.max(0, slot.inFlightMax - slot.inFlight)
  }
  const reserve = reserveOf(permits)
  return reserve > 0 && free <= reserve && heldByGroup >= reserve
}
