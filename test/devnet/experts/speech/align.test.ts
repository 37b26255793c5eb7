import { describe, expect, test } from 'vitest'
import { align } from '../../../../devnet/experts/speech/align.ts'

/** Units: blank, 1, 2, 3. The named unit has 0.7 in each step, the others 0.1. */
const scoresOf = (path: number[]) => ({
  data: Float32Array.from(path.flatMap((unit) => [0, 1, 2, 3].map((u) => Math.log(u === unit ? 0.7 : 0.1)))),
  steps: path.length,
  units: 4,
})

describe('alignment', () => {
  test('finds each word where its phones are', () => {
    const result = align(scoresOf([0, 1, 1, 2, 0, 0, 3, 0]), [[1, 2], [3]])
    expect(result?.words.map(({ firstStep, lastStep }) => [firstStep, lastStep])).toEqual([
      [1, 3],
      [6, 6],
    ])
    expect(result?.confidence).toBeCloseTo(1)
  })

  test('doubts the word that was not said, and only that', () => {
    const result = align(scoresOf([1, 0, 2, 0, 1]), [[1], [3], [1]])
    expect(result?.words.map(({ confidence }) => confidence > 0.5)).toEqual([true, false, true])
    expect(result!.confidence).toBeLessThan(1)
  })

  test('keeps a doubled phone apart by a blank', () => {
    expect(align(scoresOf([1, 0, 1]), [[1], [1]])?.confidence).toBeCloseTo(1)
    expect(align(scoresOf([1, 1]), [[1], [1]])).toBeNull()
  })

  test('is null for more phones than steps and for no words', () => {
    expect(align(scoresOf([1]), [[1, 2]])).toBeNull()
    expect(align(scoresOf([]), [[1]])).toBeNull()
    expect(align(scoresOf([0]), [])).toBeNull()
  })
})
