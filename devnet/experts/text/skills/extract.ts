// Lists what of one form stands in a text.
import type { Pace } from '../pace.ts'
import { findPatterns, type PatternName } from './find-patterns.ts'

const KINDS: readonly (readonly [pattern: RegExp, name: PatternName, plural: string])[] = [
  [/e-?mails?(?: address(?:es)?)?\b/i, 'email', 'e-mail addresses'],
  [/\b(?:urls?|links?|web ?(?:addresses|pages|sites?))\b/i, 'url', 'links'],
  [/\b(?:phone|telephone)(?: numbers?)?\b/i, 'phone', 'phone numbers'],
  [/\bdates?\b/i, 'date', 'dates'],
  [/\b(?:times|times? of day|o'clock)\b/i, 'time', 'times'],
  [/\bhashtags?\b/i, 'hashtag', 'hashtags'],
  [/\bmentions?\b/i, 'mention', 'mentions'],
  [/\b(?:numbers?|figures|amounts)\b/i, 'number', 'numbers'],
  [/\b(?:names?|people|persons?|places|proper nouns|entities)\b/i, 'name', 'names'],
]

const ASKING =
  /\b(?:extract|find|list|get|pull out|collect|give me|show(?: me)?|which|what(?: are)?)\b[^.?!:\n]{0,60}$/i

/** @returns the kind that the instruction asks to list, or null */
export function readExtraction(
  instruction: string,
): { readonly name: PatternName; readonly plural: string } | null {
  for (const [pattern, name, plural] of KINDS) {
    const found = pattern.exec(instruction)
    if (found && ASKING.test(instruction.slice(Math.max(0, found.index - 90), found.index)))
      return { name, plural }
  }
  return null
}

/** @returns one a line */
export async function extract(
  text: string,
  kind: { readonly name: PatternName; readonly plural: string },
  pace: Pace,
): Promise<string> {
  const found = await findPatterns(text, kind.name, pace)
  return found.length > 0 ? found.join('\n') : `There are no ${kind.plural} in the text.`
}
