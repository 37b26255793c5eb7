/** MP4, M4A and QuickTime files to sound, fragmented ones too. */
import {
  type AudioCodec,
  BufferSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  MP4,
  QTFF,
} from 'mediabunny'
import { openAac } from './aac/decoder.ts'
import { checkMp4 } from './check-mp4.ts'
import { parseFlacMetadata } from './flac.ts'
import { openMp3Packets } from './mp3.ts'
import { openFlacPackets } from './ogg.ts'
import { openOpus, parseOpusHead } from './opus.ts'
import { cutSound, type PacketDecoder, refuseCoding, type TrackShape, Trimmer } from './packet-decoder.ts'
import { openPcmPackets } from './pcm.ts'
import { AudioFault, type Recording, type Sound } from './sound.ts'

export function openMp4(bytes: Uint8Array): Recording {
  return { sounds: readMp4(bytes) }
}

async function* readMp4(bytes: Uint8Array): AsyncGenerator<Sound> {
  checkMp4(bytes)
  const input = new Input({ source: new BufferSource(bytes), formats: [MP4, QTFF] })
  const track = await findTrack(input)
  const decoder = await openTrack(track)
  let trimmer: Trimmer | null = null
  let hasSound = false
  try {
    for await (const packet of new EncodedPacketSink(track).packets()) {
      const sound = await decoder.decode(packet.data)
      if (!sound) continue
      // Sound before the time 0 is the encoder's lead-in.
      trimmer ??= new Trimmer(Math.max(0, -packet.timestamp) * sound.sampleRate)
      const length = sound.channels[0]?.length ?? 0
      const wanted = Math.round(packet.duration * sound.sampleRate)
      hasSound = true
      yield trimmer.start(wanted > 0 && wanted < length ? cutSound(sound, wanted) : sound)
    }
  } finally {
    decoder.free()
    input.dispose()
  }
  if (!hasSound) throw new AudioFault('The MP4 file holds headers but no sound.')
}

async function findTrack(input: Input): Promise<InputAudioTrack> {
  const track = await input.getPrimaryAudioTrack().catch((error: unknown) => {
    throw new AudioFault('The MP4 file is damaged or cut off before its index.', { cause: error })
  })
  if (!track) throw new AudioFault('The MP4 file holds no audio track.')
  return track
}

async function openTrack(track: InputAudioTrack): Promise<PacketDecoder> {
  const codec = await track.getCodec()
  const config = await track.getDecoderConfig()
  if (!codec)
    return refuseCoding('MP4', String(await track.getInternalCodecId()).replace(/[^\w.-]/g, '') || 'unnamed')
  const shape: TrackShape = {
    description: toBytes(config?.description),
    sampleRate: await track.getSampleRate(),
    channelCount: await track.getNumberOfChannels(),
  }
  return openCoding(codec, shape)
}

function openCoding(codec: AudioCodec, shape: TrackShape): Promise<PacketDecoder> | PacketDecoder {
  switch (codec) {
    case 'aac':
      return openAac(shape)
    case 'mp3':
      return openMp3Packets()
    case 'opus':
      return openOpus(parseOpusHead(shape.description, shape.channelCount))
    case 'flac':
      return openFlacPackets(parseFlacMetadata(shape.description ?? new Uint8Array()).stream)
    case 'alaw':
      return openPcmPackets({ kind: 'a-law', width: 1 }, shape)
    case 'ulaw':
      return openPcmPackets({ kind: 'mu-law', width: 1 }, shape)
    default: {
      const plain = /^pcm-(u|s|f)(\d+)(be)?$/.exec(codec)
      if (!plain) return refuseCoding('MP4', codec)
      return openPcmPackets(
        {
          kind: plain[1] === 'f' ? 'float' : 'integer',
          width: Number(plain[2]) / 8,
          isBigEndian: plain[3] === 'be',
          isSigned8: plain[1] === 's',
        },
        shape,
      )
    }
  }
}

/** The package's types lean on the browser's, which are not there: what comes is checked. */
function toBytes(source: unknown): Uint8Array | null {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  return source instanceof ArrayBuffer ? new Uint8Array(source) : null
}
