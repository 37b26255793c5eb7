// Counting: from one number to another, and what there is of something in a text.
import { splitSentences } from '../language/sentences.ts'
import { parseCount } from '../language/words.ts'
import { type Pace, slicesOf } from '../pace.ts'

const NUMBER = '(-?\\d{1,7}|[a-z]+)'
const RANGE = new RegExp(
  `\\bcount(?: (?:up|out|aloud|down|backwards?))*(?: from ${NUMBER})?(?: (?:down|up))?(?: (?:to|until|till|up to|through|down to) ${NUMBER})?`,
  'i',
)
const STEP = /\b(?:in|by) (?:steps of |increments of )?(\d{1,5}|twos|threes|fives|tens|hundreds)\b/i
const STEPS: Readonly<Record<string, number>> = { twos: 2, threes: 3, fives: 5, tens: 10, hundreds: 100 }

/** Numbers that are written; who asks for more gets these and is told. */
const NUMBERS_MAX = 5_000

/** "Count to 120", "count down from ten", "count from 10 to 50 in steps of 5". @returns null when nothing of the kind is asked */
export function countRange(instruction: string): string | null {
  const found = RANGE.exec(instruction)
  if (!found || (found[1] === undefined && found[2] === undefined)) return null
  const isDown = /\b(?:down|backwards?)\b/i.test(found[0])
  const from = readNumber(found[1]) ?? (found[1] === undefined ? 1 : null)
  const to = readNumber(found[2]) ?? (found[2] === undefined && isDown ? 1 : null)
  if (from === null || to === null) return null
  const [start, end] = isDown && from < to ? [to, from] : [from, to]
  const step = Math.max(1, readStep(instruction))
  const numbers: number[] = []
  for (let value = start; start <= end ? value <= end : value >= end; value += start <= end ? step : -step) {
    if (numbers.length === NUMBERS_MAX)
      return `${numbers.join(', ')} … (${NUMBERS_MAX} numbers are the most that is written.)`
    numbers.push(value)
  }
  return numbers.join(/\b(?:lines?|newlines?)\b/i.test(instruction) ? '\n' : ', ')
}

function readNumber(text: string | undefined): number | null {
  if (text === undefined) return null
  return /^-?\d/.test(text) ? Number(text) : parseCount(text)
}

function readStep(instruction: string): number {
  const step = STEP.exec(instruction)?.[1]?.toLowerCase()
  return step === undefined ? 1 : (STEPS[step] ?? Number(step))
}

const UNITS = [
  'words',
  'letters',
  'characters',
  'vowels',
  'consonants',
  'sentences',
  'lines',
  'paragraphs',
  'digits',
  'spaces',
] as const
export type Unit = (typeof UNITS)[number]

export type CountTask =
  | { readonly kind: 'unit'; readonly unit: Unit }
  | { readonly kind: 'word' | 'letter'; readonly of: string }

/** "How many words", "count the vowels in", "how many r's are in". @returns null when nothing is to be counted */
export function readCountTask(instruction: string): CountTask | null {
  if (!/\b(?:how many|how often|count|number of)\b/i.test(instruction)) return null
  const letter =
    /\bletters? ["'“]?([a-z])["'”]?(?![a-z])|["'“]?\b([a-z])["'”]?(?:['’]?s)["'”]? (?:are|in)\b|["'“]([a-z])["'”] (?:are|in)\b/i.exec(
      instruction,
    )
  const of = letter?.[1] ?? letter?.[2] ?? letter?.[3]
  if (of !== undefined) return { kind: 'letter', of }
  const times = /\b(?:how many times|how often|occurrences of)\b[^"'“]{0,60}["'“]([^"'”]{1,60})["'”]/i.exec(
    instruction,
  )
  if (times?.[1] !== undefined) return { kind: times[1].length === 1 ? 'letter' : 'word', of: times[1] }
  const unit = UNITS.find((name) =>
    new RegExp(
      `\\b(?:how many|count(?: all)?(?: the)?|number of) (?:\\w+ )?${name.slice(0, -1)}s?\\b`,
      'i',
    ).test(instruction),
  )
  return unit ? { kind: 'unit', unit } : null
}

/** Counts over the whole text. */
export async function countIn(text: string, task: CountTask, pace: Pace): Promise<number> {
  if (task.kind === 'unit' && task.unit === 'sentences') return (await splitSentences(text, pace)).length
  const pattern = patternOf(task)
  let count = 0
  for (const slice of slicesOf(text)) {
    await pace.spend(slice.length * 4)
    count += slice.match(pattern)?.length ?? 0
  }
  if (task.kind !== 'unit') return count
  if (task.unit === 'lines') return text === '' ? 0 : count + 1
  return task.unit === 'paragraphs'
    ? text.split(/\n\s*\n/).filter((part) => part.trim() !== '').length
    : count
}

function patternOf(task: CountTask): RegExp {
  if (task.kind !== 'unit') {
    const literal = task.of.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return task.kind === 'letter'
      ? new RegExp(literal, 'giu')
      : new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'giu')
  }
  const patterns: Record<Unit, RegExp> = {
    words: /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu,
    letters: /\p{L}/gu,
    characters: /./gsu,
    vowels: /[aeiou]/gi,
    consonants: /[b-df-hj-np-tv-z]/gi,
    sentences: /[.!?]/g,
    lines: /\n/g,
    paragraphs: /\n/g,
    digits: /\d/g,
    spaces: / /g,
  }
  return patterns[task.unit]
}

/** "There are 3 vowels." */
export function writeCount(count: number, task: CountTask): string {
  const is = count === 1 ? 'is' : 'are'
  if (task.kind === 'unit') return `There ${is} ${count} ${count === 1 ? task.unit.slice(0, -1) : task.unit}.`
  if (task.kind === 'letter') return `The letter "${task.of}" comes ${times(count)}.`
  return `"${task.of}" comes ${times(count)}.`
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`
}
