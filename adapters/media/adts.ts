/** AAC as a bare stream of frames with their own headers. Source: ISO/IEC 14496-3:2009 subclause 1.A.2.2. */
import { AacDecoder } from './aac/decoder.ts'
import { isDamage } from './aac/huffman.ts'
import { SAMPLE_RATES } from './aac/tables.ts'
import { BitReader } from './bits.ts'
import { AudioFault, type Recording, type Sound } from './sound.ts'

export type AdtsFrame = {
  readonly sampleRate: number
  readonly headerBytes: number
  /** Of the whole frame, header included. */
  readonly sizeBytes: number
  readonly blockCount: number
}

const HEADER_BYTES = 7
const LOW_COMPLEXITY = 1

export function openAdts(bytes: Uint8Array): Recording {
  return { sounds: readAdts(bytes) }
}

/** @returns null when no frame header starts at `at` */
export function parseAdtsFrame(bytes: Uint8Array, at: number): AdtsFrame | null {
  const [b0, b1, b2, b3, b4, b5, b6] = bytes.subarray(at, at + HEADER_BYTES)
  if (b0 !== 0xff || b1 === undefined || (b1 & 0xf6) !== 0xf0 || b6 === undefined) return null
  if (b2 === undefined || b3 === undefined || b4 === undefined || b5 === undefined) return null
  const sampleRate = SAMPLE_RATES[(b2 >> 2) & 15]
  const headerBytes = b1 & 1 ? HEADER_BYTES : HEADER_BYTES + 2
  const sizeBytes = ((b3 & 3) << 11) | (b4 << 3) | (b5 >> 5)
  if (!sampleRate || sizeBytes <= headerBytes || b2 >> 6 === 3) return null
  return { sampleRate, headerBytes, sizeBytes, blockCount: (b6 & 3) + 1 }
}

/** Finds a frame that another one (or the end of the file) follows. */
export function findAdtsFrame(bytes: Uint8Array, from: number): number | null {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const frame = parseAdtsFrame(bytes, at)
    if (!frame) continue
    const next = at + frame.sizeBytes
    if (next === bytes.length || parseAdtsFrame(bytes, next)?.sampleRate === frame.sampleRate) return at
  }
  return null
}

function* readAdts(bytes: Uint8Array): Generator<Sound> {
  let decoder: AacDecoder | null = null
  let rate = 0
  for (let at = findAdtsFrame(bytes, 0); at !== null; ) {
    const frame = parseAdtsFrame(bytes, at)
    if (!frame || at + frame.sizeBytes > bytes.length) {
      at = findAdtsFrame(bytes, at + 1)
      continue
    }
    if (frame.sampleRate !== rate || !decoder) {
      if ((bytes[at + 2] ?? 0) >> 6 !== LOW_COMPLEXITY)
        throw new AudioFault('The recording is AAC of a profile that cannot be read here.')
      decoder = new AacDecoder(frame.sampleRate)
      rate = frame.sampleRate
    }
    yield* readBlocks(decoder, bytes.subarray(at + frame.headerBytes, at + frame.sizeBytes), frame.blockCount)
    at += frame.sizeBytes
  }
}

function* readBlocks(decoder: AacDecoder, body: Uint8Array, count: number): Generator<Sound> {
  const reader = new BitReader(body)
  try {
    for (let block = 0; block < count; block += 1) {
      const sound = decoder.readFrame(reader)
      if (sound) yield sound
    }
  } catch (error) {
    // The rest of a damaged frame is lost, the next one has its own header.
    if (!isDamage(error)) throw error
  }
}
