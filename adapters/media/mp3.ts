/** MPEG audio, frame by frame: tags, covers and noise between frames never reach the decoder. */
import { MPEGDecoder } from 'mpg123-decoder'
import { findMp3Frame, parseMp3Frame } from './mp3-frame.ts'
import type { Sound } from './sound.ts'

/** Frames handed over at once: at most 3 seconds of sound, 300 KB of floats. */
const FRAMES_PER_SOUND = 32

/** Reads a whole stream. The decoder drops the encoder's padding where the file tells it (LAME's header). */
export async function* readMp3(bytes: Uint8Array): AsyncGenerator<Sound> {
  const decoder = new MPEGDecoder({ enableGapless: true })
  await decoder.ready
  try {
    for (const batch of batchesOf(bytes)) {
      const { channelData, sampleRate } = decoder.decode(batch)
      yield { sampleRate, channels: channelData }
    }
  } finally {
    decoder.free()
  }
}

/** A decoder for frames that a container has already taken apart. */
export async function openMp3Packets(): Promise<{ decode(packet: Uint8Array): Sound; free(): void }> {
  const decoder = new MPEGDecoder({ enableGapless: false })
  await decoder.ready
  return {
    decode(packet) {
      const { channelData, sampleRate } = decoder.decode(packet)
      return { sampleRate, channels: channelData }
    },
    free: () => decoder.free(),
  }
}

function* batchesOf(bytes: Uint8Array): Generator<Uint8Array> {
  let at: number | null = findMp3Frame(bytes, 0, bytes.length)
  while (at !== null) {
    const start: number = at
    let end: number = at
    let count = 0
    for (; count < FRAMES_PER_SOUND; count += 1) {
      const frame = parseMp3Frame(bytes, end)
      if (!frame || end + frame.sizeBytes > bytes.length) break
      end += frame.sizeBytes
    }
    if (count > 0) yield bytes.subarray(start, end)
    at = count === FRAMES_PER_SOUND ? end : findMp3Frame(bytes, count > 0 ? end : start + 1, bytes.length)
  }
}
