/** Changes the sample rate of one channel as it streams by, with a low-pass that lets no alias through. */

/** Half the filter's width in periods of the lower rate; 16 gives a transition band of about 8 % of the rate. */
const ZERO_CROSSINGS = 16

/** Kaiser's window parameter: side lobes near -80 dB, below the noise of 16-bit samples in speech. */
const KAISER_BETA = 8

/** Rates with an odd ratio are rounded to this many positions between two samples (error below -60 dB). */
const PHASES_MAX = 1024

/** Part of the lower Nyquist frequency that passes. */
const PASS_BAND = 0.94

/** A resampler for one stream. Memory is the filter's width plus the block in hand. */
export class Resampler {
  readonly #up: number
  readonly #down: number
  readonly #half: number
  readonly #phaseCount: number
  readonly #taps: Float32Array
  /** Input not yet passed; its first sample has the index `#base`. */
  #pending: Float32Array
  #base: number
  /** The next output lies at `#index + #phase / #up` of the input. */
  #index = 0
  #phase = 0
  #taken = 0

  /** @param fromRate - hertz @param toRate - hertz; both whole numbers above 0 */
  constructor(fromRate: number, toRate: number) {
    const divisor = greatestCommonDivisor(fromRate, toRate)
    this.#up = toRate / divisor
    this.#down = fromRate / divisor
    this.#half = Math.ceil(ZERO_CROSSINGS * Math.max(1, fromRate / toRate))
    this.#phaseCount = Math.min(this.#up, PHASES_MAX)
    this.#taps = buildTaps({
      half: this.#half,
      phaseCount: this.#phaseCount,
      isExact: this.#phaseCount === this.#up,
      cutoff: PASS_BAND * Math.min(1, toRate / fromRate),
    })
    this.#pending = new Float32Array(this.#half - 1)
    this.#base = -(this.#half - 1)
  }

  /** Takes input and gives the output that is now due. */
  push(input: Float32Array): Float32Array {
    this.#taken += input.length
    const joined = new Float32Array(this.#pending.length + input.length)
    joined.set(this.#pending)
    joined.set(input, this.#pending.length)
    return this.#run(joined, Number.POSITIVE_INFINITY)
  }

  /** Gives the rest, so that the output covers exactly the time of the input. */
  end(): Float32Array {
    const joined = new Float32Array(this.#pending.length + this.#half + 1)
    joined.set(this.#pending)
    return this.#run(joined, this.#taken)
  }

  #run(input: Float32Array, indexEnd: number): Float32Array {
    const wholeStep = Math.floor(this.#down / this.#up)
    const phaseStep = this.#down % this.#up
    const width = 2 * this.#half
    const last = Math.min(this.#base + input.length - this.#half, indexEnd)
    const output = new Float32Array(
      Math.max(0, Math.ceil(((last - this.#index) * this.#up) / this.#down)) + 1,
    )
    const taps = this.#taps
    let count = 0
    let index = this.#index
    let phase = this.#phase
    while (index < last) {
      const row =
        (this.#phaseCount === this.#up ? phase : Math.floor((phase * this.#phaseCount) / this.#up)) * width
      const start = index - this.#base - this.#half + 1
      let sum = 0
      // Both indices are inside by construction; `?? 0` would halve the speed, so the compiler is told by `+`.
      for (let tap = 0; tap < width; tap += 1) sum += Number(input[start + tap]) * Number(taps[row + tap])
      output[count] = sum
      count += 1
      index += wholeStep
      phase += phaseStep
      if (phase >= this.#up) {
        phase -= this.#up
        index += 1
      }
    }
    this.#index = index
    this.#phase = phase
    const keepFrom = Math.min(input.length, Math.max(0, index - this.#base - this.#half + 1))
    this.#pending = input.slice(keepFrom)
    this.#base += keepFrom
    return output.subarray(0, count)
  }
}

/** Windowed sinc, one row for each position between two input samples; every row sums to 1. */
function buildTaps(shape: {
  half: number
  phaseCount: number
  isExact: boolean
  cutoff: number
}): Float32Array {
  const width = 2 * shape.half
  const taps = new Float32Array(width * shape.phaseCount)
  const scale = 1 / bessel(KAISER_BETA)
  for (let phase = 0; phase < shape.phaseCount; phase += 1) {
    const between = (phase + (shape.isExact ? 0 : 0.5)) / shape.phaseCount
    const row = new Float64Array(width)
    let sum = 0
    for (let tap = 0; tap < width; tap += 1) {
      const distance = tap - shape.half + 1 - between
      const relative = distance / shape.half
      const window =
        Math.abs(relative) < 1 ? bessel(KAISER_BETA * Math.sqrt(1 - relative * relative)) * scale : 0
      const x = Math.PI * distance * shape.cutoff
      const value = window * (x === 0 ? 1 : Math.sin(x) / x)
      row[tap] = value
      sum += value
    }
    for (const [tap, value] of row.entries()) taps[phase * width + tap] = value / sum
  }
  return taps
}

/** The modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; k < 40; k += 1) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
