/** One channel of one frame, from bits to spectrum. Source: ISO/IEC 14496-3:2009 subclause 4.4.2 and 4.6. */
import type { BitReader } from '../bits.ts'
import { DamagedFrame, readScaleChange, readSpectrum } from './huffman.ts'
import type { BandTables } from './tables.ts'
import { readTns, type TnsFilter } from './tns.ts'

export const FRAME_SAMPLES = 1024
export const SHORT_SAMPLES = 128

/** Window sequences. */
export const LONG_START = 1
export const EIGHT_SHORT = 2
export const LONG_STOP = 3

/** Codebook numbers with a meaning of their own. */
const NOISE = 13
export const INTENSITY_INVERTED = 14
export const INTENSITY = 15

/** How the windows of a frame lie. */
export type WindowInfo = {
  readonly sequence: number
  /** 0 sine, 1 Kaiser-Bessel. */
  readonly shape: number
  readonly bandCount: number
  /** How many short windows share their scale factors; one entry of 1 for a long window. */
  readonly groups: readonly number[]
  readonly offsets: readonly number[]
  readonly tnsBandsMax: number
}

export type ChannelStream = {
  readonly info: WindowInfo
  /** The codebook of each band of each group. */
  readonly books: Uint8Array
  /** The factor of each band of each group (for intensity stereo, of the left channel). */
  readonly factors: Float32Array
  /** 1024 coefficients; of short windows, eight times 128. */
  readonly spectrum: Float32Array
  readonly tns: readonly TnsFilter[]
}

/** @throws EndOfBits, DamagedFrame */
export function readWindowInfo(reader: BitReader, bands: BandTables): WindowInfo {
  reader.skip(1)
  const sequence = reader.read(2)
  const shape = reader.read(1)
  if (sequence === EIGHT_SHORT) {
    const bandCount = reader.read(4)
    const groups = [1]
    for (let window = 1; window < 8; window += 1) {
      if (reader.read(1) === 1) groups.push((groups.pop() ?? 0) + 1)
      else groups.push(1)
    }
    return checkBands({
      sequence,
      shape,
      bandCount,
      groups,
      offsets: bands.short,
      tnsBandsMax: bands.tnsShort,
    })
  }
  const bandCount = reader.read(6)
  if (reader.read(1) === 1) throw new DamagedFrame('Prediction is not part of the low-complexity profile.')
  return checkBands({
    sequence,
    shape,
    bandCount,
    groups: [1],
    offsets: bands.long,
    tnsBandsMax: bands.tnsLong,
  })
}

function checkBands(info: WindowInfo): WindowInfo {
  if (info.bandCount >= info.offsets.length) throw new DamagedFrame('More bands than there are.')
  return info
}

/** @param shared - the window info that a pair of channels has in common @throws EndOfBits, DamagedFrame */
export function readChannelStream(
  reader: BitReader,
  bands: BandTables,
  shared: WindowInfo | null,
): ChannelStream {
  const gain = reader.read(8)
  const info = shared ?? readWindowInfo(reader, bands)
  const books = readBooks(reader, info)
  const factors = readFactors(reader, { info, books, gain })
  const pulses = reader.read(1) === 1 ? readPulses(reader, info) : []
  const tns = reader.read(1) === 1 ? readTns(reader, info.sequence === EIGHT_SHORT) : []
  if (reader.read(1) === 1) throw new DamagedFrame('Gain control is not part of the low-complexity profile.')
  return { info, books, factors, spectrum: readCoefficients(reader, { info, books, factors, pulses }), tns }
}

function readBooks(reader: BitReader, info: WindowInfo): Uint8Array {
  const bits = info.sequence === EIGHT_SHORT ? 3 : 5
  const escaped = (1 << bits) - 1
  const books = new Uint8Array(info.groups.length * info.bandCount)
  for (let group = 0; group < info.groups.length; group += 1) {
    for (let band = 0; band < info.bandCount; ) {
      const book = reader.read(4)
      let length = 0
      let step = reader.read(bits)
      for (; step === escaped; step = reader.read(bits)) length += escaped
      length += step
      if (book === 12 || length === 0 || band + length > info.bandCount)
        throw new DamagedFrame('Sections do not fit.')
      books.fill(book, group * info.bandCount + band, group * info.bandCount + band + length)
      band += length
    }
  }
  return books
}

function readFactors(
  reader: BitReader,
  about: { info: WindowInfo; books: Uint8Array; gain: number },
): Float32Array {
  const factors = new Float32Array(about.books.length)
  let scale = about.gain
  let position = 0
  let noise: number | null = null
  for (const [at, book] of about.books.entries()) {
    if (book === 0) continue
    if (book === INTENSITY || book === INTENSITY_INVERTED) {
      position = within(position + readScaleChange(reader), -155, 100)
      factors[at] = 2 ** (-position / 4)
    } else if (book === NOISE) {
      // The first noise level is written in full, around the gain less 90.
      noise = noise === null ? about.gain - 90 + reader.read(9) - 256 : noise + readScaleChange(reader)
      factors[at] = 2 ** (within(noise, -100, 155) / 4)
    } else {
      scale += readScaleChange(reader)
      if (scale < 0 || scale > 255) throw new DamagedFrame('A scale factor is out of range.')
      factors[at] = 2 ** ((scale - 100) / 4)
    }
  }
  return factors
}

function within(value: number, lowest: number, highest: number): number {
  return Math.max(lowest, Math.min(highest, value))
}

type Pulse = { readonly at: number; readonly size: number }

function readPulses(reader: BitReader, info: WindowInfo): Pulse[] {
  if (info.sequence === EIGHT_SHORT) throw new DamagedFrame('Short windows have no pulses.')
  const count = reader.read(2) + 1
  let at = info.offsets[reader.read(6)] ?? FRAME_SAMPLES
  return Array.from({ length: count }, () => {
    at += reader.read(5)
    if (at >= FRAME_SAMPLES) throw new DamagedFrame('A pulse lies behind the frame.')
    return { at, size: reader.read(4) }
  })
}

function readCoefficients(
  reader: BitReader,
  about: { info: WindowInfo; books: Uint8Array; factors: Float32Array; pulses: readonly Pulse[] },
): Float32Array {
  const { info } = about
  const quantised = new Int32Array(FRAME_SAMPLES)
  const spectrum = new Float32Array(FRAME_SAMPLES)
  forEachBand(info, ({ index, at, width }) => {
    const book = about.books[index] ?? 0
    if (book > 0 && book < NOISE) readSpectrum(reader, book, { into: quantised, at, count: width })
    else if (book === NOISE) fillNoise(spectrum.subarray(at, at + width), about.factors[index] ?? 0)
  })
  for (const pulse of about.pulses) {
    const value = quantised[pulse.at] ?? 0
    quantised[pulse.at] = value > 0 ? value + pulse.size : value - pulse.size
  }
  forEachBand(info, ({ index, at, width }) => {
    const factor = about.factors[index] ?? 0
    if ((about.books[index] ?? 0) >= NOISE) return
    for (let k = at; k < at + width; k += 1) {
      const value = quantised[k] ?? 0
      if (value !== 0) spectrum[k] = (value > 0 ? 1 : -1) * power(Math.abs(value)) * factor
    }
  })
  return spectrum
}

/** Bands in the order of the bits: of each group, each band, in each of its windows. */
export function forEachBand(
  info: WindowInfo,
  visit: (band: { index: number; at: number; width: number }) => void,
): void {
  let window = 0
  for (const [group, length] of info.groups.entries()) {
    for (let band = 0; band < info.bandCount; band += 1) {
      const start = info.offsets[band] ?? 0
      const width = (info.offsets[band + 1] ?? 0) - start
      for (let inside = 0; inside < length; inside += 1)
        visit({ index: group * info.bandCount + band, at: (window + inside) * SHORT_SAMPLES + start, width })
    }
    window += length
  }
}

const POWERS = Float32Array.from({ length: 8192 }, (_, value) => value ** (4 / 3))

function power(value: number): number {
  return POWERS[value] ?? value ** (4 / 3)
}

/** Any noise will do, only its energy is told; a fixed start keeps decoding repeatable. */
let noiseState = 1

function fillNoise(band: Float32Array, factor: number): void {
  let energy = 0
  for (let at = 0; at < band.length; at += 1) {
    noiseState = (Math.imul(noiseState, 1_664_525) + 1_013_904_223) | 0
    band[at] = noiseState / 2 ** 31
    energy += Number(band[at]) ** 2
  }
  const scale = energy > 0 ? factor / Math.sqrt(energy) : 0
  for (let at = 0; at < band.length; at += 1) band[at] = Number(band[at]) * scale
}
