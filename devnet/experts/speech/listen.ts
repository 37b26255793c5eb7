/** One chunk of a recording → words with times. */
import { setImmediate } from 'node:timers/promises'
import { type AlignedWord, align } from './align.ts'
import { type BeamOptions, BeamSearch, type PhoneScores } from './beam.ts'
import { FRAME_STEP, logMel, normaliseLevel, SAMPLE_RATE_HZ } from './features.ts'
import type { Language } from './language.ts'
import type { AcousticNetwork } from './network.ts'
import { soundsLikeSpeech } from './presence.ts'
import type { RecognisedWord } from './segments.ts'

export interface Ear {
  readonly language: Language
  readonly network: AcousticNetwork
  readonly beam: BeamOptions
}

/** The network gives one step for three frames of 10 ms. */
const STEP_SECONDS = (3 * FRAME_STEP) / SAMPLE_RATE_HZ
/** The search lets others work after so many steps (1.5 s of sound, 10 to 40 ms of work). */
const STEPS_AT_ONCE = 50
/**
 * Below this the words do not explain the sound at all. Speech of the voices we know stays above 0.5; clear single
 * words of people go down to 0.1, and played melodies, the one sound without speech that came this far, up to 0.2.
 */
const CHUNK_CONFIDENCE_MIN = 0.1

/**
 * @param samples - at most 20 s, mono, 16 kHz
 * @returns no words for what does not sound like speech; times in seconds from the start of the samples
 * @throws the signal's reason when it is aborted
 */
export async function listenToChunk(
  { language, network, beam }: Ear,
  samples: Float32Array,
  signal: AbortSignal | undefined,
): Promise<RecognisedWord[]> {
  const features = logMel(samples)
  if (!soundsLikeSpeech(features)) return []
  await pause(signal)
  const scores = await network.score(normaliseLevel(features))
  const search = new BeamSearch(language, scores, beam)
  for (let step = 0; step < scores.steps; step += STEPS_AT_ONCE) {
    await pause(signal)
    search.advance(step, step + STEPS_AT_ONCE)
  }
  const found = search.finish()
  const alignment = align(
    scores,
    found.map((word) => language.pronunciations[word] ?? []),
  )
  if (!alignment || alignment.confidence < CHUNK_CONFIDENCE_MIN) return []
  return alignment.words.map((aligned, i) => ({
    word: language.words[found[i] ?? 0] ?? '',
    ...timesOf(alignment.words, i, scores),
    confidence: aligned.confidence,
  }))
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}

/**
 * The network's phones are spikes within the sound: a word reaches a step further at both ends where there
 * is room.
 */
function timesOf(words: readonly AlignedWord[], i: number, { steps }: PhoneScores) {
  const first = words[i]?.firstStep ?? 0
  const last = words[i]?.lastStep ?? 0
  const before = words[i - 1]
  const after = words[i + 1]
  const roomBefore = before ? (first - before.lastStep - 1) / 2 : first
  const roomAfter = after ? (after.firstStep - last - 1) / 2 : steps - 1 - last
  return {
    startSeconds: (first - Math.min(1, roomBefore)) * STEP_SECONDS,
    endSeconds: (last + 1 + Math.min(1, roomAfter)) * STEP_SECONDS,
  }
}
