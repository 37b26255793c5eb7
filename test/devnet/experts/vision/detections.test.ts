import { describe, expect, it } from 'vitest'
import {
  type NetworkOutput,
  normalise,
  PEAK_MIN,
  readDetections,
} from '../../../../devnet/experts/vision/detections.ts'

/** A grid of 4 x 2 cells and 2 labels with things, two cells wide and one high, at each peak. */
function outputWith(peak: Partial<Record<number, number>>): NetworkOutput {
  const cells = 8
  const geometry = new Float32Array(4 * cells)
  geometry.fill(0.25, 0, cells)
  geometry.fill(Math.log(2), 2 * cells, 3 * cells)
  const classes = new Float32Array(2 * cells).fill(1, cells)
  return {
    gridWidth: 4,
    gridHeight: 2,
    peak: Float32Array.from({ length: cells }, (_, cell) => peak[cell] ?? 0),
    geometry,
    classes,
  }
}

describe('detections', () => {
  it('are the peaks that are no noise, with boxes in shares of the picture', () => {
    const found = readDetections(outputWith({ 1: 0.75, 6: PEAK_MIN / 2 }), false)
    expect(found).toHaveLength(1)
    // The centre is cell 1 + 0.5 + 0.25 of 4 across, 0.5 of 2 down.
    expect(found[0]).toMatchObject({
      x: expect.closeTo(0.1875),
      width: expect.closeTo(0.5),
      y: 0,
      height: 0.5,
      objectness: 0.75,
    })
  })

  it('of a mirrored view lie where the upright picture has them', () => {
    const [upright] = readDetections(outputWith({ 1: 0.75 }), false)
    const [mirrored] = readDetections(outputWith({ 1: 0.75 }), true)
    expect(mirrored).toEqual({ ...upright, x: expect.closeTo(1 - 0.1875 - 0.5) })
  })

  it('carry label probabilities that add up to 1', () => {
    const [detection] = readDetections(outputWith({ 0: 0.5 }), false)
    const [first, second] = [...(detection?.logProbabilities ?? [])].map(Math.exp)
    expect((first ?? 0) + (second ?? 0)).toBeCloseTo(1)
    expect((second ?? 0) / (first ?? 1)).toBeCloseTo(Math.E)
  })

  it('of a grid without peaks are none', () => {
    expect(readDetections(outputWith({}), false)).toEqual([])
  })
})

it('logits far beyond what an exponential can hold become probabilities all the same', () => {
  expect([...normalise(Float32Array.of(1000, 1000))]).toEqual([
    expect.closeTo(-Math.LN2),
    expect.closeTo(-Math.LN2),
  ])
})
