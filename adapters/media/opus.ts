/** Opus packets to sound, at 16 kHz straight from the decoder. Source of the header: RFC 7845 section 5.1. */
import { OpusDecoder } from 'opus-decoder'
import { cutSound, isPacketTooLarge, type PacketDecoder, Trimmer } from './packet-decoder.ts'
import { AudioFault, checkShape } from './sound.ts'

/** Opus counts its time in samples of 48 kHz, whatever it was recorded with. */
export const OPUS_CLOCK = 48_000
const OUTPUT_RATE = 16_000

export type OpusHead = {
  readonly channelCount: number
  /** Samples of 48 kHz to drop at the start. */
  readonly preSkip: number
  readonly streamCount: number
  readonly coupledCount: number
  readonly mapping: number[]
}

/** Reads `OpusHead`, or takes two channels when a container has none. @throws AudioFault an impossible header */
export function parseOpusHead(bytes: Uint8Array | null, channelCount: number): OpusHead {
  const count = bytes?.[9] ?? (channelCount || 2)
  checkShape(OPUS_CLOCK, count)
  const preSkip = bytes && bytes.length >= 12 ? Number(bytes[10]) + 256 * Number(bytes[11]) : 0
  if (!bytes || bytes.length < 19 || bytes[18] === 0) {
    if (count > 2)
      throw new AudioFault(`The Opus header claims ${count} channels without saying how they are kept.`)
    return {
      channelCount: count,
      preSkip,
      streamCount: 1,
      coupledCount: count - 1,
      mapping: count === 2 ? [0, 1] : [0],
    }
  }
  const streamCount = bytes[19] ?? 0
  const coupledCount = bytes[20] ?? 0
  const mapping = [...bytes.subarray(21, 21 + count)]
  const isSound =
    streamCount > 0 &&
    coupledCount <= streamCount &&
    mapping.length === count &&
    mapping.every((index) => index === 255 || index < streamCount + coupledCount)
  if (!isSound) throw new AudioFault('The Opus header contradicts itself.')
  return { channelCount: count, preSkip, streamCount, coupledCount, mapping }
}

/** Opens a decoder for one stream; the lead-in is dropped. */
export async function openOpus(head: OpusHead): Promise<PacketDecoder> {
  const decoder = new OpusDecoder({
    sampleRate: OUTPUT_RATE,
    channels: head.channelCount,
    streamCount: head.streamCount,
    coupledStreamCount: head.coupledCount,
    channelMappingTable: head.mapping,
    preSkip: 0,
  })
  await decoder.ready
  const trimmer = new Trimmer((head.preSkip * OUTPUT_RATE) / OPUS_CLOCK)
  const packetBytesMax = 3_840 * head.channelCount // The size of opus-decoder's input buffer.
  return {
    decode(packet) {
      if (isPacketTooLarge(packet, packetBytesMax)) return null
      const { channelData, samplesDecoded } = decoder.decodeFrame(packet)
      const sound = { sampleRate: OUTPUT_RATE, channels: channelData }
      return samplesDecoded > 0 ? trimmer.start(cutSound(sound, samplesDecoded)) : null
    },
    free: () => decoder.free(),
  }
}
