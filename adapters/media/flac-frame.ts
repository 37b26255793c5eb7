/**
 * One FLAC frame to samples. Source: RFC 9639 sections 9 and 10.
 *
 * Samples are kept as doubles: the side channel of 32-bit sound needs 33 bits.
 */
import { BitReader } from './bits.ts'

export type FlacStream = { readonly sampleRate: number; readonly bits: number }

export type FlacHeader = {
  readonly sampleCount: number
  readonly sampleRate: number
  readonly channelCode: number
  readonly bits: number
}

export type FlacFrame = FlacHeader & {
  readonly sizeBytes: number
  readonly channels: readonly Float64Array[]
}

/** Thrown when the bits at hand are no frame. */
export class NoFrame extends Error {
  override readonly name = 'NoFrame'
}

const RATES = [0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]
const BITS = [0, 8, 12, 0, 16, 20, 24, 32]

/** @returns null when no valid frame header starts at `at` (its 8-bit sum is checked) */
export function parseFlacHeader(
  bytes: Uint8Array,
  at: number,
  stream: FlacStream,
): (FlacHeader & { headerBytes: number }) | null {
  if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xfe) !== 0xf8 || at + 6 > bytes.length) return null
  const third = bytes[at + 2] ?? 0
  const fourth = bytes[at + 3] ?? 0
  const bits = BITS[(fourth >> 1) & 7] || ((fourth >> 1) & 7 ? 0 : stream.bits)
  const channelCode = fourth >> 4
  const numberBytes = codedNumberBytes(bytes[at + 4] ?? 0)
  if (channelCode > 10 || (fourth & 1) === 1 || bits === 0 || numberBytes === 0) return null
  let next = at + 4 + numberBytes
  const readBytes = (count: number) => {
    let value = 0
    for (let index = 0; index < count; index += 1) value = value * 256 + (bytes[next + index] ?? 0)
    next += count
    return value
  }
  const sampleCount = blockSize(third >> 4, readBytes)
  const sampleRate = frameRate(third & 15, readBytes, stream)
  if (sampleCount === 0 || sampleRate === 0 || next >= bytes.length) return null
  if (crc8(bytes, at, next) !== bytes[next]) return null
  return { sampleCount, sampleRate, channelCode, bits, headerBytes: next + 1 - at }
}

function blockSize(code: number, readBytes: (count: number) => number): number {
  if (code === 0) return 0
  if (code === 1) return 192
  if (code <= 5) return 576 << (code - 2)
  if (code === 6) return readBytes(1) + 1
  if (code === 7) return readBytes(2) + 1
  return 256 << (code - 8)
}

function frameRate(code: number, readBytes: (count: number) => number, stream: FlacStream): number {
  if (code === 0) return stream.sampleRate
  if (code === 12) return readBytes(1) * 1000
  if (code === 13) return readBytes(2)
  if (code === 14) return readBytes(2) * 10
  return RATES[code] ?? 0
}

/** Frame and sample numbers are written like UTF-8, of up to 7 bytes. */
function codedNumberBytes(first: number): number {
  if (first < 0x80) return 1
  const ones = Math.clz32(~(first << 24))
  return ones >= 2 && ones <= 7 ? ones : 0
}

/** Reads the whole frame. @throws NoFrame, EndOfBits the bits are damaged or end */
export function readFlacFrame(bytes: Uint8Array, at: number, stream: FlacStream): FlacFrame {
  const header = parseFlacHeader(bytes, at, stream)
  if (!header) throw new NoFrame('No FLAC frame starts here.')
  const reader = new BitReader(bytes, at + header.headerBytes)
  const count = header.channelCode < 8 ? header.channelCode + 1 : 2
  const channels = Array.from({ length: count }, (_, channel) => {
    // The side channel (left-side: 1, side-right: 0, mid-side: 1) has one bit more.
    const isSide = (header.channelCode === 9 ? 0 : 1) === channel && header.channelCode >= 8
    return readSubframe(reader, header.sampleCount, header.bits + (isSide ? 1 : 0))
  })
  reader.align()
  const end = reader.position / 8
  if (crc16(bytes, at, end) !== reader.read(16)) throw new NoFrame('The sum of the FLAC frame is wrong.')
  if (header.channelCode >= 8) decorrelate(channels, header.channelCode)
  return { ...header, channels, sizeBytes: end + 2 - at }
}

function decorrelate(channels: readonly Float64Array[], code: number): void {
  const [first, second] = channels
  if (!first || !second) return
  for (let at = 0; at < first.length; at += 1) {
    const a = Number(first[at])
    const b = Number(second[at])
    if (code === 8) second[at] = a - b
    else if (code === 9) first[at] = a + b
    else {
      const middle = a * 2 + (Math.abs(b) % 2)
      first[at] = (middle + b) / 2
      second[at] = (middle - b) / 2
    }
  }
}

function readSubframe(reader: BitReader, count: number, bitsOfChannel: number): Float64Array {
  if (reader.read(1) !== 0) throw new NoFrame('A FLAC subframe starts with a one.')
  const kind = reader.read(6)
  const wasted = reader.read(1) === 1 ? reader.readUnary() + 1 : 0
  const bits = bitsOfChannel - wasted
  if (bits < 1) throw new NoFrame('A FLAC subframe has no bits left.')
  const samples = new Float64Array(count)
  if (kind === 0) samples.fill(readWide(reader, bits))
  else if (kind === 1) for (let at = 0; at < count; at += 1) samples[at] = readWide(reader, bits)
  else if (kind >= 8 && kind <= 12) readPredicted(reader, samples, { bits, order: kind - 8, isFixed: true })
  else if (kind >= 32) readPredicted(reader, samples, { bits, order: kind - 31, isFixed: false })
  else throw new NoFrame('A FLAC subframe is of a reserved kind.')
  if (wasted > 0) for (let at = 0; at < count; at += 1) samples[at] = Number(samples[at]) * 2 ** wasted
  return samples
}

/** 1 to 33 bits in two's complement. */
function readWide(reader: BitReader, bits: number): number {
  return bits <= 32 ? reader.readSigned(bits) : reader.readSigned(bits - 16) * 65_536 + reader.read(16)
}

const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]] as const

function readPredicted(
  reader: BitReader,
  samples: Float64Array,
  kind: { bits: number; order: number; isFixed: boolean },
): void {
  const { order } = kind
  if (order > samples.length) throw new NoFrame('A FLAC predictor is longer than its frame.')
  for (let at = 0; at < order; at += 1) samples[at] = readWide(reader, kind.bits)
  let weights: readonly number[] = FIXED[order] ?? []
  let shift = 0
  if (!kind.isFixed) {
    const precision = reader.read(4) + 1
    shift = reader.readSigned(5)
    if (precision === 16 || shift < 0) throw new NoFrame('A FLAC predictor is of a reserved kind.')
    weights = Array.from({ length: order }, () => reader.readSigned(precision))
  }
  readResidual(reader, samples, order)
  const scale = 2 ** -shift
  for (let at = order; at < samples.length; at += 1) {
    let sum = 0
    for (let back = 0; back < order; back += 1) sum += Number(weights[back]) * Number(samples[at - 1 - back])
    samples[at] = Number(samples[at]) + Math.floor(sum * scale)
  }
}

function readResidual(reader: BitReader, samples: Float64Array, order: number): void {
  const method = reader.read(2)
  if (method > 1) throw new NoFrame('A FLAC residual is of a reserved kind.')
  const parameterBits = method === 0 ? 4 : 5
  const partitionOrder = reader.read(4)
  const partitionSize = samples.length >> partitionOrder
  if (partitionSize << partitionOrder !== samples.length || partitionSize < order)
    throw new NoFrame('The partitions of a FLAC residual do not fit.')
  let at = order
  for (let partition = 0; partition < 1 << partitionOrder; partition += 1) {
    const end = (partition + 1) * partitionSize
    const parameter = reader.read(parameterBits)
    if (parameter === (1 << parameterBits) - 1) {
      const bits = reader.read(5)
      for (; at < end; at += 1) samples[at] = bits === 0 ? 0 : reader.readSigned(bits)
    } else {
      for (; at < end; at += 1) {
        const folded = reader.readUnary() * 2 ** parameter + reader.read(parameter)
        samples[at] = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
      }
    }
  }
}

const CRC_8 = crcTable(8, 0x07)
const CRC_16 = crcTable(16, 0x8005)

function crcTable(width: number, polynomial: number): Uint16Array {
  const top = 1 << (width - 1)
  const mask = 2 ** width - 1
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let sum = byte << (width - 8)
    for (let bit = 0; bit < 8; bit += 1) sum = ((sum << 1) ^ (sum & top ? polynomial : 0)) & mask
    return sum
  })
}

function crc8(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at += 1) sum = CRC_8[sum ^ (bytes[at] ?? 0)] ?? 0
  return sum
}

function crc16(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at += 1)
    sum = ((sum << 8) & 0xff00) ^ (CRC_16[(sum >> 8) ^ (bytes[at] ?? 0)] ?? 0)
  return sum
}
