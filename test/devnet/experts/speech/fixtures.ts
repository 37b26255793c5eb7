/** The recordings of test/fixtures/speech and examples, which Python's `wave` wrote: 44 bytes of header, 16 bit, mono. */
import { readFileSync } from 'node:fs'

const folders = {
  fixtures: new URL('../../../fixtures/speech/', import.meta.url),
  examples: new URL('../../../../examples/', import.meta.url),
}

export function readFixture(name: string, folder: keyof typeof folders = 'fixtures') {
  const wav = readFileSync(new URL(`${name}.wav`, folders[folder]))
  if (wav.toString('latin1', 36, 40) !== 'data')
    throw new Error(`${name}.wav has another header than expected.`)
  const samples = Float32Array.from(
    { length: (wav.length - 44) / 2 },
    (_, i) => wav.readInt16LE(44 + 2 * i) / 32_768,
  )
  const text = readFileSync(new URL(`${name}.txt`, folders[folder]), 'utf8').trim()
  return { samples, text }
}

export const readReference = () =>
  JSON.parse(readFileSync(new URL('features-slt-elephant.json', folders.fixtures), 'utf8')) as {
    frames: number
    first: number[][]
  }
