/** Reads the one kind of recording that the gateway sends: RIFF WAVE, 16 kHz, mono, 16-bit PCM. */
import { ServiceFailure } from './service.ts'

export const WAV_RATE_HZ = 16_000

const PCM = 1

/** @returns samples from -1 to 1 @throws ServiceFailure 400 for anything else */
export function readWav(file: Uint8Array): Float32Array {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new ServiceFailure(400, 'The file is no WAV recording.')
  }
  let isAsExpected = false
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4)
    const start = at + 8
    const size = Math.min(bytes.readUInt32LE(at + 4), bytes.length - start)
    if (name === 'fmt ' && size >= 16) isAsExpected = hasExpectedFormat(bytes, start)
    if (name === 'data') {
      if (!isAsExpected) break
      return readSamples(bytes, start, size)
    }
    at = start + size + (size % 2) // Chunks are padded to even lengths.
  }
  throw new ServiceFailure(400, 'The recording is not 16 kHz, mono, 16-bit PCM.')
}

function hasExpectedFormat(bytes: Buffer, at: number): boolean {
  return (
    bytes.readUInt16LE(at) === PCM &&
    bytes.readUInt16LE(at + 2) === 1 &&
    bytes.readUInt32LE(at + 4) === WAV_RATE_HZ &&
    bytes.readUInt16LE(at + 14) === 16
  )
}

function readSamples(bytes: Buffer, start: number, size: number): Float32Array {
  const samples = new Float32Array(Math.floor(size / 2))
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = bytes.readInt16LE(start + 2 * index) / 32_768
  }
  return samples
}
