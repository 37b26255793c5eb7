/** WebM and Matroska files to sound. */
import { openAac } from './aac/decoder.ts'
import { parseFlacMetadata } from './flac.ts'
import { listMatroskaTracks, type MatroskaTrack, readMatroskaPackets } from './matroska.ts'
import { openMp3Packets } from './mp3.ts'
import { openFlacPackets } from './ogg.ts'
import { openOpus, parseOpusHead } from './opus.ts'
import { cutSound, type PacketDecoder, refuseCoding } from './packet-decoder.ts'
import { openPcmPackets } from './pcm.ts'
import { AudioFault, type Recording, type Sound } from './sound.ts'
import { openVorbis, splitVorbisHeaders } from './vorbis.ts'

/** @throws AudioFault no sound track, or none that can be read */
export function openWebm(bytes: Uint8Array): Recording {
  const [track] = listMatroskaTracks(bytes)
  if (!track) throw new AudioFault('The WebM file holds no audio track.')
  if (track.isLocked) refuseCoding('WebM', 'compressed or encrypted')
  return { sounds: readWebm(bytes, track) }
}

async function* readWebm(bytes: Uint8Array, track: MatroskaTrack): AsyncGenerator<Sound> {
  const decoder = await openTrack(track)
  let hasSound = false
  try {
    for (const packet of readMatroskaPackets(bytes, track)) {
      const sound = await decoder.decode(packet.bytes)
      if (!sound) continue
      hasSound = true
      const length = sound.channels[0]?.length ?? 0
      const discard = Math.round((Math.max(0, packet.discardNs) * sound.sampleRate) / 1e9)
      yield discard > 0 ? cutSound(sound, length - discard) : sound
    }
    const rest = await decoder.end?.()
    if (rest) yield rest
    hasSound ||= Boolean(rest)
  } finally {
    decoder.free()
  }
  if (!hasSound) throw new AudioFault('The WebM file holds headers but no sound.')
}

async function openTrack(track: MatroskaTrack): Promise<PacketDecoder> {
  switch (track.codec) {
    case 'A_OPUS':
      return openOpus(parseOpusHead(track.description, track.channelCount))
    case 'A_VORBIS':
      return openVorbis(splitVorbisHeaders(track.description))
    case 'A_FLAC':
      return openFlacPackets(parseFlacMetadata(track.description ?? new Uint8Array()).stream)
    case 'A_MPEG/L3':
    case 'A_MPEG/L2':
      return openMp3Packets()
    case 'A_PCM/INT/LIT':
      return openPcmPackets({ kind: 'integer', width: track.bits / 8 }, track)
    case 'A_PCM/FLOAT/IEEE':
      return openPcmPackets({ kind: 'float', width: track.bits / 8 }, track)
    default:
      if (track.codec.startsWith('A_AAC')) return openAac(track)
      return refuseCoding('WebM', track.codec.replace(/[^\w/.-]/g, '').slice(0, 40) || 'unnamed')
  }
}
