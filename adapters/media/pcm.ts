/** Plain samples of every width and order, and the two telephone codings, to floats. */
import type { PacketDecoder } from './packet-decoder.ts'
import { AudioFault, checkShape, type Sound } from './sound.ts'

/** How one sample is written. `width` is bytes; integers of one byte are unsigned in little-endian files. */
export type SampleFormat = {
  readonly kind: 'integer' | 'float' | 'a-law' | 'mu-law'
  readonly width: number
  readonly isBigEndian?: boolean
  readonly isSigned8?: boolean
}

/** Frames of one stretch: 64 KB of floats a channel. */
const FRAMES_PER_SOUND = 16_384

/** Reads interleaved samples; an incomplete last frame is left out. */
export function* readPcm(
  bytes: Uint8Array,
  shape: { readonly format: SampleFormat; readonly sampleRate: number; readonly channelCount: number },
): Generator<Sound> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read = sampleReader(view, shape.format)
  const frameBytes = shape.format.width * shape.channelCount
  const frameCount = Math.floor(bytes.length / frameBytes)
  for (let frame = 0; frame < frameCount; frame += FRAMES_PER_SOUND) {
    const count = Math.min(FRAMES_PER_SOUND, frameCount - frame)
    const channels = Array.from({ length: shape.channelCount }, (_, channel) => {
      const samples = new Float32Array(count)
      let at = frame * frameBytes + channel * shape.format.width
      for (let index = 0; index < count; index += 1) {
        samples[index] = read(at)
        at += frameBytes
      }
      return samples
    })
    yield { sampleRate: shape.sampleRate, channels }
  }
}

/** A decoder for packets of plain samples, as MP4 and Matroska hold them. @throws AudioFault an impossible width */
export function openPcmPackets(
  format: SampleFormat,
  track: { readonly sampleRate: number; readonly channelCount: number },
): PacketDecoder {
  checkShape(track.sampleRate, track.channelCount)
  const isKnown =
    format.kind === 'float' ? [4, 8].includes(format.width) : [1, 2, 3, 4, 8].includes(format.width)
  if (!isKnown) throw new AudioFault(`The recording claims samples of ${format.width * 8} bits.`)
  return {
    decode(packet) {
      const sounds = [...readPcm(packet, { ...track, format })]
      const [first] = sounds
      if (!first) return null
      const channels = first.channels.map((_, channel) =>
        joinFloats(sounds.map((sound) => sound.channels[channel])),
      )
      return { sampleRate: track.sampleRate, channels }
    },
    free() {},
  }
}

function joinFloats(parts: readonly (Float32Array | undefined)[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0))
  let at = 0
  for (const part of parts) {
    if (part) joined.set(part, at)
    at += part?.length ?? 0
  }
  return joined
}

function sampleReader(view: DataView, format: SampleFormat): (at: number) => number {
  const little = !format.isBigEndian
  if (format.kind === 'a-law') return (at) => A_LAW[view.getUint8(at)] ?? 0
  if (format.kind === 'mu-law') return (at) => MU_LAW[view.getUint8(at)] ?? 0
  if (format.kind === 'float')
    return format.width === 8 ? (at) => view.getFloat64(at, little) : (at) => view.getFloat32(at, little)
  switch (format.width) {
    case 1:
      return format.isSigned8 ? (at) => view.getInt8(at) / 128 : (at) => (view.getUint8(at) - 128) / 128
    case 2:
      return (at) => view.getInt16(at, little) / 2 ** 15
    case 3:
      return little
        ? (at) => (view.getInt8(at + 2) * 65_536 + view.getUint16(at, true)) / 2 ** 23
        : (at) => (view.getInt16(at) * 256 + view.getUint8(at + 2)) / 2 ** 23
    case 4:
      return (at) => view.getInt32(at, little) / 2 ** 31
    default:
      // Wider integers: the upper 32 bits hold all that 16-bit output can show.
      return (at) => view.getInt32(little ? at + format.width - 4 : at, little) / 2 ** 31
  }
}

/** ITU-T G.711, table 1a: 13-bit samples of the A-law, as floats. */
const A_LAW = Float32Array.from({ length: 256 }, (_, code) => {
  const flipped = code ^ 0x55
  const exponent = (flipped >> 4) & 7
  const mantissa = ((flipped & 15) << 4) + 8
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1)
  return (flipped & 0x80 ? magnitude : -magnitude) / 32_768
})

/** ITU-T G.711, table 2a: 14-bit samples of the µ-law, as floats. */
const MU_LAW = Float32Array.from({ length: 256 }, (_, code) => {
  const flipped = ~code & 0xff
  const magnitude = ((((flipped & 15) << 3) + 132) << ((flipped >> 4) & 7)) - 132
  return (flipped & 0x80 ? -magnitude : magnitude) / 32_768
})
