/** FLAC files, and FLAC inside of other containers. Damaged frames are skipped, as every player does. */
import { EndOfBits } from './bits.ts'
import { type FlacStream, NoFrame, parseFlacHeader, readFlacFrame } from './flac-frame.ts'
import { AudioFault, type Recording, type Sound } from './sound.ts'

const STREAM_INFO_BYTES = 34

/** @throws AudioFault the file ends inside its headers */
export function openFlac(bytes: Uint8Array): Recording {
  const { stream, framesAt } = parseFlacMetadata(bytes)
  return { sounds: readFlacFrames(bytes.subarray(framesAt), stream) }
}

/** Reads the headers of a native file: `fLaC`, stream info, other blocks. @throws AudioFault */
export function parseFlacMetadata(bytes: Uint8Array): { stream: FlacStream; framesAt: number } {
  let at = 4
  let stream: FlacStream | null = null
  for (let isLast = false; !isLast; ) {
    const head = bytes[at]
    if (head === undefined || at + 4 > bytes.length) break
    isLast = head >= 0x80
    const size = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
    if ((head & 0x7f) === 0) stream = parseStreamInfo(bytes.subarray(at + 4, at + 4 + size))
    at += 4 + size
  }
  if (!stream) throw new AudioFault('The FLAC file is cut off inside its header.')
  return { stream, framesAt: Math.min(at, bytes.length) }
}

function parseStreamInfo(block: Uint8Array): FlacStream {
  if (block.length < STREAM_INFO_BYTES) throw new AudioFault('The FLAC file is cut off inside its header.')
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  const packed = view.getUint32(10)
  return { sampleRate: packed >>> 12, bits: ((packed >>> 4) & 31) + 1 }
}

/** Decodes frame after frame; what is no frame is searched through for the next one. */
export function* readFlacFrames(bytes: Uint8Array, stream: FlacStream): Generator<Sound> {
  for (let at = 0; at + 6 <= bytes.length; ) {
    if (bytes[at] !== 0xff || !parseFlacHeader(bytes, at, stream)) {
      const next = bytes.indexOf(0xff, at + 1)
      if (next < 0) return
      at = next
      continue
    }
    try {
      const frame = readFlacFrame(bytes, at, stream)
      at += frame.sizeBytes
      yield {
        sampleRate: frame.sampleRate,
        channels: frame.channels.map((samples) => toFloats(samples, frame.bits)),
      }
    } catch (error) {
      if (!(error instanceof NoFrame || error instanceof EndOfBits)) throw error
      at += 1 // Not a frame, or a damaged one: the next sync word decides.
    }
  }
}

/** @param bits - what full scale is */
function toFloats(samples: Float64Array, bits: number): Float32Array {
  const scale = 2 ** (1 - bits)
  const floats = new Float32Array(samples.length)
  for (let at = 0; at < samples.length; at += 1) floats[at] = Number(samples[at]) * scale
  return floats
}
