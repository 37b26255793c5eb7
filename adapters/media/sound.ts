/** What every decoder in this folder gives: stretches of sound, and one kind of failure. */

/** A stretch of decoded sound. All channels have the same length; full scale is -1 to 1. */
export type Sound = {
  /** Hertz; may change from one stretch to the next. */
  readonly sampleRate: number
  readonly channels: readonly Float32Array[]
}

/** A recording taken apart: stretches come in order, each of at most some megabytes. */
export type Recording = {
  readonly sounds: AsyncIterable<Sound> | Iterable<Sound>
}

/** Why a recording cannot be used. The message is for the caller: what was found, not where in our code. */
export class AudioFault extends Error {
  override readonly name = 'AudioFault'
}

/** Sample rates outside of this are a broken or hostile header; 384 kHz is the fastest converter on sale. */
const RATE_MIN = 1_000
const RATE_MAX = 384_000

/** More channels than any recorder writes; bounds the memory of one block. */
const CHANNELS_MAX = 64

/** Refuses headers that no recorder writes. @throws AudioFault */
export function checkShape(sampleRate: number, channelCount: number): void {
  if (!(sampleRate >= RATE_MIN && sampleRate <= RATE_MAX))
    throw new AudioFault(
      `The recording claims a sample rate of ${sampleRate} Hz; ${RATE_MIN} to ${RATE_MAX} Hz can be read.`,
    )
  if (!(channelCount >= 1 && channelCount <= CHANNELS_MAX))
    throw new AudioFault(`The recording claims ${channelCount} channels; 1 to ${CHANNELS_MAX} can be read.`)
}
