// The network's output → candidates: what may be where, with a calibrated score.
import type { ModelDescription } from './model-description.ts'

/** Lengths are shares (0 to 1) of the picture's sides. */
export interface Candidate {
  readonly label: string
  /** The probability that the label is on the picture, as fitted on scenes apart from the training. */
  readonly score: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** What the score is made of, for fitting it. */
  readonly objectness: number
  readonly classProbability: number
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
  /** Probabilities of places, times and weathers, one after the other. */
  readonly scene: Float32Array
}

/** Peaks below are noise and are not looked at. */
const PEAK_MIN = 0.02

const logit = (probability: number) => Math.log(Math.max(probability, 1e-6) / Math.max(1 - probability, 1e-6))

/** The calibrated score of a candidate. */
export function scoreOf(
  { calibration: [offset, onObjectness, onClass] }: Pick<ModelDescription, 'calibration'>,
  { objectness, classProbability }: Pick<Candidate, 'objectness' | 'classProbability'>,
): number {
  const sum = offset + onObjectness * logit(objectness) + onClass * logit(classProbability)
  return 1 / (1 + Math.exp(-sum))
}

/** All candidates, the best first, without those that repeat a better one. */
export function readCandidates(output: NetworkOutput, description: ModelDescription): Candidate[] {
  const found: Candidate[] = []
  for (const [cell, objectness] of output.peak.entries()) {
    if (objectness < PEAK_MIN) continue
    const { label, classProbability } = bestClass(output, cell, description.labels)
    const score = scoreOf(description, { objectness, classProbability })
    found.push({ label, score, ...boxOf(output, cell), objectness, classProbability })
  }
  found.sort((first, second) => second.score - first.score)
  const kept: Candidate[] = []
  for (const candidate of found) {
    const isRepeat = kept.some(
      (better) => sharedArea(better, candidate) > (better.label === candidate.label ? 0.45 : 0.65),
    )
    if (!isRepeat) kept.push(candidate)
  }
  return kept
}

function bestClass({ classes, peak }: NetworkOutput, cell: number, labels: readonly string[]) {
  const cells = peak.length
  let best = { label: '', logit: Number.NEGATIVE_INFINITY }
  for (const [index, label] of labels.entries()) {
    const value = classes[index * cells + cell] ?? Number.NEGATIVE_INFINITY
    if (value > best.logit) best = { label, logit: value }
  }
  let sum = 0
  for (let index = 0; index < labels.length; index++) {
    sum += Math.exp((classes[index * cells + cell] ?? 0) - best.logit)
  }
  return { label: best.label, classProbability: 1 / sum }
}

function boxOf({ geometry, peak, gridWidth, gridHeight }: NetworkOutput, cell: number) {
  const plane = (index: number) => geometry[index * peak.length + cell] ?? 0
  const width = Math.exp(plane(2)) / gridWidth
  const height = Math.exp(plane(3)) / gridHeight
  const x = ((cell % gridWidth) + 0.5 + plane(0)) / gridWidth - width / 2
  const y = (Math.floor(cell / gridWidth) + 0.5 + plane(1)) / gridHeight - height / 2
  return { x, y, width, height }
}

type Box = Pick<Candidate, 'x' | 'y' | 'width' | 'height'>

/** Intersection over union of two boxes. */
export function sharedArea(first: Box, second: Box): number {
  const across = Math.min(first.x + first.width, second.x + second.width) - Math.max(first.x, second.x)
  const down = Math.min(first.y + first.height, second.y + second.height) - Math.max(first.y, second.y)
  if (across <= 0 || down <= 0) return 0
  const shared = across * down
  return shared / (first.width * first.height + second.width * second.height - shared)
}
