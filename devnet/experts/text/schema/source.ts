// The text that values are looked for in, and what was already taken from it.
import type { Vocabulary } from '../../image/scene/vocabulary.ts'
import type { Pace } from '../pace.ts'
import { findNames, matchesOf } from '../skills/find-patterns.ts'

/** Values are looked for in the beginning and the end of a long text. */
const HEAD_CHARS = 12_000
const TAIL_CHARS = 4_000

export interface FoundNumber {
  readonly value: number
  readonly at: number
  readonly end: number
}

/** One per answer; objects of a list get one per item. */
export interface Source {
  /** At most 16,000 characters. */
  readonly text: string
  readonly lower: string
  /** The whole text, for summaries and prompts. */
  readonly whole: string
  /** Whether values may be made up: the prompt asks for an example. */
  readonly mayInvent: boolean
  readonly vocabulary: Vocabulary
  readonly pace: Pace
  /** Positions and texts that a value was taken from: each is used once. */
  readonly taken: Set<string>
  numbers(): readonly FoundNumber[]
  names(): readonly string[]
  quotes(): readonly string[]
}

export function createSource(
  whole: string,
  about: { readonly mayInvent: boolean; readonly vocabulary: Vocabulary; readonly pace: Pace },
): Source {
  const text =
    whole.length > HEAD_CHARS + TAIL_CHARS
      ? `${whole.slice(0, HEAD_CHARS)}\n${whole.slice(-TAIL_CHARS)}`
      : whole
  let numbers: FoundNumber[] | null = null
  let names: string[] | null = null
  let quotes: string[] | null = null
  return {
    ...about,
    text,
    lower: text.toLowerCase(),
    whole,
    taken: new Set(),
    numbers: () => (numbers ??= findNumbers(text)),
    names: () => (names ??= findNames(text)),
    quotes: () =>
      (quotes ??= [
        ...text.matchAll(
          /"([^"\n]{1,500})"|“([^”\n]{1,500})”|(?<![\p{L}\p{N}])['‘]([^'’\n]{1,500})['’](?![\p{L}\p{N}])/gu,
        ),
      ].map((match) => match[1] ?? match[2] ?? match[3] ?? '')),
  }
}

const NUMBER =
  /(?<![\p{L}\p{N}])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\p{N}])|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|dozen)\b/giu
const WORDS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')

function findNumbers(text: string): FoundNumber[] {
  const dates = new Set(matchesOf(text, 'date').flatMap((date) => indicesOf(text, date)))
  const found: FoundNumber[] = []
  for (const match of text.matchAll(NUMBER)) {
    const word = match[0].toLowerCase()
    const value = /\d/.test(word) ? Number(word.replaceAll(',', '')) : numberOfWord(word)
    const before = found.at(-1)
    // "thirty-five": the tens were found just before.
    if (
      before &&
      !/\d/.test(word) &&
      value < 10 &&
      before.value >= 20 &&
      before.value % 10 === 0 &&
      /^[- ]$/.test(text.slice(before.end, match.index))
    )
      found[found.length - 1] = { value: before.value + value, at: before.at, end: match.index + word.length }
    else if (Number.isFinite(value) && !dates.has(match.index))
      found.push({ value, at: match.index, end: match.index + word.length })
    if (found.length >= 500) break
  }
  return found
}

/** All characters of a date: its numbers are no numbers of their own. */
function indicesOf(text: string, part: string): number[] {
  const from = text.indexOf(part)
  return from < 0 ? [] : Array.from({ length: part.length }, (_, offset) => from + offset)
}

function numberOfWord(word: string): number {
  if (word === 'hundred') return 100
  if (word === 'dozen') return 12
  return TENS.includes(word) ? 20 + 10 * TENS.indexOf(word) : WORDS.indexOf(word)
}

/** `maxTemperature_c` → `max`, `temperature`, `c`. */
export function keyWords(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .slice(0, 12)
}

/** Marks a text as used. @returns whether it was free */
export function take(source: Source, text: string): boolean {
  if (source.taken.has(text)) return false
  source.taken.add(text)
  return true
}
