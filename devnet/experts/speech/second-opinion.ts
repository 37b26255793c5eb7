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

/** Our word is doubted below this: half of our wrong words are, and one in twenty of the right ones. */
const DOUBT = 0.5
/**
 * The other engine must be as sure as this of a word: on our test voices it gives its wrong guesses far
 * less.
 */
const FOREIGN_CONFIDENCE_MIN = 0.9
/**
 * What a foreign word counts: the engines' figures cannot be compared, so it stays below what we are sure
 * of.
 */
const FOREIGN_CONFIDENCE = 0.5

/**
 * The rule: a foreign word is taken when our vocabulary lacks it, the other engine is sure of it, and it lies
 * (by more than half its time) over our doubted words and over no other word of ours; it replaces those it
 * covers. A word that we know is never taken from the other engine: of the words we know, we are the better
 * judge. Nothing is asked when we doubt nothing.
 */
export async function withSecondOpinion(
  own: readonly RecognisedWord[],
  { listener, chunk, knows, signal }: SecondOpinionOptions,
): Promise<readonly RecognisedWord[]> {
  if (!listener || !own.some(isDoubted)) return own
  const foreign = (await listener.listen(chunk, signal)).filter(
    (heard) =>
      !knows.has(heard.word) &&
      heard.confidence >= FOREIGN_CONFIDENCE_MIN &&
      own.every(
        (word) => isDoubted(word) || overlap(word, heard) < 0.5 * Math.min(length(word), length(heard)),
      ) &&
      own.filter(isDoubted).reduce((sum, word) => sum + overlap(word, heard), 0) > 0.5 * length(heard),
  )
  const kept = own.filter(
    (word) => !isDoubted(word) || foreign.every((heard) => overlap(word, heard) <= 0.5 * length(word)),
  )
  const taken = foreign.map((heard) => ({ ...heard, confidence: FOREIGN_CONFIDENCE }))
  return inOrder([...kept, ...taken])
}

/** Sorts by time and lets no word reach into the next. */
function inOrder(words: readonly RecognisedWord[]): RecognisedWord[] {
  const sorted = [...words].sort((a, b) => a.startSeconds - b.startSeconds)
  return sorted.map((word, i) => ({
    ...word,
    endSeconds: Math.min(word.endSeconds, sorted[i + 1]?.startSeconds ?? word.endSeconds),
  }))
}

const isDoubted = (word: RecognisedWord) => word.confidence < DOUBT
const length = (word: HeardWord) => word.endSeconds - word.startSeconds
const overlap = (a: HeardWord, b: HeardWord) =>
  Math.max(0, Math.min(a.endSeconds, b.endSeconds) - Math.max(a.startSeconds, b.startSeconds))
