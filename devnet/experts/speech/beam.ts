/** Beam search for the likeliest words: CTC over a pronunciation trie, with a word bigram. */
import type { Language, TrieNode } from './language.ts'

/**
 * Log-probabilities of the network, row by row: unit `u` at step `t` is `data[t * units + u]`. A step is 30
 * ms.
 */
export interface PhoneScores {
  readonly data: Float32Array
  readonly steps: number
  readonly units: number
}

export interface BeamOptions {
  /** Hypotheses kept at each step. */
  readonly width: number
  /** How far below the best one (natural logarithm) a hypothesis may fall. */
  readonly margin: number
  /** Weight of the bigram against the sound. */
  readonly languageWeight: number
  /** Reward for each word, which makes up for the bigram's dislike of long sentences. */
  readonly wordReward: number
}

/** Chosen on voices that were in training, with sentences that were not. */
export const DEFAULT_BEAM: BeamOptions = { width: 200, margin: 14, languageWeight: 0.8, wordReward: 2 }

/**
 * One search. Call `advance` with growing steps, then `finish` once: so the caller can let others work in
 * between. Memory grows with the words of the hypotheses only.
 */
export class BeamSearch {
  readonly #language: Language
  readonly #options: BeamOptions
  readonly #scores: PhoneScores
  readonly #start: number
  #tokens: Token[]

  constructor(language: Language, scores: PhoneScores, options: BeamOptions = DEFAULT_BEAM) {
    this.#language = language
    this.#options = options
    this.#scores = scores
    this.#start = language.words.length
    this.#tokens = [
      { node: language.root, word: this.#start, blank: 0, nonBlank: NEVER, history: null, best: 0, score: 0 },
    ]
  }

  /** Goes through the steps `from` (included) to `to` (excluded). */
  advance(from: number, to: number): void {
    for (let step = from; step < Math.min(to, this.#scores.steps); step++) this.#advanceOne(step)
  }

  /**
   * @returns the numbers of the words of the best hypothesis that ends with a whole word; none when
   * nothing was said
   */
  finish(): number[] {
    const { languageWeight, wordReward } = this.#options
    let best: History | null = null
    let bestScore = NEVER
    for (const { node, word, blank, nonBlank, history } of this.#tokens) {
      const score = addLogs(blank, nonBlank)
      if (node === this.#language.root && score > bestScore) {
        bestScore = score
        best = history
      }
      for (const ending of node.words) {
        const language =
          this.#language.logProbability(word, ending) + this.#language.logProbability(ending, this.#start)
        const whole = score + languageWeight * language + wordReward
        if (whole > bestScore) {
          bestScore = whole
          best = { word: ending, before: history }
        }
      }
    }
    // The recording stops within a word: what was complete before it still counts.
    if (bestScore === NEVER) best = this.#tokens[0]?.history ?? null
    const words: number[] = []
    for (let h = best; h; h = h.before) words.push(h.word)
    return words.reverse()
  }

  #advanceOne(step: number): void {
    const { data, units } = this.#scores
    const { languageWeight, wordReward } = this.#options
    const row = step * units
    const blankScore = data[row] ?? NEVER
    const next = new Map<number, Token>()
    const put = (candidate: Token) => this.#put(next, candidate)
    for (const { node, word, blank, nonBlank, history } of this.#tokens) {
      const either = addLogs(blank, nonBlank)
      const repeated = node.unit > 0 ? nonBlank + (data[row + node.unit] ?? NEVER) : NEVER
      const waiting = either + blankScore
      put({
        node,
        word,
        blank: waiting,
        nonBlank: repeated,
        history,
        best: Math.max(waiting, repeated),
        score: 0,
      })
      for (const child of node.children) {
        const spoken = (child.unit === node.unit ? blank : either) + (data[row + child.unit] ?? NEVER)
        put({ node: child, word, blank: NEVER, nonBlank: spoken, history, best: spoken, score: 0 })
      }
      for (const ending of node.words) {
        const bonus = languageWeight * this.#language.logProbability(word, ending) + wordReward
        const longer: History = { word: ending, before: history }
        for (const child of this.#language.root.children) {
          const before = (child.unit === node.unit ? blank : either) + bonus
          const spoken = before + (data[row + child.unit] ?? NEVER)
          put({
            node: child,
            word: ending,
            blank: NEVER,
            nonBlank: spoken,
            history: longer,
            best: spoken,
            score: 0,
          })
        }
      }
    }
    this.#tokens = this.#prune([...next.values()])
  }

  /**
   * Adds a way to reach a hypothesis: two ways to one place add up, and the likelier one gives the
   * history.
   */
  #put(next: Map<number, Token>, candidate: Token): void {
    if (candidate.best <= NEVER / 2) return
    const key = candidate.node.id * (this.#start + 1) + candidate.word
    const there = next.get(key)
    if (!there) {
      next.set(key, candidate)
      return
    }
    there.blank = addLogs(there.blank, candidate.blank)
    there.nonBlank = addLogs(there.nonBlank, candidate.nonBlank)
    if (candidate.best > there.best) {
      there.best = candidate.best
      there.history = candidate.history
    }
  }

  #prune(tokens: Token[]): Token[] {
    const { languageWeight, margin, width } = this.#options
    let top = NEVER
    for (const each of tokens) {
      const ahead = each.node === this.#language.root ? 0 : languageWeight * each.node.bestBelow
      each.score = addLogs(each.blank, each.nonBlank) + ahead
      if (each.score > top) top = each.score
    }
    const near = tokens.filter((each) => each.score > top - margin)
    near.sort((a, b) => b.score - a.score)
    return near.slice(0, width)
  }
}

/** Stands for a probability of zero; finite, so that sums of it stay numbers. */
const NEVER = -1e9

interface History {
  readonly word: number
  readonly before: History | null
}

/**
 * A hypothesis: where it is in the trie, its last whole word, and its log-probability ending in a blank or
 * not.
 */
interface Token {
  readonly node: TrieNode
  readonly word: number
  blank: number
  nonBlank: number
  history: History | null
  /** The likeliest single way here, which decides the history. */
  best: number
  score: number
}

/** log(exp(a) + exp(b)) */
function addLogs(a: number, b: number): number {
  const high = a > b ? a : b
  const low = a > b ? b : a
  return low < NEVER / 2 ? high : high + Math.log1p(Math.exp(low - high))
}
