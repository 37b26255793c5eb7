/** Where the found words are in the sound, and how well they explain it. */
import type { PhoneScores } from './beam.ts'

export interface AlignedWord {
  /** First and last step (included) of the word's phones. */
  readonly firstStep: number
  readonly lastStep: number
  /**
   * 0 to 1: exp of minus how much worse the word's phones explain its sound than the best free phones do,
   * per phone.
   */
  readonly confidence: number
}

export interface Alignment {
  readonly words: readonly AlignedWord[]
  /** As for a word, over the whole sound: also what was said between the words counts against it. */
  readonly confidence: number
}

/**
 * The likeliest (Viterbi) path of blanks and phones through the scores.
 *
 * @param pronunciations - network units of each word in order, none of them empty
 * @returns null when the words have more phones than the scores have steps for
 */
export function align(scores: PhoneScores, pronunciations: readonly (readonly number[])[]): Alignment | null {
  const units = pronunciations.flat()
  if (units.length === 0) return null
  const path = bestPath(scores, units)
  if (!path) return null
  const lost = pathLoss(scores, units, path)
  let phone = 0
  const words = pronunciations.map((pronunciation) => {
    const firstState = 2 * phone + 1
    phone += pronunciation.length
    const firstStep = path.indexOf(firstState)
    const lastStep = path.lastIndexOf(2 * phone - 1)
    let loss = 0
    for (let step = firstStep; step <= lastStep; step++) loss += lost[step] ?? 0
    return { firstStep, lastStep, confidence: Math.exp(-loss / pronunciation.length) }
  })
  const whole = lost.reduce((sum, loss) => sum + loss, 0)
  return { words, confidence: Math.exp(-whole / units.length) }
}

const NEVER = -1e30

/** State of each step: 2 i + 1 is phone i, an even number the blank before phone i / 2. */
function bestPath({ data, steps, units: width }: PhoneScores, units: readonly number[]): Int32Array | null {
  const states = 2 * units.length + 1
  const unitOf = (state: number) => (state % 2 ? (units[state >> 1] ?? 0) : 0)
  const moves = new Uint8Array(steps * states)
  let before = new Float64Array(states).fill(NEVER)
  for (let step = 0; step < steps; step++) {
    const now = new Float64Array(states).fill(NEVER)
    for (let state = 0; state < states; state++) {
      const unit = unitOf(state)
      let best = step === 0 ? (state < 2 ? 0 : NEVER) : (before[state] ?? NEVER)
      let move = 0
      const one = step > 0 && state > 0 ? (before[state - 1] ?? NEVER) : NEVER
      if (one > best) {
        best = one
        move = 1
      }
      // The blank between two phones may be skipped, unless they are the same.
      const mayJump = step > 0 && state > 1 && state % 2 === 1 && unit !== unitOf(state - 2)
      const two = mayJump ? (before[state - 2] ?? NEVER) : NEVER
      if (two > best) {
        best = two
        move = 2
      }
      now[state] = best + (data[step * width + unit] ?? NEVER)
      moves[step * states + state] = move
    }
    before = now
  }
  let state = (before[states - 1] ?? NEVER) > (before[states - 2] ?? NEVER) ? states - 1 : states - 2
  if ((before[state] ?? NEVER) < NEVER / 2) return null
  const path = new Int32Array(steps)
  for (let step = steps - 1; step >= 0; step--) {
    path[step] = state
    state -= moves[step * states + state] ?? 0
  }
  return path
}

/** How much each step of the path is worse than the best unit of that step. */
function pathLoss({ data, units: width }: PhoneScores, units: readonly number[], path: Int32Array): number[] {
  return Array.from(path, (state, step) => {
    let best = NEVER
    for (let unit = 0; unit < width; unit++) best = Math.max(best, data[step * width + unit] ?? NEVER)
    const unit = state % 2 ? (units[state >> 1] ?? 0) : 0
    return best - (data[step * width + unit] ?? NEVER)
  })
}
