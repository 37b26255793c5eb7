/** Files that the tests of recordings are made of. */
import { readFileSync } from 'node:fs'

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../fixtures/media/${name}`, import.meta.url)))
}

export const FIXTURES = [
  'a-law.wav',
  'mu-law.wav',
  'ima.wav',
  'microsoft.wav',
  'cbr.mp3',
  'vbr.mp3',
  'bare.mp3',
  'mono16.flac',
  'stereo24.flac',
  'opus.ogg',
  'vorbis.ogg',
  'flac.ogg',
  'opus.webm',
  'live.webm',
  'vorbis.webm',
  'aac.mkv',
  'tail.m4a',
  'fragmented.mp4',
  'stereo.aac',
] as const // prettier-ignore

/** Ogg pages of 255 packets of silence (3 bytes, 20 ms each) behind ordinary headers. */
export function opusOfHours(hours: number): Uint8Array {
  const head = Buffer.from('OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00', 'latin1')
  const tags = Buffer.from('OpusTags\x00\x00\x00\x00\x00\x00\x00\x00', 'latin1')
  const pages = [
    oggPage([head], { flags: 2, sequence: 0, granule: 0n }),
    oggPage([tags], { flags: 0, sequence: 1, granule: 0n }),
  ]
  const silence = Array.from({ length: 255 }, () => Buffer.from([0xf8, 0xff, 0xfe]))
  const count = Math.ceil((hours * 3600) / (255 * 0.02))
  for (let index = 1; index <= count; index += 1)
    pages.push(oggPage(silence, { flags: 0, sequence: index + 1, granule: BigInt(index * 255 * 960) }))
  return new Uint8Array(Buffer.concat(pages))
}

/** One Ogg page; its sum is left zero. Packets must be shorter than 255 bytes. */
export function oggPage(
  packets: readonly Uint8Array[],
  page: {
    readonly flags: number
    readonly sequence: number
    readonly granule: bigint
    readonly serial?: number
  },
): Buffer {
  const header = Buffer.alloc(27)
  header.write('OggS', 0)
  header[5] = page.flags
  header.writeBigInt64LE(page.granule, 6)
  header.writeUInt32LE(page.serial ?? 7, 14)
  header.writeUInt32LE(page.sequence, 18)
  header[26] = packets.length
  return Buffer.concat([header, Buffer.from(packets.map((packet) => packet.length)), ...packets])
}

export type WavShape = {
  readonly tag?: number
  readonly rate?: number
  readonly channels?: number
  readonly bits?: number
  /** Chunks between format and data. */
  readonly before?: readonly Buffer[]
  readonly after?: readonly Buffer[]
  /** Instead of the true size of the data. */
  readonly claimed?: number
  readonly extensible?: boolean
  readonly blockBytes?: number
}

export function chunk(id: string, content: Uint8Array, claimed = content.length): Buffer {
  const head = Buffer.alloc(8)
  head.write(id, 0, 'latin1')
  head.writeUInt32LE(claimed, 4)
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)])
}

/** A WAV file around the given sample bytes. */
export function wavFile(data: Uint8Array, shape: WavShape = {}): Uint8Array {
  const { tag = 1, rate = 16_000, channels = 1, bits = 16 } = shape
  const blockBytes = shape.blockBytes ?? (channels * bits) / 8
  const format = Buffer.alloc(shape.extensible ? 40 : 16)
  format.writeUInt16LE(shape.extensible ? 0xfffe : tag, 0)
  format.writeUInt16LE(channels, 2)
  format.writeUInt32LE(rate, 4)
  format.writeUInt32LE((rate * blockBytes) % 2 ** 32, 8)
  format.writeUInt16LE(blockBytes, 12)
  format.writeUInt16LE(bits, 14)
  if (shape.extensible) {
    format.writeUInt16LE(22, 16)
    format.writeUInt16LE(bits, 18)
    format.writeUInt16LE(tag, 24)
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(format, 26)
  }
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    chunk('fmt ', format),
    ...(shape.before ?? []),
    chunk('data', data, shape.claimed),
    ...(shape.after ?? []),
  ])
  const head = Buffer.alloc(8)
  head.write('RIFF', 0)
  head.writeUInt32LE(body.length, 4)
  return new Uint8Array(Buffer.concat([head, body]))
}

/** Samples of a sine, -1 to 1. */
export function sine(options: {
  hertz: number
  rate: number
  seconds: number
  level?: number
}): Float32Array {
  const { hertz, rate, seconds, level = 0.25 } = options
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, at) => level * Math.sin((2 * Math.PI * hertz * at) / rate),
  )
}

/** Samples to little-endian bytes of signed integers of `width` bytes (1: unsigned). */
export function integers(samples: Float32Array, width: number): Buffer {
  const bytes = Buffer.alloc(samples.length * width)
  for (const [at, sample] of samples.entries()) {
    const value = Math.round(sample * (2 ** (8 * width - 1) - 1))
    if (width === 1) bytes.writeUInt8(value + 128, at)
    else bytes.writeIntLE(value, at * width, width)
  }
  return bytes
}

/** The samples of a WAV file as the decoder writes it, -1 to 1. */
export function samplesOf(wav: Uint8Array): Float32Array {
  const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength)
  return Float32Array.from(
    { length: (wav.length - 44) / 2 },
    (_, at) => view.getInt16(44 + 2 * at, true) / 32_768,
  )
}

/** The level of one frequency: 1 for a full-scale sine. Goertzel's algorithm. */
export function levelAt(samples: Float32Array, hertz: number, rate = 16_000): number {
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / rate)
  let newer = 0
  let older = 0
  for (const sample of samples) [newer, older] = [sample + factor * newer - older, newer]
  return (2 * Math.sqrt(Math.max(0, newer * newer + older * older - factor * newer * older))) / samples.length
}
