// Seeded random numbers for scenes: the same seed gives the same picture on every machine.

export interface SeededRandom {
  /** At least 0, below 1. */
  next(): number
  /** At least `low`, below `high`. */
  between(low: number, high: number): number
  /** An integer of at least 0, below `limit`. */
  below(limit: number): number
  /** One of the list. @throws Error when the list is empty */
  pick<T>(list: readonly T[]): T
}

/** A stream of numbers that depends on the seed's characters alone (mulberry32 on a hash of them). */
export function seededRandom(seed: string): SeededRandom {
  let state = 0
  for (const character of seed) state = (Math.imul(state, 31) + character.charCodeAt(0)) | 0
  state ^= 0x9e3779b9
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    below: (limit) => Math.floor(next() * limit),
    pick(list) {
      const chosen = list[Math.floor(next() * list.length)]
      if (chosen === undefined) throw new Error('There is nothing to pick from.')
      return chosen
    },
  }
}
