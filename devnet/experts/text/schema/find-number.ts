// A number, a yes or no, or one of a list, for a named property.
import { STOP_WORDS, stemOf } from '../language/words.ts'
import type { Property } from './find-text.ts'
import { type FoundNumber, keyWords, type Source, take } from './source.ts'

/** Words beside a number that tell what it is a number of. */
const UNITS: readonly (readonly [key: RegExp, unit: RegExp])[] = [
  [/^age$/, /^[\s-]*(?:years?|yrs?)[\s-]*old|^[\s-]*year-old|\b(?:age[d]?|is)\s*$/i],
  [/^(?:temperature|temp|degrees)$/, /^\s*(?:°|degrees?|celsius|fahrenheit)/i],
  [
    /^(?:price|cost|amount|total|budget|fee|salary|sum)$/,
    /^\s*(?:\$|€|£|dollars?|euros?|pounds?|usd|eur|gbp|tao|rao)|[$€£]\s*$/i,
  ],
  [/^(?:percent|percentage|rate|ratio|discount)$/, /^\s*(?:%|per ?cent)/i],
  [/^(?:minutes?|mins?)$/, /^[\s-]*(?:min|minute)/i],
  [/^(?:hours?|hrs?)$/, /^[\s-]*(?:h\b|hour|hr)/i],
  [/^(?:seconds?|secs?|duration|timeout)$/, /^[\s-]*(?:s\b|sec|second|minute|min|hour)/i],
  [/^(?:days?|nights?)$/, /^[\s-]*(?:day|night)/i],
  [/^(?:weight|kg|kilograms?|mass)$/, /^\s*(?:kg|kilo|gram|g\b|pounds?|lbs?)/i],
  [
    /^(?:height|width|length|distance|radius|size|depth)$/,
    /^\s*(?:m\b|cm|mm|km|meters?|metres?|feet|ft|inches|miles?)/i,
  ],
  [/^(?:year)$/, /\bin\s*$|\byear\s*$/i],
]

const NEAR_CHARS = 40

/** @returns null when the text holds no number for it; each number is used once */
export function findNumber(property: Property, source: Source, isOnly: boolean): number | null {
  const numbers = source.numbers().filter(({ at }) => !source.taken.has(`number ${at}`))
  const words = keyWords(property.key).filter((word) => word.length > 1)
  const scored = numbers
    .map((number) => ({
      number,
      score: Math.max(scoreUnit(number, { words, source }), scoreNear(number, { words, source })),
    }))
    .sort((a, b) => b.score - a.score || a.number.at - b.number.at)
  const [best] = scored
  if (!best || (best.score === 0 && !(isOnly || isGeneral(words)))) return null
  take(source, `number ${best.number.at}`)
  return best.number.value
}

function scoreUnit(number: FoundNumber, about: { words: readonly string[]; source: Source }): number {
  const { text } = about.source
  const [before, after] = [
    text.slice(Math.max(0, number.at - 12), number.at),
    text.slice(number.end, number.end + 20),
  ]
  const isUnit = UNITS.some(
    ([key, unit]) => about.words.some((word) => key.test(word)) && (unit.test(after) || unit.test(before)),
  )
  return isUnit ? 100 : 0
}

/** Nearer is better; a word right behind the number ("3 tickets") best of all. */
function scoreNear(number: FoundNumber, about: { words: readonly string[]; source: Source }): number {
  let best = 0
  for (const word of about.words) {
    const stem = stemOf(word)
    if (STOP_WORDS.has(word) || stem.length < 3) continue
    const { lower } = about.source
    const after = lower.slice(number.end, number.end + NEAR_CHARS).indexOf(stem)
    const before = lower.slice(Math.max(0, number.at - NEAR_CHARS), number.at).lastIndexOf(stem)
    if (after >= 0) best = Math.max(best, NEAR_CHARS - after)
    if (before >= 0)
      best = Math.max(best, Math.min(NEAR_CHARS, number.at) - (Math.min(NEAR_CHARS, number.at) - before) + 5)
  }
  return best
}

/** Names that fit any number. */
function isGeneral(words: readonly string[]): boolean {
  return (
    words.some((word) =>
      /^(?:number|value|count|quantity|amount|num|total|result|answer|limit|max|min|first|second|left|right)$/.test(
        word,
      ),
    ) || words.length === 0
  )
}

/** Whether the text speaks of the property, and whether it denies it. @returns null when it does not speak of it */
export function findBoolean(property: Property, { lower }: Source): boolean | null {
  const words = keyWords(property.key).filter((word) => word.length > 2 && !GRAMMAR.has(word))
  for (const word of words.map(stemOf)) {
    const at = lower.search(new RegExp(`(?<![a-z0-9])${word}`))
    if (at < 0) continue
    const before = lower.slice(Math.max(0, at - 30), at)
    const after = lower.slice(at, at + 40)
    if (/^[a-z]*\s*(?:is|are|=|:)?\s*(?:false|no|off|disabled)\b/.test(after)) return false
    return !/\b(?:no|not|without|never|don['’]?t|doesn['’]?t|isn['’]?t|aren['’]?t|disable|skip|exclude)\b[^.,;!?]*$/.test(
      before,
    )
  }
  return null
}

const GRAMMAR = new Set('is has are should can use enable enabled with the include included allow'.split(' '))

/** The value of the list that the text names first; of several that begin alike, the longest. */
export function findChoice(
  values: readonly unknown[],
  { lower }: Source,
): { readonly value: unknown } | null {
  let best: { value: unknown; at: number; length: number } | null = null
  for (const value of values) {
    if (typeof value !== 'string' && typeof value !== 'number') continue
    for (const form of formsOf(String(value))) {
      const at = indexOfWord(lower, form)
      const isBetter = at >= 0 && (!best || at < best.at || (at === best.at && form.length > best.length))
      if (isBetter) best = { value, at, length: form.length }
    }
  }
  return best
}

function formsOf(value: string): string[] {
  const words = keyWords(value).join(' ')
  return [...new Set([value.toLowerCase(), words])].filter((form) => form !== '')
}

function indexOfWord(lower: string, form: string): number {
  for (let at = lower.indexOf(form); at >= 0; at = lower.indexOf(form, at + 1)) {
    const isWord =
      !/[\p{L}\p{N}]/u.test(lower[at - 1] ?? ' ') &&
      !/^[\p{L}\p{N}]/u.test(lower.slice(at + form.length).replace(/^(?:s|es|ed|ing)\b/, ''))
    if (isWord) return at
  }
  return -1
}
