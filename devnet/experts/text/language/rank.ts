// Which sentences say most: TextRank (Mihalcea and Tarau, 2004) over shared words, for long texts on a first choice.
import type { Pace } from '../pace.ts'
import { contentStems } from './words.ts'

/** Sentences that are compared with each other; of more, those with the most frequent words are taken. */
const COMPARED_MAX = 150
const DAMPING = 0.85
const ROUNDS = 20

/** @returns a weight for each sentence, in its order; sentences that were not compared have 0 */
export async function rankSentences(sentences: readonly string[], pace: Pace): Promise<number[]> {
  const stems: Set<string>[] = []
  const frequency = new Map<string, number>()
  for (const sentence of sentences) {
    await pace.spend(sentence.length * 4)
    const own = new Set(contentStems(sentence))
    stems.push(own)
    for (const stem of own) frequency.set(stem, (frequency.get(stem) ?? 0) + 1)
  }
  const compared = chooseCompared(stems, frequency)
  const scores = await walk(compared, { stems, pace })
  const weights = new Array<number>(sentences.length).fill(0)
  for (const [order, index] of compared.entries()) {
    // News and talks say first what they are about.
    weights[index] = (scores[order] ?? 0) * (index === 0 ? 1.15 : 1)
  }
  return weights
}

function chooseCompared(stems: readonly Set<string>[], frequency: ReadonlyMap<string, number>): number[] {
  const indices = stems.map((_, index) => index)
  if (indices.length <= COMPARED_MAX) return indices
  const weight = (index: number) => {
    const own = stems[index] ?? new Set()
    let sum = 0
    for (const stem of own) sum += (frequency.get(String(stem)) ?? 1) - 1
    return sum / Math.sqrt(own.size + 4)
  }
  const weights = indices.map(weight)
  return indices
    .sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
    .slice(0, COMPARED_MAX)
    .sort((a, b) => a - b)
}

/** The random walk from sentence to similar sentence. */
async function walk(
  compared: readonly number[],
  about: { stems: readonly Set<string>[]; pace: Pace },
): Promise<number[]> {
  const count = compared.length
  const edges = new Float64Array(count * count)
  const sums = new Float64Array(count)
  for (let a = 0; a < count; a += 1) {
    await about.pace.spend(count * 20)
    for (let b = 0; b < a; b += 1) {
      const weight = similarity(about.stems[compared[a] ?? 0], about.stems[compared[b] ?? 0])
      edges[a * count + b] = edges[b * count + a] = weight
      sums[a] = Number(sums[a]) + weight
      sums[b] = Number(sums[b]) + weight
    }
  }
  let scores = new Array<number>(count).fill(1)
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = scores
    scores = before.map((_, a) => {
      let sum = 0
      for (let b = 0; b < count; b += 1) {
        const weight = Number(edges[a * count + b])
        if (weight > 0) sum += (weight / Number(sums[b])) * (before[b] ?? 0)
      }
      return 1 - DAMPING + DAMPING * sum
    })
    await about.pace.spend(count * count)
  }
  return scores
}

function similarity(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined): number {
  if (!a || !b || a.size < 2 || b.size < 2) return 0
  let shared = 0
  for (const stem of a) if (b.has(stem)) shared += 1
  return shared / (Math.log(a.size) + Math.log(b.size))
}
