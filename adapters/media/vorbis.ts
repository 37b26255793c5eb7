/** Vorbis packets to sound. The decoder wants Ogg pages, so each packet is given to it as a page. */
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { writeOggPage } from './ogg-pages.ts'
import { isPacketTooLarge, type PacketDecoder } from './packet-decoder.ts'
import { AudioFault, checkShape, type Sound } from './sound.ts'

/** The size of the decoder's input buffer. */
const PACKET_BYTES_MAX = 128 * 1024

/** @param headers - identification, comment and setup packet @throws AudioFault they are not */
export async function openVorbis(headers: readonly Uint8Array[]): Promise<PacketDecoder> {
  const [identification, comment, setup] = headers
  if (!identification || !comment || !setup) throw new AudioFault('The Vorbis headers are cut off.')
  checkHeaders(identification, setup)
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  let sequence = 0
  const feed = async (packet: Uint8Array): Promise<Sound | null> => {
    const pages = writeOggPage({ packet, sequence, isFirst: sequence === 0 })
    sequence += pages.length
    let sound: Sound | null = null
    for (const page of pages) {
      const { channelData, samplesDecoded, sampleRate } = await decoder.decode(page)
      if (samplesDecoded > 0) sound = { sampleRate, channels: channelData }
    }
    return sound
  }
  for (const header of headers.slice(0, 3)) await feed(header)
  return {
    decode: (packet) => (isPacketTooLarge(packet, PACKET_BYTES_MAX) ? null : feed(packet)),
    async end() {
      const { channelData, samplesDecoded, sampleRate } = await decoder.flush()
      return samplesDecoded > 0 ? { sampleRate, channels: channelData } : null
    },
    free: () => decoder.free(),
  }
}

/** The decoder searches the setup header for its last set bit without end, and has no bound on channels. */
function checkHeaders(identification: Uint8Array, setup: Uint8Array): void {
  if (identification.length < 30 || setup.length < 8 || setup.length > PACKET_BYTES_MAX)
    throw new AudioFault('The Vorbis headers are damaged.')
  const view = new DataView(identification.buffer, identification.byteOffset, identification.byteLength)
  checkShape(view.getUint32(12, true), view.getUint8(11))
  if (setup.subarray(-16).every((byte) => byte === 0)) throw new AudioFault('The Vorbis headers are damaged.')
}

/** Splits the three headers that Matroska keeps in one piece (Xiph lacing). @throws AudioFault */
export function splitVorbisHeaders(description: Uint8Array | null): Uint8Array[] {
  if (description?.[0] !== 2) throw new AudioFault('The Vorbis headers are missing.')
  let at = 1
  const sizes: number[] = []
  for (let size = 0; sizes.length < 2 && at < description.length; at += 1) {
    const byte = description[at] ?? 0
    size += byte
    if (byte === 255) continue
    sizes.push(size)
    size = 0
  }
  const [first = 0, second = 0] = sizes
  return [
    description.subarray(at, at + first),
    description.subarray(at + first, at + first + second),
    description.subarray(at + first + second),
  ]
}
