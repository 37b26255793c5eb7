/** Words with times, and their grouping into segments between pauses. */

export interface RecognisedWord {
  readonly word: string
  /** From the start of the recording; about 30 ms exact at best. */
  readonly startSeconds: number
  readonly endSeconds: number
  /** 0 to 1 */
  readonly confidence: number
}

export interface SpeechSegment {
  readonly text: string
  readonly startSeconds: number
  readonly endSeconds: number
  /** 0 to 1: the mean of its words' by their duration. */
  readonly confidence: number
}

/**
 * A pause between words that starts a new segment: longer than the closure of a stop, shorter than a
 * breath.
 */
const PAUSE_SECONDS = 0.6
/** As long as a subtitle may stand. */
const SEGMENT_SECONDS_MAX = 20

/** @param words - in order of time */
export function groupSegments(words: readonly RecognisedWord[]): SpeechSegment[] {
  const groups: RecognisedWord[][] = []
  for (const word of words) {
    const group = groups.at(-1)
    const first = group?.[0]
    const last = group?.at(-1)
    const goesOn =
      first !== undefined &&
      last !== undefined &&
      word.startSeconds - last.endSeconds < PAUSE_SECONDS &&
      word.endSeconds - first.startSeconds <= SEGMENT_SECONDS_MAX
    if (goesOn && group) group.push(word)
    else groups.push([word])
  }
  return groups.map((group) => ({
    text: group.map(({ word }) => word).join(' '),
    startSeconds: group[0]?.startSeconds ?? 0,
    endSeconds: group.at(-1)?.endSeconds ?? 0,
    confidence: meanConfidence(group),
  }))
}

/** @returns the mean of the words' confidence by their duration; 0 for no words */
export function meanConfidence(words: readonly RecognisedWord[]): number {
  let sum = 0
  let seconds = 0
  for (const { confidence, startSeconds, endSeconds } of words) {
    sum += confidence * (endSeconds - startSeconds)
    seconds += endSeconds - startSeconds
  }
  return seconds > 0 ? sum / seconds : 0
}
