/**
 * Log-mel features of speech: 40 bands, 25 ms windows every 10 ms. The arithmetic is that of
 * `training/features.py`, which made the features the network was trained on; a test compares the two.
 */

export const SAMPLE_RATE_HZ = 16_000
export const FRAME_STEP = 160
export const FRAME_LENGTH = 400
export const BANDS = 40
const TRANSFORM_LENGTH = 512
const LOWEST_HZ = 60
const HIGHEST_HZ = 7_200

/** Channel-first features: the value of band `b` in frame `t` is `data[b * frames + t]`. */
export interface Features {
  readonly data: Float32Array
  readonly frames: number
}

/**
 * @param samples - mono, 16 kHz, -1 to 1; shorter than one window is padded with zeros
 * @returns natural logarithms of the band energies, not yet normalised
 */
export function logMel(samples: Float32Array): Features {
  const frames = Math.max(1, 1 + Math.floor((samples.length - FRAME_LENGTH) / FRAME_STEP))
  const data = new Float32Array(BANDS * frames)
  const real = new Float64Array(TRANSFORM_LENGTH)
  const imaginary = new Float64Array(TRANSFORM_LENGTH)
  for (let frame = 0; frame < frames; frame++) {
    real.fill(0)
    imaginary.fill(0)
    for (let i = 0; i < TRANSFORM_LENGTH; i++) {
      const k = reversed[i] ?? 0
      if (k < FRAME_LENGTH) real[i] = (samples[frame * FRAME_STEP + k] ?? 0) * (hann[k] ?? 0)
    }
    transform(real, imaginary)
    bank.forEach(({ first, weights }, band) => {
      let energy = 0
      for (let k = 0; k < weights.length; k++) {
        const re = real[first + k] ?? 0
        const im = imaginary[first + k] ?? 0
        energy += (weights[k] ?? 0) * (re * re + im * im)
      }
      data[band * frames + frame] = Math.log(energy + 1e-7)
    })
  }
  return { data, frames }
}

/**
 * Makes features independent of the recording's level: the 95th percentile of the frames' mean becomes 1, the
 * rest is clipped to what the network has seen. Only the level: the mean of each band over a single word is
 * the word.
 */
export function normaliseLevel({ data, frames }: Features): Features {
  const means = Float64Array.from({ length: frames }, (_, frame) => {
    let sum = 0
    for (let band = 0; band < BANDS; band++) sum += data[band * frames + frame] ?? 0
    return sum / BANDS
  }).sort()
  const reference = means[Math.floor(0.95 * (frames - 1))] ?? 0
  return { data: data.map((v) => Math.min(6, Math.max(-10, v - reference)) / 3 + 1), frames }
}

const mel = (hz: number) => 1127 * Math.log1p(hz / 700)

const hann = Float64Array.from(
  { length: FRAME_LENGTH },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FRAME_LENGTH),
)

/** Triangular mel filters over the bins of the power spectrum. */
const bank = Array.from({ length: BANDS }, (_, band) => {
  const width = (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / (BANDS + 1)
  const from = mel(LOWEST_HZ) + band * width
  const all = Array.from({ length: TRANSFORM_LENGTH / 2 + 1 }, (_, bin) => {
    const at = mel((bin * SAMPLE_RATE_HZ) / TRANSFORM_LENGTH)
    return Math.max(0, Math.min((at - from) / width, (from + 2 * width - at) / width))
  })
  const first = Math.max(
    0,
    all.findIndex((weight) => weight > 0),
  )
  return { first, weights: Float64Array.from(all.slice(first).filter((weight) => weight > 0)) }
})

const reversed = Uint16Array.from({ length: TRANSFORM_LENGTH }, (_, i) => {
  let r = 0
  for (let bit = 0; bit < 9; bit++) r |= ((i >> bit) & 1) << (8 - bit)
  return r
})

const cosines = Float64Array.from({ length: TRANSFORM_LENGTH / 2 }, (_, i) =>
  Math.cos((2 * Math.PI * i) / TRANSFORM_LENGTH),
)
const sines = Float64Array.from(
  { length: TRANSFORM_LENGTH / 2 },
  (_, i) => -Math.sin((2 * Math.PI * i) / TRANSFORM_LENGTH),
)

/** Radix-2 Fourier transform in place; the input is in bit-reversed order. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  for (let length = 2; length <= TRANSFORM_LENGTH; length <<= 1) {
    const half = length >> 1
    const stride = TRANSFORM_LENGTH / length
    for (let start = 0; start < TRANSFORM_LENGTH; start += length) {
      for (let j = 0; j < half; j++) {
        const c = cosines[j * stride] ?? 0
        const s = sines[j * stride] ?? 0
        const a = start + j
        const b = a + half
        const re = (real[b] ?? 0) * c - (imaginary[b] ?? 0) * s
        const im = (real[b] ?? 0) * s + (imaginary[b] ?? 0) * c
        real[b] = (real[a] ?? 0) - re
        imaginary[b] = (imaginary[a] ?? 0) - im
        real[a] = (real[a] ?? 0) + re
        imaginary[a] = (imaginary[a] ?? 0) + im
      }
    }
  }
}
