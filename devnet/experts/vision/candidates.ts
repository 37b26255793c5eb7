// Detections → candidates: what may be where, with a calibrated score.
import type { Detection } from './detections.ts'
import type { ModelDescription } from './model-description.ts'
import type { Box } from './recognition.ts'

/** Lengths are shares (0 to 1) of the picture's sides. */
export interface Candidate extends Box {
  readonly label: string
  /** The probability that the label is on the picture, as fitted on scenes apart from the training. */
  readonly score: number
  /** What the score is made of, for fitting it. */
  readonly objectness: number
  readonly classProbability: number
}

/** Logarithm of the odds; probabilities nearer to 0 or 1 than a millionth count as a millionth. */
export const logit = (probability: number): number =>
  Math.log(Math.max(probability, 1e-6) / Math.max(1 - probability, 1e-6))

/** The probability whose `logit` this is. */
export const sigmoid = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds))

/** The calibrated score of a candidate. */
export function scoreOf(
  { calibration: [offset, onObjectness, onClass] }: Pick<ModelDescription, 'calibration'>,
  { objectness, classProbability }: Pick<Candidate, 'objectness' | 'classProbability'>,
): number {
  return sigmoid(offset + onObjectness * logit(objectness) + onClass * logit(classProbability))
}

/** All candidates, the best first, without those that repeat a better one. */
export function rankCandidates(
  detections: readonly Detection[],
  description: Pick<ModelDescription, 'calibration' | 'labels'>,
): Candidate[] {
  const found = detections.map(({ x, y, width, height, objectness, logProbabilities }) => {
    const { label, classProbability } = bestClass(logProbabilities, description.labels)
    const score = scoreOf(description, { objectness, classProbability })
    return { label, score, x, y, width, height, objectness, classProbability }
  })
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

function bestClass(logProbabilities: Float32Array, labels: readonly string[]) {
  let best = { label: '', value: Number.NEGATIVE_INFINITY }
  for (const [index, label] of labels.entries()) {
    const value = logProbabilities[index] ?? Number.NEGATIVE_INFINITY
    if (value > best.value) best = { label, value }
  }
  return { label: best.label, classProbability: Math.exp(best.value) }
}

/** Intersection over union of two boxes. */
export function sharedArea(first: Box, second: Box): number {
  const across = Math.min(first.x + first.width, second.x + second.width) - Math.max(first.x, second.x)
  const down = Math.min(first.y + first.height, second.y + second.height) - Math.max(first.y, second.y)
  if (across <= 0 || down <= 0) return 0
  const shared = across * down
  return shared / (first.width * first.height + second.width * second.height - shared)
}
