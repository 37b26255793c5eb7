// Several values for one property: addresses, keywords, prompts, or what is listed.

import { matchesOf } from '../skills/find-patterns.ts'
import { writeImagePrompts } from '../skills/image-prompt.ts'
import { findKeywords } from '../skills/keywords.ts'
import { keyWords, type Source } from './source.ts'

const PROMPTS_USUALLY = 4
const KEYWORDS_USUALLY = 5
const ITEMS_MAX = 100

/** @param countMax - the schema's limit, or null */
export async function findTexts(key: string, source: Source, countMax: number | null): Promise<string[]> {
  const words = keyWords(key)
  const is = (pattern: RegExp) => words.some((word) => pattern.test(word))
  const count = Math.min(ITEMS_MAX, countMax ?? Number.POSITIVE_INFINITY)
  if (is(/^(?:prompts?|scenes?|images?)$/))
    return writeImagePrompts(source.whole, {
      count: Math.min(count, PROMPTS_USUALLY),
      vocabulary: source.vocabulary,
      pace: source.pace,
    })
  if (is(/^(?:keywords?|keyphrases?|tags?|topics?|subjects?|themes?)$/))
    return findKeywords(source.whole, Math.min(count, KEYWORDS_USUALLY), source.pace)
  for (const [pattern, name] of PATTERNS)
    if (is(pattern)) return [...new Set(matchesOf(source.text, name))].slice(0, count)
  const listed = findListed(words, source)
  if (listed.length > 0) return listed.slice(0, count)
  if (
    is(/^(?:names?|people|persons?|attendees|participants|guests|cities|places|locations|countries|authors)$/)
  )
    return [...new Set(source.names())].slice(0, count)
  return findBullets(source).slice(0, count)
}

const PATTERNS = [
  [/^(?:e?mails?|recipients)$/, 'email'],
  [/^(?:urls?|links?|websites?)$/, 'url'],
  [/^(?:phones?|telephones?)$/, 'phone'],
  [/^dates?$/, 'date'],
  [/^times?$/, 'time'],
  [/^hashtags?$/, 'hashtag'],
] as const

/** "colours: red, green and blue", "ingredients are flour and eggs". */
function findListed(words: readonly string[], { text, lower }: Source): string[] {
  const at = lower.indexOf(words.join(' '))
  if (words.length === 0 || at < 0) return []
  const [, listed] =
    /^[a-z]*\s*(?:are|is|=|:|of|like|such as|including)?\s*:?\s*([^.;\n]{1,1000})/i.exec(
      text.slice(at + words.join(' ').length),
    ) ?? []
  return listed === undefined || !/,| and /.test(listed) ? [] : splitItems(listed)
}

/** `a, b and c` → three. */
export function splitItems(text: string): string[] {
  return text
    .split(/,\s*(?:and\s+|or\s+)?|\s+(?:and|or|&)\s+/)
    .map((item) => item.trim().replace(/^["'“‘]|["'”’.!?]+$/g, ''))
    .filter((item) => item !== '' && item.length <= 200)
}

/** Lines with a mark before them. */
export function findBullets({ text }: Source): string[] {
  return [...text.matchAll(/(?:^|\n)\s*(?:[-*•]|\d{1,3}[.)])\s+([^\n]{1,500})/g)].map(
    (match) => match[1]?.trim() ?? '',
  )
}
