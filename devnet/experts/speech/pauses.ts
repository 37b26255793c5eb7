/** Cuts a recording at its pauses into chunks of bounded length. */
import { FRAME_STEP, SAMPLE_RATE_HZ } from './features.ts'

/** Sample numbers: `start` is in the chunk, `end` no more. */
export interface Chunk {
  readonly start: number
  readonly end: number
}

const FRAMES_PER_SECOND = SAMPLE_RATE_HZ / FRAME_STEP
const CHUNK_FRAMES_MAX = 20 * FRAMES_PER_SECOND
/** So long a pause ends a sentence. */
const PAUSE_FRAMES = 0.8 * FRAMES_PER_SECOND
/** Kept before and after speech, so that soft beginnings and endings are not cut. */
const MARGIN_FRAMES = 0.25 * FRAMES_PER_SECOND
/** The noise floor is taken anew for each block, since it may change over a long recording. */
const BLOCK_FRAMES = 30 * FRAMES_PER_SECOND
const SMOOTHING_FRAMES = 5
/** Softer than this (root mean square, -66 dB of full scale) is silence whatever is around it. */
const SILENCE_DB = -66

/**
 * @param samples - mono, 16 kHz
 * @returns chunks of at most 20 s, in order, not overlapping; none when the recording is silent
 */
export function cutAtPauses(samples: Float32Array): Chunk[] {
  const levels = frameLevels(samples)
  const loud = loudFrames(levels)
  return spans(loud)
    .flatMap((span) => split(span, levels))
    .map(({ start, end }) => ({
      start: start * FRAME_STEP,
      end: Math.min(samples.length, end * FRAME_STEP),
    }))
}

/** Levels of 10 ms frames in dB of full scale, smoothed over 50 ms. */
function frameLevels(samples: Float32Array): Float32Array {
  const frames = Math.ceil(samples.length / FRAME_STEP)
  const powers = Float32Array.from({ length: frames }, (_, frame) => {
    const part = samples.subarray(frame * FRAME_STEP, (frame + 1) * FRAME_STEP)
    let sum = 0
    for (const sample of part) sum += sample * sample
    return sum / part.length
  })
  return powers.map((_, frame) => {
    const from = Math.max(0, frame - (SMOOTHING_FRAMES >> 1))
    const part = powers.subarray(from, frame + (SMOOTHING_FRAMES >> 1) + 1)
    let sum = 0
    for (const power of part) sum += power
    return 10 * Math.log10(sum / part.length + 1e-12)
  })
}

/**
 * 1 for each frame that is clearly above its block's noise floor, or where the block has no pause to tell
 * from.
 */
function loudFrames(levels: Float32Array): Uint8Array {
  const loud = new Uint8Array(levels.length)
  for (let from = 0; from < levels.length; from += BLOCK_FRAMES) {
    const block = levels.subarray(from, from + BLOCK_FRAMES)
    const sorted = Float32Array.from(block).sort()
    const floor = sorted[Math.floor(0.1 * (sorted.length - 1))] ?? 0
    const top = sorted[Math.floor(0.95 * (sorted.length - 1))] ?? 0
    // A quarter of the way from the floor to the loudest, in dB, found on speech in 10 dB of noise and in silence.
    const threshold = Math.max(SILENCE_DB, top - floor < 6 ? floor - 3 : floor + 0.25 * (top - floor))
    block.forEach((level, frame) => {
      if (level > threshold) loud[from + frame] = 1
    })
  }
  return loud
}

/**
 * Stretches of loud frames, in frames, with margins, joined over pauses that are not the end of a sentence.
 */
function spans(loud: Uint8Array): Chunk[] {
  const found: { start: number; end: number }[] = []
  loud.forEach((isLoud, frame) => {
    if (!isLoud) return
    const last = found.at(-1)
    if (last && frame - last.end < PAUSE_FRAMES) last.end = frame + 1
    else found.push({ start: frame, end: frame + 1 })
  })
  return found.map(({ start, end }) => ({
    start: Math.max(0, start - MARGIN_FRAMES),
    end: Math.min(loud.length, end + MARGIN_FRAMES),
  }))
}

/** Cuts what is too long at its softest frame, away from both ends, until all parts are short enough. */
function split(span: Chunk, levels: Float32Array): Chunk[] {
  const length = span.end - span.start
  if (length <= CHUNK_FRAMES_MAX) return [span]
  const from = span.start + Math.floor(length / 4)
  const to = Math.min(span.end - Math.floor(length / 4), from + CHUNK_FRAMES_MAX)
  let softest = from
  for (let frame = from; frame < to; frame++)
    if ((levels[frame] ?? 0) < (levels[softest] ?? 0)) softest = frame
  return [
    ...split({ start: span.start, end: softest }, levels),
    ...split({ start: softest, end: span.end }, levels),
  ]
}
