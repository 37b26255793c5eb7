import { describe, expect, it } from 'vitest'
import { type Detection, PEAK_MIN } from '../../../../devnet/experts/vision/detections.ts'
import { fuseViews } from '../../../../devnet/experts/vision/fuse-views.ts'

interface Seen {
  readonly x?: number
  readonly objectness?: number
  /** Probabilities of the labels. */
  readonly labels?: readonly number[]
}

const thing = ({ x = 0.2, objectness = 0.8, labels = [0.9, 0.1] }: Seen = {}): Detection => ({
  x,
  y: 0.3,
  width: 0.2,
  height: 0.2,
  objectness,
  logProbabilities: Float32Array.from(labels, Math.log),
})
const probabilities = (detection: Detection | undefined) =>
  [...(detection?.logProbabilities ?? [])].map(Math.exp)

describe('views of a picture', () => {
  it('show one thing where two of them see it, between the boxes and nearer to the surer view', () => {
    const fused = fuseViews([[thing({ x: 0.2, objectness: 0.6 })], [thing({ x: 0.24, objectness: 0.2 })]])
    expect(fused).toHaveLength(1)
    expect(fused[0]?.x).toBeCloseTo(0.21)
    expect(fused[0]?.width).toBeCloseTo(0.2)
  })

  it('show two things where they see things apart', () => {
    const fused = fuseViews([[thing({ x: 0.1 })], [thing({ x: 0.6 })]])
    expect(fused.map(({ x }) => x).sort()).toEqual([expect.closeTo(0.1), expect.closeTo(0.6)])
  })

  it('never merge two things that one view tells apart', () => {
    expect(fuseViews([[thing({ x: 0.2 }), thing({ x: 0.22 })], []])).toHaveLength(2)
  })

  it('match each thing with the one that lies nearest', () => {
    const fused = fuseViews([
      [thing({ x: 0.2, objectness: 0.9 }), thing({ x: 0.25, objectness: 0.8 })],
      [thing({ x: 0.25, objectness: 0.7 }), thing({ x: 0.2, objectness: 0.6 })],
    ])
    expect(fused.map(({ x }) => x)).toEqual([expect.closeTo(0.2), expect.closeTo(0.25)])
  })

  it('that agree are as certain as each, and one that sees nothing makes doubt', () => {
    expect(fuseViews([[thing()], [thing()]])[0]?.objectness).toBeCloseTo(0.8)
    const doubted = fuseViews([[thing()], []])[0]?.objectness
    expect(doubted).toBeLessThan(0.8)
    expect(doubted).toBeGreaterThan(PEAK_MIN)
  })

  it('give label probabilities that add up to 1 and follow the surer view', () => {
    const [first, second] = probabilities(
      fuseViews([
        [thing({ objectness: 0.9, labels: [0.8, 0.2] })],
        [thing({ objectness: 0.1, labels: [0.2, 0.8] })],
      ])[0],
    )
    expect((first ?? 0) + (second ?? 0)).toBeCloseTo(1)
    expect(first).toBeGreaterThan(0.6)
  })

  it('that are one, or see nothing, stay as they are', () => {
    const [same, ...others] = fuseViews([[thing()]])
    expect(others).toEqual([])
    expect([same?.x, same?.objectness]).toEqual([expect.closeTo(0.2), expect.closeTo(0.8)])
    expect(probabilities(same)).toEqual([expect.closeTo(0.9), expect.closeTo(0.1)])
    expect(fuseViews([[], []])).toEqual([])
    expect(fuseViews([])).toEqual([])
  })
})
