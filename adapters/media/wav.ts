/**
 * WAV in its many dresses: what the header says is used where it can be true, and the bytes that are there decide.
 *
 * Sources: Microsoft "Multiple channel audio data and WAVE files" (2007), EBU Tech 3306 (RF64), RFC 2361 (tags).
 */
import { readImaAdpcm, readMicrosoftAdpcm } from './adpcm.ts'
import { readMp3 } from './mp3.ts'
import { readPcm, type SampleFormat } from './pcm.ts'
import { AudioFault, checkShape, type Recording, type Sound } from './sound.ts'

type Format = {
  readonly tag: number
  readonly channelCount: number
  readonly sampleRate: number
  readonly blockBytes: number
  readonly bits: number
}

const EXTENSIBLE = 0xfffe
/** A recorder that never came back to write the size leaves one of these. */
const UNKNOWN_SIZES = new Set([0, 0xffff_ffff])

/** @throws AudioFault no format, no samples, or a coding that cannot be read */
export function openWav(bytes: Uint8Array): Recording {
  const { format, data } = findParts(bytes)
  checkShape(format.sampleRate, format.channelCount)
  if (data.length === 0) throw new AudioFault('The WAV file holds a header but no sound.')
  return { sounds: readSamples(format, data) }
}

function readSamples(format: Format, data: Uint8Array): AsyncIterable<Sound> | Iterable<Sound> {
  switch (format.tag) {
    case 0x0001:
      return readPcm(data, { ...format, format: integerFormat(format) })
    case 0x0003:
      return readPcm(data, { ...format, format: { kind: 'float', width: format.bits === 64 ? 8 : 4 } })
    case 0x0006:
      return readPcm(data, { ...format, format: { kind: 'a-law', width: 1 } })
    case 0x0007:
      return readPcm(data, { ...format, format: { kind: 'mu-law', width: 1 } })
    case 0x0002:
      return readMicrosoftAdpcm(data, format)
    case 0x0011:
      return readImaAdpcm(data, format)
    case 0x0055:
      return readMp3(data)
    default:
      throw new AudioFault(
        `The WAV file is in a coding that cannot be read here (tag 0x${format.tag.toString(16)}).`,
      )
  }
}

/**
 * The width of a sample is told twice, by the bits and by the size of a block. The bits are right more often; only bits that
 * fill no whole bytes, 24 of 32, and none at all leave it to the block.
 */
function integerFormat(format: Format): SampleFormat {
  const byBlock = format.blockBytes / format.channelCount
  const isPadded = format.bits === 0 || format.bits % 8 !== 0 || (format.bits === 24 && byBlock === 4)
  const width =
    isPadded && Number.isInteger(byBlock) && byBlock * 8 >= format.bits ? byBlock : Math.ceil(format.bits / 8)
  if (width < 1 || width > 8)
    throw new AudioFault(`The WAV file claims samples of ${format.bits} bits; 8 to 64 can be read.`)
  return { kind: 'integer', width }
}

function findParts(bytes: Uint8Array): { format: Format; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let format: Format | null = null
  let data: Uint8Array | null = null
  let longSize: number | null = null
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = chunkId(bytes, at)
    const claimed = view.getUint32(at + 4, true)
    const start = at + 8
    const room = bytes.length - start
    if (id === 'fmt ' && !format) format = parseFormat(view, start, Math.min(claimed, room))
    if (id === 'ds64' && room >= 16) longSize = Number(view.getBigUint64(start + 8, true))
    let size = Math.min(claimed, room)
    if (id === 'data') {
      size = dataSize(bytes, { start, claimed, longSize })
      if (size > 0 && !data) data = bytes.subarray(start, start + size)
    }
    at = nextChunk(bytes, start + size)
  }
  if (!format) throw new AudioFault('The WAV file has no format chunk: its sound cannot be understood.')
  return { format, data: data ?? bytes.subarray(0, 0) }
}

function dataSize(
  bytes: Uint8Array,
  chunk: { start: number; claimed: number; longSize: number | null },
): number {
  const room = bytes.length - chunk.start
  if (chunk.claimed === 0xffff_ffff && chunk.longSize) return Math.min(chunk.longSize, room)
  if (!UNKNOWN_SIZES.has(chunk.claimed)) return Math.min(chunk.claimed, room)
  // A truly empty chunk is followed by another one, an unfinished one by samples.
  return chunk.claimed === 0 && isKnownChunk(bytes, chunk.start) ? 0 : room
}

function parseFormat(view: DataView, at: number, size: number): Format {
  if (size < 14) throw new AudioFault('The format chunk of the WAV file is cut off.')
  const tag = view.getUint16(at, true)
  return {
    // The first two bytes of an extensible format's GUID are the old tag.
    tag: tag === EXTENSIBLE && size >= 26 ? view.getUint16(at + 24, true) : tag,
    channelCount: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    blockBytes: view.getUint16(at + 12, true),
    bits: size >= 16 ? view.getUint16(at + 14, true) : 8,
  }
}

/** Chunks start at even offsets; some writers forget the pad byte after an odd one. */
function nextChunk(bytes: Uint8Array, end: number): number {
  if (end % 2 === 0) return end
  return !isChunkId(bytes, end + 1) && isChunkId(bytes, end) ? end : end + 1
}

function chunkId(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}

function isChunkId(bytes: Uint8Array, at: number): boolean {
  return /^[A-Za-z0-9 _]{4}$/.test(chunkId(bytes, at))
}

function isKnownChunk(bytes: Uint8Array, at: number): boolean {
  return ['LIST', 'JUNK', 'bext', 'fact', 'cue ', 'id3 ', 'ID3 ', 'PEAK', 'iXML', 'data', 'fmt '].includes(
    chunkId(bytes, at),
  )
}
