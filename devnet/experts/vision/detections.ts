// The network's output for one view of a picture → what stands where, in shares of the upright picture.
import type { Box } from './recognition.ts'

/** A thing seen; lengths are shares (0 to 1) of the picture's sides. */
export interface Detection extends Box {
  /** Probability that a thing is centred here, 0 to 1. */
  readonly objectness: number
  /** Natural logarithms of the labels' probabilities, in the order of the labels. */
  readonly logProbabilities: Float32Array
}

export interface NetworkOutput {
  readonly gridWidth: number
  readonly gridHeight: number
  /** Objectness at local peaks, else 0. */
  readonly peak: Float32Array
  /** Planes: dx, dy, log width, log height, in cells. */
  readonly geometry: Float32Array
  /** One plane of logits a label. */
  readonly classes: Float32Array
}

/** Peaks below are noise and are not looked at. */
export const PEAK_MIN = 0.02

/** All peaks of a view; boxes of a mirrored view are mirrored back. */
export function readDetections(output: NetworkOutput, isMirrored: boolean): Detection[] {
  const found: Detection[] = []
  for (const [cell, objectness] of output.peak.entries()) {
    if (objectness < PEAK_MIN) continue
    const box = boxOf(output, cell)
    const x = isMirrored ? 1 - box.x - box.width : box.x
    found.push({ ...box, x, objectness, logProbabilities: classesOf(output, cell) })
  }
  return found
}

function classesOf({ classes, peak }: NetworkOutput, cell: number): Float32Array {
  const cells = peak.length
  const logits = Float32Array.from(
    { length: classes.length / cells },
    (_, index) => classes[index * cells + cell] ?? 0,
  )
  return normalise(logits)
}

/** Shifts logits so that their exponentials add up to 1. */
export function normalise(logits: Float32Array): Float32Array {
  const largest = logits.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY)
  const sum = logits.reduce((total, value) => total + Math.exp(value - largest), 0)
  return logits.map((value) => value - largest - Math.log(sum))
}

function boxOf({ geometry, peak, gridWidth, gridHeight }: NetworkOutput, cell: number): Box {
  const plane = (index: number) => geometry[index * peak.length + cell] ?? 0
  const width = Math.exp(plane(2)) / gridWidth
  const height = Math.exp(plane(3)) / gridHeight
  const x = ((cell % gridWidth) + 0.5 + plane(0)) / gridWidth - width / 2
  const y = (Math.floor(cell / gridWidth) + 0.5 + plane(1)) / gridHeight - height / 2
  return { x, y, width, height }
}
