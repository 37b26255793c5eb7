/** Who holds how many permits of an expert, and who has asked lately: so that none takes the last ones while others come too. */

/** How long one who has asked counts as somebody who comes again. */
const RIVAL_MS = 10_000

/** What a pick has to know of the group that it is for: an account, or all steps of runs together. */
export type Share = {
  /** Permits that the group holds. */
  readonly inFlight: number
  /** Whether another group has asked lately. */
  readonly hasRivals: boolean
}

/** Permits of so many that are kept for groups that hold fewer than that: an eighth, at least one where there are several. */
export const reserveOf = (permits: number): number => (permits < 2 ? 0 : Math.max(1, Math.floor(permits / 8)))

export class Shares {
  readonly #nowMs: () => number
  /** Groups that hold one. */
  readonly #inFlight = new Map<string, number>()
  #latest = { group: '', atMs: Number.NEGATIVE_INFINITY }
  /** When a group other than the latest one asked last. */
  #otherAtMs = Number.NEGATIVE_INFINITY

  /** @param nowMs - monotonic milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Notes that the group asks. */
  note(group: string): void {
    if (group !== this.#latest.group) this.#otherAtMs = this.#latest.atMs
    this.#latest = { group, atMs: this.#nowMs() }
  }

  /** @param change - 1 or −1 */
  count(group: string, change: 1 | -1): void {
    const inFlight = (this.#inFlight.get(group) ?? 0) + change
    if (inFlight > 0) this.#inFlight.set(group, inFlight)
    else this.#inFlight.delete(group)
  }

  of(group: string): Share {
    const rivalAtMs = group === this.#latest.group ? this.#otherAtMs : this.#latest.atMs
    return {
      inFlight: this.#inFlight.get(group) ?? 0,
      hasRivals: this.#nowMs() - rivalAtMs <= RIVAL_MS,
    }
  }
}
