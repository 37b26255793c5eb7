import { expect, it } from 'vitest'
import { readWav } from '../../../devnet/miners/wav.ts'

function wav(
  samples: readonly number[],
  changes: { rate?: number; channels?: number; format?: number; extra?: Buffer } = {},
) {
  const { rate = 16_000, channels = 1, format = 1, extra = Buffer.alloc(0) } = changes
  const head = Buffer.alloc(36)
  head.write('RIFF', 0)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(format, 20)
  head.writeUInt16LE(channels, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt16LE(16, 34)
  const data = Buffer.alloc(8 + samples.length * 2)
  data.write('data', 0)
  data.writeUInt32LE(samples.length * 2, 4)
  for (const [index, sample] of samples.entries()) data.writeInt16LE(sample, 8 + index * 2)
  return Buffer.concat([head, extra, data])
}

it('reads samples from -1 to 1', () => {
  expect([...readWav(wav([-32_768, 0, 16_384]))]).toEqual([-1, 0, 0.5])
})

it('skips chunks that it does not know, padded ones too', () => {
  const list = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1')
  expect([...readWav(wav([16_384], { extra: list }))]).toEqual([0.5])
})

it('takes what is there of a recording that says it is longer', () => {
  expect(readWav(wav([1, 2, 3]).subarray(0, -2))).toHaveLength(2)
})

it.each([
  ['nothing', Buffer.alloc(0)],
  ['no RIFF', Buffer.from('OggS'.repeat(20))],
  ['another rate', wav([0], { rate: 8_000 })],
  ['two channels', wav([0], { channels: 2 })],
  ['another coding', wav([0], { format: 3 })],
  ['a head alone', wav([]).subarray(0, 36)],
])('refuses %s', (_name, bytes) => {
  expect(() => readWav(bytes)).toThrow(expect.objectContaining({ status: 400 }))
})
