/**
 * AAC of the low-complexity profile to sound. High-efficiency AAC is decoded without its extension: half the bandwidth,
 * which is more than speech recognisers use. Source: ISO/IEC 14496-3:2009.
 */
import { BitReader } from '../bits.ts'
import type { PacketDecoder, TrackShape } from '../packet-decoder.ts'
import { AudioFault, checkShape, type Sound } from '../sound.ts'
import { type ChannelStream, readChannelStream, readWindowInfo } from './channel-stream.ts'
import { FilterBank } from './filter-bank.ts'
import { DamagedFrame, isDamage } from './huffman.ts'
import { joinStereo, readStereoMask } from './stereo.ts'
import { type BandTables, bandsOf, SAMPLE_RATES } from './tables.ts'
import { applyTns } from './tns.ts'

const LOW_COMPLEXITY = 2
/** Object types that wrap a low-complexity stream: SBR and parametric stereo. */
const WRAPPERS = [5, 29]

/** Syntax elements of a frame. */
const PAIR = 1
const COUPLING = 2
const LOW_FREQUENCY = 3
const DATA = 4
const PROGRAM = 5
const FILL = 6
const END = 7

/** @throws AudioFault a profile that cannot be read */
export function openAac(track: TrackShape): PacketDecoder {
  return new AacDecoder(track.description ? parseAacConfig(track.description) : track.sampleRate)
}

/**
 * Reads the AudioSpecificConfig that containers keep.
 *
 * @returns the sample rate of the inner stream, hertz @throws AudioFault
 */
export function parseAacConfig(description: Uint8Array): number {
  try {
    const reader = new BitReader(description)
    let kind = readKind(reader)
    const rate = readRate(reader)
    reader.skip(4)
    if (WRAPPERS.includes(kind)) {
      readRate(reader)
      kind = readKind(reader)
    }
    if (kind !== LOW_COMPLEXITY)
      throw new AudioFault(
        `The recording is AAC of a profile that cannot be read here (object type ${kind}).`,
      )
    if (reader.left > 0 && reader.read(1) === 1)
      throw new AudioFault('The recording is AAC with frames of 960 samples, which cannot be read here.')
    checkShape(rate, 1)
    return rate
  } catch (error) {
    if (isDamage(error)) throw new AudioFault('The AAC header is damaged.')
    throw error
  }
}

function readKind(reader: BitReader): number {
  const kind = reader.read(5)
  return kind === 31 ? 32 + reader.read(6) : kind
}

function readRate(reader: BitReader): number {
  const index = reader.read(4)
  return index === 15 ? reader.read(24) : (SAMPLE_RATES[index] ?? 0)
}

/** Decodes frames of one rate. A damaged frame gives no sound. */
export class AacDecoder implements PacketDecoder {
  readonly #rate: number
  readonly #bands: BandTables
  readonly #banks = new Map<string, FilterBank>()

  /** @param sampleRate - hertz */
  constructor(sampleRate: number) {
    this.#rate = sampleRate
    this.#bands = bandsOf(sampleRate)
  }

  decode(packet: Uint8Array): Sound | null {
    const reader = new BitReader(packet)
    try {
      return this.readFrame(reader)
    } catch (error) {
      if (isDamage(error)) return null
      throw error
    }
  }

  /** Reads one frame and leaves the reader behind it. @throws EndOfBits, DamagedFrame */
  readFrame(reader: BitReader): Sound | null {
    const channels: Float32Array[] = []
    for (let element = reader.read(3); element !== END; element = reader.read(3)) {
      const tag = reader.read(4)
      if (element === FILL) skipFill(reader, tag)
      else if (element === DATA) skipData(reader)
      else if (element === PROGRAM) skipProgram(reader)
      else if (element === COUPLING) throw new DamagedFrame('Coupling channels are not read.')
      else if (element === PAIR) channels.push(...this.#readPair(reader, tag))
      else {
        const channel = this.#finish(readChannelStream(reader, this.#bands, null), `${element}.${tag}`)
        if (element !== LOW_FREQUENCY) channels.push(channel)
      }
    }
    reader.align()
    return channels.length > 0 ? { sampleRate: this.#rate, channels } : null
  }

  free(): void {
    this.#banks.clear()
  }

  #readPair(reader: BitReader, tag: number): Float32Array[] {
    const shared = reader.read(1) === 1 ? readWindowInfo(reader, this.#bands) : null
    const mask = shared ? readStereoMask(reader, shared) : null
    const left = readChannelStream(reader, this.#bands, shared)
    const right = readChannelStream(reader, this.#bands, shared)
    joinStereo(left, right, mask)
    return [this.#finish(left, `left.${tag}`), this.#finish(right, `right.${tag}`)]
  }

  #finish(stream: ChannelStream, key: string): Float32Array {
    const bank = this.#banks.get(key) ?? new FilterBank()
    this.#banks.set(key, bank)
    applyTns(stream.tns, stream.info, stream.spectrum)
    return bank.next(stream.spectrum, stream.info)
  }
}

function skipFill(reader: BitReader, tag: number): void {
  const count = tag === 15 ? 14 + reader.read(8) : tag
  reader.skip(count * 8)
}

function skipData(reader: BitReader): void {
  const isAligned = reader.read(1) === 1
  const count = reader.read(8)
  const more = count === 255 ? reader.read(8) : 0
  if (isAligned) reader.align()
  reader.skip((count + more) * 8)
}

/** Which speakers the channels belong to; for a mix to one channel it does not matter. */
function skipProgram(reader: BitReader): void {
  reader.skip(6)
  const speakers = reader.read(4) + reader.read(4) + reader.read(4)
  const lowFrequency = reader.read(2)
  const data = reader.read(3)
  const coupling = reader.read(4)
  if (reader.read(1) === 1) reader.skip(4)
  if (reader.read(1) === 1) reader.skip(4)
  if (reader.read(1) === 1) reader.skip(3)
  reader.skip(5 * speakers + 4 * lowFrequency + 4 * data + 5 * coupling)
  reader.align()
  reader.skip(8 * reader.read(8))
}
