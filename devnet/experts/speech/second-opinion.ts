/** Lets another engine fill in words that our vocabulary lacks. */
import type { RecognisedWord } from './segments.ts'

/** `confidence` is the other engine's own. */
export type HeardWord = RecognisedWord

/** Another engine that may know words we do not. */
export interface SecondListener {
  /**
   * @returns words with times in seconds from the start of the samples; none when the engine fails
   * @throws the signal's reason when it is aborted
   */
  listen(samples: Float32Array, signal: AbortSignal | undefined): Promise<readonly HeardWord[]>
}

export interface SecondOpinionOptions {
  readonly listener: SecondListener | undefined
  readonly chunk: Float32Array
  /** Our vocabulary. */
  readonly knows: ReadonlySet<string>
  readonly signal: AbortSignal | undefined
}

/** The other engine is asked when one of our words is below this: many of our wrong words are, few right ones. */
const ASK_BELOW = 0.5
/** Our words give way when they are below this on average, weighed by the time that the foreign word covers. */
const GIVE_WAY_BELOW = 0.6
/** The other engine must be as sure as this of a word; its wrong guesses are mostly far below. */
const FOREIGN_CONFIDENCE_MIN = 0.9
/** What a foreign word counts: the engines' figures cannot be compared, so it stays below what we are sure of. */
const FOREIGN_CONFIDENCE = 0.5

/**
 * The rule: a foreign word is taken when our vocabulary lacks it, the other engine is sure of it, and our words where
 * it lies are doubtful on average; it takes the place of those it covers by more than half. A word that we know is
 * never taken from the other engine: of the words we know, we are the better judge. Nothing is asked when we doubt
 * nothing.
 */
export async function withSecondOpinion(
  own: readonly RecognisedWord[],
  { listener, chunk, knows, signal }: SecondOpinionOptions,
): Promise<readonly RecognisedWord[]> {
  if (!listener || !own.some(({ confidence }) => confidence < ASK_BELOW)) return own
  const foreign = (await listener.listen(chunk, signal)).filter(
    (heard) =>
      !knows.has(heard.word) &&
      heard.confidence >= FOREIGN_CONFIDENCE_MIN &&
      confidenceUnder(heard, own) < GIVE_WAY_BELOW,
  )
  const kept = own.filter((word) => foreign.every((heard) => overlap(word, heard) <= 0.5 * length(word)))
  const taken = foreign.map((heard) => ({ ...heard, confidence: FOREIGN_CONFIDENCE }))
  return inOrder([...kept, ...taken])
}

/** Mean confidence of our words under a foreign one; 1 when they cover less than half of it, so nothing is put in. */
function confidenceUnder(heard: HeardWord, own: readonly RecognisedWord[]): number {
  let covered = 0
  let sum = 0
  for (const word of own) {
    covered += overlap(word, heard)
    sum += overlap(word, heard) * word.confidence
  }
  return covered > 0.5 * length(heard) ? sum / covered : 1
}

/** Sorts by time and lets no word reach into the next. */
function inOrder(words: readonly RecognisedWord[]): RecognisedWord[] {
  const sorted = [...words].sort((a, b) => a.startSeconds - b.startSeconds)
  return sorted.map((word, i) => ({
    ...word,
    endSeconds: Math.min(word.endSeconds, sorted[i + 1]?.startSeconds ?? word.endSeconds),
  }))
}

const length = (word: HeardWord) => word.endSeconds - word.startSeconds
const overlap = (a: HeardWord, b: HeardWord) =>
  Math.max(0, Math.min(a.endSeconds, b.endSeconds) - Math.max(a.startSeconds, b.startSeconds))
