import { expect, it } from 'vitest'
import { SCALE_FACTOR_TABLE, SPECTRAL_TABLES } from '../../../../adapters/media/aac/codebooks.ts'
import { readScaleChange, readSpectrum } from '../../../../adapters/media/aac/huffman.ts'
import { BitReader } from '../../../../adapters/media/bits.ts'

const read = (bits: string, bookNumber: number, count: number) => {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [at, bit] of [...bits].entries())
    if (bit === '1') bytes[at >> 3] = Number(bytes[at >> 3]) | (128 >> (at & 7))
  const into = new Int32Array(count)
  readSpectrum(new BitReader(bytes), bookNumber, { into, at: 0, count })
  return [...into]
}

it('every codebook is complete: its codes fill the tree and its symbols come once each', () => {
  for (const table of [...SPECTRAL_TABLES, SCALE_FACTOR_TABLE]) {
    expect(table.counts.reduce((sum, count, at) => sum + count / 2 ** (at + 1), 0)).toBe(1)
    expect([...table.symbols].sort((a, b) => a - b)).toEqual(table.symbols.map((_, at) => at))
    expect(table.base ** table.dimension === table.symbols.length || table.dimension === 1).toBe(true)
  }
})

it('codes of the standard give their values', () => {
  expect(read('0', 1, 4)).toEqual([0, 0, 0, 0])
  expect(read('10000', 1, 4)).toEqual([1, 0, 0, 0])
  expect(read('1001' + '1', 3, 4)).toEqual([0, 0, 0, -1]) // Unsigned book: the sign is a bit of its own.
  expect(read('1000', 5, 2)).toEqual([-1, 0])
  expect(readScaleChange(new BitReader(Uint8Array.of(0)))).toBe(0)
})

it('book 11 escapes: 16 stands for a value written behind it', () => {
  // 00100: (16, 16), two signs, then 1111 0 … of 2^4 + n.
  expect(read('00100' + '01' + '0' + '0011' + '10' + '00001', 11, 2)).toEqual([19, -33])
})

it('an escape of more than 12 bits is damage', () => {
  expect(() => read(`0010000111111111${'0'.repeat(20)}`, 11, 2)).toThrow('too large')
})

it('bits that end inside a code are no endless loop', () => {
  expect(() => read('1'.repeat(16), 1, 64)).toThrow()
})
