// The words and word pairs that a text uses most beside the grammar.
import { STOP_WORDS, stemOf } from '../language/words.ts'
import { type Pace, slicesOf } from '../pace.ts'

interface Candidate {
  /** As it was written first. */
  readonly text: string
  readonly length: number
  readonly order: number
  count: number
}

const CANDIDATES_MAX = 20_000

/** @returns at most `count` words or pairs, the strongest first, each once */
export async function findKeywords(text: string, count: number, pace: Pace): Promise<string[]> {
  const candidates = new Map<string, Candidate>()
  for (const slice of slicesOf(text)) {
    await pace.spend(slice.length * 8)
    for (const run of runsOf(slice)) {
      for (let at = 0; at < run.length; at += 1) {
        note(candidates, run.slice(at, at + 1))
        if (at + 1 < run.length) note(candidates, run.slice(at, at + 2))
      }
    }
  }
  return choose([...candidates.values()], count)
}

/** Words without the grammar's between them. */
function* runsOf(text: string): Generator<string[]> {
  let run: string[] = []
  for (const [token] of text.matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[^\s\p{L}\p{N}]/gu)) {
    const isWord = /[\p{L}]/u.test(token) && token.length > 2 && !STOP_WORDS.has(token.toLowerCase())
    if (isWord) run.push(token)
    else {
      if (run.length > 0) yield run
      run = []
    }
  }
  if (run.length > 0) yield run
}

function note(candidates: Map<string, Candidate>, words: readonly string[]): void {
  const key = words.map((word) => stemOf(word.toLowerCase())).join(' ')
  const known = candidates.get(key)
  if (known) known.count += 1
  else if (candidates.size < CANDIDATES_MAX)
    candidates.set(key, { text: words.join(' '), length: words.length, order: candidates.size, count: 1 })
}

function choose(candidates: Candidate[], count: number): string[] {
  // A pair says more than a word, once it comes again.
  const weight = ({ length, count: times, text }: Candidate) =>
    length === 1 ? times * (text.length > 5 ? 1.2 : 1) : times > 1 ? times * 1.8 : 0.5
  const ordered = candidates.sort((a, b) => weight(b) - weight(a) || a.order - b.order)
  const chosen: Candidate[] = []
  for (const candidate of ordered) {
    if (chosen.length >= count) break
    const lower = candidate.text.toLowerCase()
    const isPart = chosen.some(
      ({ text }) =>
        ` ${text.toLowerCase()} `.includes(` ${lower} `) || ` ${lower} `.includes(` ${text.toLowerCase()} `),
    )
    if (!isPart) chosen.push(candidate)
  }
  return chosen.map(({ text }) => text)
}
