/** Where decoded sound ends: mixed to one channel, brought to 16 kHz, counted, and kept as 16-bit samples. */
import { Resampler } from './resample.ts'
import { AudioFault, checkShape, type Sound } from './sound.ts'

/** Speech recognisers of the networks we speak to listen at 16 kHz. */
export const SINK_RATE = 16_000

const CHUNK_SAMPLES = 10 * SINK_RATE
const WAV_HEADER_BYTES = 44

/** Takes sound until its end or the limit. Memory is the output's own size. */
export class MonoSink {
  readonly #samplesMax: number
  readonly #secondsMax: number
  readonly #chunks: Int16Array[] = []
  #free = 0
  #count = 0
  #rate = 0
  #resampler: Resampler | null = null
  #isOver = false

  constructor(options: { readonly secondsMax: number }) {
    this.#secondsMax = options.secondsMax
    this.#samplesMax = Math.floor(options.secondsMax * SINK_RATE)
  }

  /** Seconds taken so far, but for the few milliseconds inside the filter. */
  get seconds(): number {
    return this.#count / SINK_RATE
  }

  /** Whether the limit was reached. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** @throws AudioFault an impossible rate, or longer than the limit */
  write(sound: Sound): void {
    const first = sound.channels[0]
    if (!first || first.length === 0) return
    checkShape(sound.sampleRate, sound.channels.length)
    if (sound.sampleRate !== this.#rate) this.#changeRate(sound.sampleRate)
    const mono = sound.channels.length === 1 ? first : mix(sound.channels, first.length)
    this.#append(this.#resampler ? this.#resampler.push(mono) : mono)
  }

  /** Ends the sound. @returns a WAV file, 16 kHz, mono, 16-bit PCM */
  end(): Uint8Array<ArrayBuffer> {
    if (this.#resampler) this.#append(this.#resampler.end())
    this.#resampler = null
    const bytes = new Uint8Array(WAV_HEADER_BYTES + 2 * this.#count)
    writeWavHeader(bytes, this.#count)
    const samples = new Int16Array(bytes.buffer, WAV_HEADER_BYTES, this.#count)
    for (let at = 0; this.#chunks.length > 0; ) {
      const chunk = this.#chunks.shift()
      const part = chunk?.subarray(0, this.#count - at)
      if (part) samples.set(part, at)
      at += part?.length ?? 0
    }
    return bytes
  }

  #changeRate(rate: number): void {
    if (this.#resampler) this.#append(this.#resampler.end())
    this.#rate = rate
    this.#resampler = rate === SINK_RATE ? null : new Resampler(rate, SINK_RATE)
  }

  #append(samples: Float32Array): void {
    this.#isOver = this.#count + samples.length > this.#samplesMax
    if (this.#isOver)
      throw new AudioFault(
        `The recording is longer than ${describeSeconds(this.#secondsMax)}, the most that is taken.`,
      )
    let chunk = this.#chunks.at(-1)
    for (const value of samples) {
      if (this.#free === 0 || !chunk) {
        chunk = new Int16Array(CHUNK_SAMPLES)
        this.#chunks.push(chunk)
        this.#free = CHUNK_SAMPLES
      }
      const scaled = Math.round(value * 32_768)
      // A NaN (float files may hold them) fails both comparisons and becomes 0 in the typed array.
      chunk[CHUNK_SAMPLES - this.#free] = scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled
      this.#free -= 1
    }
    this.#count += samples.length
  }
}

function mix(channels: readonly Float32Array[], length: number): Float32Array {
  const mono = new Float32Array(length)
  for (const channel of channels)
    for (let at = 0; at < length; at += 1) mono[at] = Number(mono[at]) + Number(channel[at])
  for (let at = 0; at < length; at += 1) mono[at] = Number(mono[at]) / channels.length
  return mono
}

function writeWavHeader(bytes: Uint8Array<ArrayBuffer>, sampleCount: number): void {
  const view = new DataView(bytes.buffer)
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at)
  text(0, 'RIFF')
  view.setUint32(4, 36 + 2 * sampleCount, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, SINK_RATE, true)
  view.setUint32(28, 2 * SINK_RATE, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, 2 * sampleCount, true)
}

/** `1800` → `30 minutes`, `90` → `90 seconds`. */
export function describeSeconds(seconds: number): string {
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`
}
