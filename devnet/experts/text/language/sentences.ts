// A text as sentences, also one without punctuation, as speech recognisers write it.
import { type Pace, slicesOf } from '../pace.ts'

/** More sentences than this are not read: a book's first half says what it is about. */
const SENTENCES_MAX = 4_000
/** A stretch without a full stop is cut at a joining word after so many words, and anywhere at twice as many. */
const WORDS_MAX = 40

const ABBREVIATION =
  /(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|no|vs|etc|e\.g|i\.e|approx|fig|jr|sr|inc|ltd|[a-z])\.$/i
const JOINING = new Set(['and', 'but', 'so', 'then', 'because', 'while', 'when'])

/** Splits a text at full stops, question and exclamation marks, blank lines and list marks. */
export async function splitSentences(text: string, pace: Pace): Promise<string[]> {
  const sentences: string[] = []
  let open = ''
  for (const slice of slicesOf(text)) {
    await pace.spend(slice.length * 4)
    const pieces = `${open}${slice}`.split(/(?<=[.!?…]["'”’)]?)\s+(?=\S)|\n\s*\n|\n\s*(?=[-*•]|\d+[.)]\s)/)
    open = pieces.pop() ?? ''
    for (const piece of joinAbbreviations(pieces)) sentences.push(...cutLong(piece))
    if (sentences.length >= SENTENCES_MAX) return sentences.slice(0, SENTENCES_MAX)
  }
  sentences.push(...cutLong(open))
  return sentences
}

/** "Dr. Smith" is no end of a sentence. */
function joinAbbreviations(pieces: readonly string[]): string[] {
  const joined: string[] = []
  for (const piece of pieces) {
    const before = joined.at(-1)
    if (before !== undefined && ABBREVIATION.test(before)) joined[joined.length - 1] = `${before} ${piece}`
    else joined.push(piece)
  }
  return joined
}

function cutLong(piece: string): string[] {
  const words = piece
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '-' && word !== '*' && word !== '•')
  if (words.length === 0) return []
  const parts: string[] = []
  let part: string[] = []
  for (const word of words) {
    const isFull =
      part.length >= 2 * WORDS_MAX || (part.length >= WORDS_MAX && JOINING.has(word.toLowerCase()))
    if (isFull) {
      parts.push(part.join(' '))
      part = []
    }
    part.push(word)
  }
  parts.push(part.join(' '))
  return parts
}

/** A sentence begins with a capital letter and ends with a stop. */
export function finishSentence(sentence: string): string {
  const trimmed = sentence.trim().replace(/[\s,;:–-]+$/, '')
  if (trimmed === '') return ''
  const capital = `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}`
  return /[.!?…]["'”’)]?$/.test(capital) ? capital : `${capital}.`
}
