/** Ogg files: Opus, Vorbis or FLAC, one stream or several behind each other (radio). */

import { parseFlacMetadata, readFlacFrames } from './flac.ts'
import { type FlacStream, parseFlacHeader } from './flac-frame.ts'
import { type OggPacket, readOggPackets } from './ogg-pages.ts'
import { OPUS_CLOCK, openOpus, parseOpusHead } from './opus.ts'
import { cutSound, type PacketDecoder, refuseCoding } from './packet-decoder.ts'
import { AudioFault, type Recording, type Sound } from './sound.ts'
import { openVorbis } from './vorbis.ts'

export function openOgg(bytes: Uint8Array): Recording {
  return { sounds: readOgg(bytes) }
}

/** One stream of the file, with the count that its last page is compared with. */
type Stream = {
  readonly serial: number
  readonly coding: Coding
  /** Packets before the sound: headers and comments. */
  readonly headers: Uint8Array[]
  decoder: PacketDecoder | null
  /** Samples given so far, without the lead-in. */
  given: number
  /** Where the stream ends, in its own clock with the lead-in; null until its last page says so. */
  endGranule: number | null
}

type Coding = { readonly name: 'opus' | 'vorbis' | 'flac'; readonly headerCount: number }

async function* readOgg(bytes: Uint8Array): AsyncGenerator<Sound> {
  let stream: Stream | null = null
  let strangers: string[] = []
  let hasSound = false
  try {
    for (const packet of readOggPackets(bytes)) {
      if (packet.isFirst && (!stream || packet.serial !== stream.serial)) {
        const name = nameCoding(packet.bytes)
        const coding = knownCoding(name, packet.bytes)
        if (!coding) strangers = [...strangers, name].slice(0, 4)
        // A second sound stream beside a running one is another language; behind its end it is the next song.
        else if (!stream || stream.given > 0) {
          yield* endStream(stream)
          stream = { serial: packet.serial, coding, headers: [], decoder: null, given: 0, endGranule: null }
        }
      }
      if (!stream || packet.serial !== stream.serial) continue
      const sound = await advance(stream, packet)
      if (sound) {
        hasSound = true
        yield sound
      }
    }
    for await (const sound of endStream(stream)) {
      hasSound = true
      yield sound
    }
  } finally {
    stream?.decoder?.free()
  }
  if (!stream) refuseStreams(strangers)
  if (!hasSound) throw new AudioFault('The Ogg file holds headers but no sound.')
}

function refuseStreams(strangers: readonly string[]): never {
  const coding = strangers.find((name) => ['Speex', 'CELT'].includes(name))
  if (coding) refuseCoding('Ogg', coding)
  throw new AudioFault('The Ogg file holds no audio track.')
}

async function advance(stream: Stream, packet: OggPacket): Promise<Sound | null> {
  if (stream.headers.length < stream.coding.headerCount) {
    stream.headers.push(packet.bytes)
    if (stream.headers.length === stream.coding.headerCount) stream.decoder = await openStream(stream)
    return null
  }
  const sound = (await stream.decoder?.decode(packet.bytes)) ?? null
  if (packet.isLast) stream.endGranule = packet.granule
  return sound ? count(stream, sound) : null
}

/** Counts the sound, and cuts what its last page says is padding. */
function count(stream: Stream, sound: Sound): Sound {
  const length = sound.channels[0]?.length ?? 0
  stream.given += length
  if (stream.endGranule === null) return sound
  const isOpus = stream.coding.name === 'opus'
  const preSkip = isOpus ? parseOpusHead(stream.headers[0] ?? null, 0).preSkip : 0
  const wanted = ((stream.endGranule - preSkip) * sound.sampleRate) / (isOpus ? OPUS_CLOCK : sound.sampleRate)
  const surplus = Math.round(stream.given - wanted)
  return surplus > 0 && surplus <= length ? cutSound(sound, length - surplus) : sound
}

async function* endStream(stream: Stream | null): AsyncGenerator<Sound> {
  if (!stream) return
  const rest = await stream.decoder?.end?.()
  if (rest) yield count(stream, rest)
  stream.decoder?.free()
  stream.decoder = null
}

function openStream(stream: Stream): Promise<PacketDecoder> | PacketDecoder {
  const [first] = stream.headers
  if (stream.coding.name === 'opus') return openOpus(parseOpusHead(first ?? null, 0))
  if (stream.coding.name === 'vorbis') return openVorbis(stream.headers)
  // RFC 9639 section 10.1: 9 bytes before the native header.
  return openFlacPackets(parseFlacMetadata((first ?? new Uint8Array()).subarray(9)).stream)
}

/** A decoder for packets that each hold one FLAC frame; other packets (comments) give nothing. */
export function openFlacPackets(stream: FlacStream): PacketDecoder {
  return {
    decode(packet) {
      if (!parseFlacHeader(packet, 0, stream)) return null
      for (const sound of readFlacFrames(packet, stream)) return sound
      return null
    },
    free() {},
  }
}

function knownCoding(name: string, first: Uint8Array): Coding | null {
  if (name === 'Opus') return { name: 'opus', headerCount: 2 }
  if (name === 'Vorbis') return { name: 'vorbis', headerCount: 3 }
  if (name === 'FLAC' && first.length > 13) return { name: 'flac', headerCount: 1 }
  return null
}

function nameCoding(first: Uint8Array): string {
  const head = String.fromCharCode(...first.subarray(0, 8))
  if (head === 'OpusHead') return 'Opus'
  if (head.startsWith('\x01vorbis')) return 'Vorbis'
  if (head.startsWith('\x7fFLAC')) return 'FLAC'
  if (head === 'Speex   ') return 'Speex'
  if (head.startsWith('CELT')) return 'CELT'
  return 'other'
}
