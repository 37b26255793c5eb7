import { describe, expect, test } from 'vitest'
import { BANDS, logMel, normaliseLevel } from '../../../../devnet/experts/speech/features.ts'
import { readFixture, readReference } from './fixtures.ts'

describe('log-mel features', () => {
  test('are those that the network was trained on', () => {
    const reference = readReference()
    const { data, frames } = normaliseLevel(logMel(readFixture('slt-elephant').samples))
    expect(frames).toBe(reference.frames)
    reference.first.forEach((bands, frame) => {
      bands.forEach((value, band) => {
        expect(Math.abs(data[band * frames + frame]! - value)).toBeLessThan(1e-3)
      })
    })
  })

  test('do not depend on the level of the recording once normalised', () => {
    const { samples } = readFixture('slt-elephant')
    const loud = normaliseLevel(logMel(samples))
    const soft = normaliseLevel(logMel(samples.map((v) => v / 4)))
    const differences = loud.data.map((value, i) => Math.abs(value - soft.data[i]!)).sort()
    // The very softest frames differ, since the floor of the logarithm does not move with the level.
    expect(differences[Math.floor(differences.length / 2)]).toBeLessThan(0.01)
  })

  test('exist for less than one window, and for nothing', () => {
    for (const length of [0, 1, 399, 400]) {
      const { data, frames } = normaliseLevel(logMel(new Float32Array(length)))
      expect(frames).toBe(1)
      expect(data).toHaveLength(BANDS)
      expect(data.every(Number.isFinite)).toBe(true)
    }
  })
})
