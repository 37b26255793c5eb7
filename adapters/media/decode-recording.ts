/** A recording of any kind to 16 kHz mono, with the limit checked while decoding. Runs in a worker: it does not yield. */
import { openAdts } from './adts.ts'
import { openFlac } from './flac.ts'
import { MonoSink } from './mono-sink.ts'
import { readMp3 } from './mp3.ts'
import { openMp4 } from './mp4.ts'
import { openOgg } from './ogg.ts'
import { type SoundContainer, sniff } from './sniff.ts'
import { AudioFault, type Recording } from './sound.ts'
import { openWav } from './wav.ts'
import { openWebm } from './webm.ts'

export type DecodedRecording = {
  readonly wav: Uint8Array<ArrayBuffer>
  readonly durationSeconds: number
  readonly container: SoundContainer
}

/**
 * Decodes all of a recording, or what there is of one that is cut off.
 *
 * @param options.secondsMax - more decoded sound than this is refused, whatever the file's headers say
 * @throws AudioFault no recording, none that can be read, empty, or too long
 */
export async function decodeRecording(
  bytes: Uint8Array,
  options: { readonly secondsMax: number },
): Promise<DecodedRecording> {
  if (bytes.length === 0) throw new AudioFault('The file is empty.')
  const found = sniff(bytes)
  if (found.kind === 'other')
    throw new AudioFault(
      `This is ${found.what}, not a recording that can be read. WAV, MP3, FLAC, OGG, WebM, MP4/M4A and AAC can be.`,
    )
  const name = NAMES[found.container]
  const sink = new MonoSink(options)
  try {
    for await (const sound of open(found.container, bytes.subarray(found.from)).sounds) sink.write(sound)
  } catch (error) {
    if (sink.isOver) throw error
    // What comes behind a fault is lost, what came before it is a recording that was cut off.
    if (sink.seconds === 0)
      throw error instanceof AudioFault ? error : new AudioFault(damaged(name), { cause: error })
  }
  const wav = sink.end()
  if (sink.seconds === 0) throw new AudioFault(damaged(name))
  return { wav, durationSeconds: sink.seconds, container: found.container }
}

function damaged(name: string): string {
  return `The ${name} file holds no sound that can be decoded: it is damaged or cut off.`
}

const NAMES: Record<SoundContainer, string> = {
  wav: 'WAV',
  mp3: 'MP3',
  flac: 'FLAC',
  ogg: 'Ogg',
  webm: 'WebM',
  mp4: 'MP4',
  aac: 'AAC',
}

function open(container: SoundContainer, bytes: Uint8Array): Recording {
  switch (container) {
    case 'wav':
      return openWav(bytes)
    case 'mp3':
      return { sounds: readMp3(bytes) }
    case 'flac':
      return openFlac(bytes)
    case 'ogg':
      return openOgg(bytes)
    case 'webm':
      return openWebm(bytes)
    case 'mp4':
      return openMp4(bytes)
    case 'aac':
      return openAdts(bytes)
  }
}
