// What has a form of its own: addresses, links, numbers, dates, names. Every pattern is linear in the text.
import { type Pace, slicesOf } from '../pace.ts'

export const PATTERNS = {
  email: /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu,
  url: /\bhttps?:\/\/[^\s<>"'“”)\]]{1,2000}|\bwww\.[^\s<>"'“”)\]]{3,2000}/gi,
  phone: /(?<![\p{L}\p{N}.])\+?\d[\d ()/-]{6,18}\d(?![\p{L}\p{N}])/gu,
  date: new RegExp(
    [
      '\\b\\d{4}-\\d{2}-\\d{2}\\b',
      '\\b\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}\\b',
      '\\b\\d{1,2}(?:st|nd|rd|th)? (?:of )?MONTH\\.?(?:,? \\d{4})?\\b',
      '\\bMONTH\\.? \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?\\b',
      '\\bMONTH \\d{4}\\b',
    ]
      .join('|')
      .replaceAll(
        'MONTH',
        '(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)',
      ),
    'gi',
  ),
  time: /\b(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?: ?[ap]\.?m\b)?|\b(?:1[0-2]|[1-9]) ?(?:[ap]\.?m\b|o'clock)/gi,
  number: /(?<![\p{L}\p{N}.,])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\p{L}\p{N}])/gu,
  hashtag: /(?<![\p{L}\p{N}])#[\p{L}\p{N}_]{1,100}/gu,
  mention: /(?<![\p{L}\p{N}.])@[\p{L}\p{N}_]{1,50}/gu,
} as const

export type PatternName = keyof typeof PATTERNS | 'name'

/** Finds each different match once, in the order of the text. */
export async function findPatterns(text: string, name: PatternName, pace: Pace): Promise<string[]> {
  const found = new Set<string>()
  for (const slice of slicesOf(text)) {
    await pace.spend(slice.length * 8)
    for (const match of name === 'name' ? findNames(slice) : matchesOf(slice, name)) {
      found.add(match)
      if (found.size >= FOUND_MAX) return [...found]
    }
  }
  return [...found]
}

const FOUND_MAX = 1_000

/** Matches in a text of a slice's size. */
export function matchesOf(text: string, name: keyof typeof PATTERNS): string[] {
  const matches = [...text.matchAll(PATTERNS[name])].map(([match]) => match.replace(/[.,;:!?]+$/, ''))
  return name === 'phone'
    ? matches.filter((match) => match.replace(/\D/g, '').length >= 7 && !/^\d{4}-\d{2}-\d{2}$/.test(match))
    : matches
}

/** Words with a capital letter that begin no sentence, or come in pairs: names of people, places, firms. */
export function findNames(text: string): string[] {
  const names: string[] = []
  const pattern = /\p{Lu}[\p{L}'’-]+(?:[ \t]+(?:(?:of|the|de|van|von|la)[ \t]+)?\p{Lu}[\p{L}'’-]+){0,4}/gu
  for (const match of text.matchAll(pattern)) {
    const words = match[0].replace(/['’]s$/, '').split(/[ \t]+/)
    const isStart = /(?:^|[.!?:\n"“]\s*)$/.test(text.slice(Math.max(0, match.index - 3), match.index))
    const kept = isStart && COMMON_STARTS.has(words[0]?.toLowerCase() ?? '') ? words.slice(1) : words
    const after = text.slice(match.index + match[0].length, match.index + match[0].length + 12)
    const isSubject = isStart && !COMMON_STARTS.has(words[0]?.toLowerCase() ?? '') && SUBJECT.test(after)
    const isName =
      kept.length > 1 || (kept.length === 1 && (!isStart || isSubject || kept.length < words.length))
    const name = kept.join(' ')
    if (isName && !NOT_NAMES.has(name.toLowerCase())) names.push(name)
  }
  return names
}

/** A single word at the start of a sentence is a name when it does what names do. */
const SUBJECT =
  /^(?: (?:is|was|has|had|lives|works|said|says|wants|likes|comes|and \p{Lu})\b|['’]s\b|, (?:\d|aged|age))/u

const COMMON_STARTS = new Set(
  (
    'the a an i we you he she it they this that these those there here my your his her our their what who when where why how is are was were ' +
    'do does did can could will would should may please yes no not and but or so if then after before on in at for to from with as ' +
    'call email send book find get show tell say give make write set add meet dear hello hi hey mr mrs ms dr weather'
  ).split(' '),
)

const NOT_NAMES = new Set(
  (
    'i english monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september ' +
    'october november december'
  ).split(' '),
)
