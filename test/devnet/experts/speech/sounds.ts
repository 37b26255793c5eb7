/** Sounds nobody speaks in, as samples at 16 kHz. */
const RATE = 16_000

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const make = (seconds: number, at: (second: number) => number) =>
  Float32Array.from({ length: seconds * RATE }, (_, i) => at(i / RATE))

export const tone = (hz: number, seconds = 3, level = 0.3) =>
  make(seconds, (t) => level * Math.sin(2 * Math.PI * hz * t))

export const silence = (seconds = 3) => new Float32Array(seconds * RATE)

export function whiteNoise(seconds = 3, level = 0.1, seed = 1): Float32Array {
  const random = seededRandom(seed)
  return make(seconds, () => level * (random() + random() + random() - 1.5) * 2)
}

export const hum = (seconds = 3) =>
  make(seconds, (t) =>
    [1, 2, 3, 4, 5].reduce((sum, k) => sum + (0.1 / k) * Math.sin(2 * Math.PI * 50 * k * t), 0),
  )

export const sweep = (from = 100, to = 4_000, seconds = 3) =>
  make(seconds, (t) => 0.3 * Math.sin(2 * Math.PI * (from * t + ((to - from) / (2 * seconds)) * t * t)))

export const beeps = (hz = 440) =>
  make(3, (t) => (Math.sin(4 * Math.PI * t) > 0 ? 0.3 * Math.sin(2 * Math.PI * hz * t) : 0))

export const siren = () => make(3, (t) => 0.3 * Math.sin(2 * Math.PI * 700 * t - 95 * Math.cos(Math.PI * t)))

/** A sound in the middle of silence. */
export function within(sound: Float32Array, seconds = 0.5): Float32Array {
  const whole = new Float32Array(sound.length + 2 * seconds * RATE)
  whole.set(sound, seconds * RATE)
  return whole
}
