/** From spectrum to time: the inverse MDCT, the windows, and the overlap of neighbouring frames. */
import {
  EIGHT_SHORT,
  FRAME_SAMPLES,
  LONG_START,
  LONG_STOP,
  SHORT_SAMPLES,
  type WindowInfo,
} from './channel-stream.ts'

/** Where the flat part of a start or stop window begins. */
const FLAT = (FRAME_SAMPLES - SHORT_SAMPLES) / 2

/** What a channel carries from one frame to the next. */
export class FilterBank {
  #overlap = new Float32Array(FRAME_SAMPLES)
  #shape = 0

  /** @returns 1024 samples, full scale 1 */
  next(spectrum: Float32Array, info: WindowInfo): Float32Array {
    const block =
      info.sequence === EIGHT_SHORT ? this.#shortBlock(spectrum, info) : this.#longBlock(spectrum, info)
    const output = new Float32Array(FRAME_SAMPLES)
    for (let at = 0; at < FRAME_SAMPLES; at += 1) output[at] = Number(this.#overlap[at]) + Number(block[at])
    this.#overlap = block.slice(FRAME_SAMPLES)
    this.#shape = info.shape
    return output
  }

  #longBlock(spectrum: Float32Array, info: WindowInfo): Float32Array {
    const block = inverseMdct(spectrum, LONG_PLAN)
    const rise = info.sequence === LONG_STOP ? shortSlope(this.#shape) : longSlope(this.#shape)
    const fall = info.sequence === LONG_START ? shortSlope(info.shape) : longSlope(info.shape)
    const riseAt = info.sequence === LONG_STOP ? FLAT : 0
    const fallAt = FRAME_SAMPLES + (info.sequence === LONG_START ? FLAT : 0)
    block.fill(0, 0, riseAt)
    for (let at = 0; at < rise.length; at += 1)
      block[riseAt + at] = Number(block[riseAt + at]) * Number(rise[at])
    for (let at = 0; at < fall.length; at += 1)
      block[fallAt + at] = Number(block[fallAt + at]) * Number(fall[fall.length - 1 - at])
    block.fill(0, fallAt + fall.length)
    return block
  }

  #shortBlock(spectrum: Float32Array, info: WindowInfo): Float32Array {
    const block = new Float32Array(2 * FRAME_SAMPLES)
    const fall = shortSlope(info.shape)
    for (let window = 0; window < 8; window += 1) {
      const part = inverseMdct(
        spectrum.subarray(window * SHORT_SAMPLES, (window + 1) * SHORT_SAMPLES),
        SHORT_PLAN,
      )
      const rise = window === 0 ? shortSlope(this.#shape) : fall
      const start = FLAT + window * SHORT_SAMPLES
      for (let at = 0; at < SHORT_SAMPLES; at += 1) {
        block[start + at] = Number(block[start + at]) + Number(part[at]) * Number(rise[at])
        block[start + SHORT_SAMPLES + at] =
          Number(block[start + SHORT_SAMPLES + at]) +
          Number(part[SHORT_SAMPLES + at]) * Number(fall[SHORT_SAMPLES - 1 - at])
      }
    }
    return block
  }
}

function sineSlope(length: number): Float32Array {
  return Float32Array.from({ length }, (_, at) => Math.sin(((at + 0.5) * Math.PI) / (2 * length)))
}

/** The Kaiser-Bessel-derived slope of subclause 4.6.11.3.2. */
function kaiserSlope(length: number, alpha: number): Float32Array {
  const kernel = Float64Array.from({ length: length + 1 }, (_, at) =>
    bessel(Math.PI * alpha * Math.sqrt(1 - ((2 * at) / length - 1) ** 2)),
  )
  const total = kernel.reduce((sum, value) => sum + value, 0)
  let sum = 0
  return Float32Array.from({ length }, (_, at) => {
    sum += Number(kernel[at])
    return Math.sqrt(sum / total)
  })
}

function bessel(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; k < 50; k += 1) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

const LONG_SINE = sineSlope(FRAME_SAMPLES)
const LONG_KAISER = kaiserSlope(FRAME_SAMPLES, 4)
const SHORT_SINE = sineSlope(SHORT_SAMPLES)
const SHORT_KAISER = kaiserSlope(SHORT_SAMPLES, 6)

const longSlope = (shape: number) => (shape === 1 ? LONG_KAISER : LONG_SINE)
const shortSlope = (shape: number) => (shape === 1 ? SHORT_KAISER : SHORT_SINE)

/** Factors of one transform size. */
type Plan = {
  readonly size: number
  readonly twist: Float64Array
  readonly roots: Float64Array
  readonly order: Uint16Array
}

function buildPlan(size: number): Plan {
  const half = size / 2
  const bits = Math.log2(half)
  const twist = new Float64Array(size)
  const roots = new Float64Array(half)
  for (let at = 0; at < half; at += 1) {
    const angle = (-Math.PI * (8 * at + 1)) / (8 * size)
    twist[2 * at] = Math.cos(angle)
    twist[2 * at + 1] = Math.sin(angle)
  }
  for (let at = 0; at < half / 2; at += 1) {
    roots[2 * at] = Math.cos((-2 * Math.PI * at) / half)
    roots[2 * at + 1] = Math.sin((-2 * Math.PI * at) / half)
  }
  const order = Uint16Array.from({ length: half }, (_, at) => {
    let reversed = 0
    for (let bit = 0; bit < bits; bit += 1) reversed |= ((at >> bit) & 1) << (bits - 1 - bit)
    return reversed
  })
  return { size, twist, roots, order }
}

const LONG_PLAN = buildPlan(FRAME_SAMPLES)
const SHORT_PLAN = buildPlan(SHORT_SAMPLES)

/**
 * The inverse MDCT of `size` coefficients: a DCT of type IV by a complex Fourier transform of half the size, unfolded to
 * twice the size and scaled by 1 / size (subclause 4.6.11.3.1), and by 1 / 32768, the full scale of the standard.
 */
function inverseMdct(spectrum: Float32Array, plan: Plan): Float32Array {
  const { size, twist, order } = plan
  const half = size / 2
  const work = new Float64Array(size)
  for (let at = 0; at < half; at += 1) {
    const real = Number(spectrum[2 * at])
    const imaginary = Number(spectrum[size - 1 - 2 * at])
    const cosine = Number(twist[2 * at])
    const sine = Number(twist[2 * at + 1])
    const to = 2 * Number(order[at])
    work[to] = real * cosine - imaginary * sine
    work[to + 1] = real * sine + imaginary * cosine
  }
  transform(work, plan)
  const folded = new Float64Array(size)
  const scale = 1 / (size * 32_768)
  for (let at = 0; at < half; at += 1) {
    const cosine = Number(twist[2 * at])
    const sine = Number(twist[2 * at + 1])
    folded[2 * at] = (Number(work[2 * at]) * cosine - Number(work[2 * at + 1]) * sine) * scale
    folded[size - 1 - 2 * at] = -(Number(work[2 * at]) * sine + Number(work[2 * at + 1]) * cosine) * scale
  }
  return unfold(folded)
}

function unfold(folded: Float64Array): Float32Array {
  const size = folded.length
  const output = new Float32Array(2 * size)
  for (let at = 0; at < size / 2; at += 1) output[at] = Number(folded[at + size / 2])
  for (let at = size / 2; at < (3 * size) / 2; at += 1) output[at] = -Number(folded[(3 * size) / 2 - 1 - at])
  for (let at = (3 * size) / 2; at < 2 * size; at += 1) output[at] = -Number(folded[at - (3 * size) / 2])
  return output
}

/** The fast Fourier transform, in place; the input is already in bit-reversed order. */
function transform(work: Float64Array, plan: Plan): void {
  const count = plan.size / 2
  for (let span = 1; span < count; span *= 2) {
    const stride = count / (2 * span)
    for (let start = 0; start < count; start += 2 * span) {
      for (let k = 0; k < span; k += 1) {
        const rootReal = Number(plan.roots[2 * k * stride])
        const rootImaginary = Number(plan.roots[2 * k * stride + 1])
        const low = 2 * (start + k)
        const high = low + 2 * span
        const real = Number(work[high]) * rootReal - Number(work[high + 1]) * rootImaginary
        const imaginary = Number(work[high]) * rootImaginary + Number(work[high + 1]) * rootReal
        work[high] = Number(work[low]) - real
        work[high + 1] = Number(work[low + 1]) - imaginary
        work[low] = Number(work[low]) + real
        work[low + 1] = Number(work[low + 1]) + imaginary
      }
    }
  }
}
