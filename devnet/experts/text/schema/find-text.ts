// A text value for a named property, out of what the prompt says.

import { COLOURS } from '../../image/scene/colours.ts'
import { matchesOf } from '../skills/find-patterns.ts'
import { guessLanguage } from '../skills/guess-language.ts'
import { writeImagePrompt } from '../skills/image-prompt.ts'
import { summarise } from '../skills/summarise.ts'
import { keyWords, type Source } from './source.ts'

export interface Property {
  readonly key: string
  readonly description: string
}

const NAMELESS_CHARS = 2_000

type Finder = (source: Source, words: readonly string[]) => Promise<string | null> | string | null

/** @returns null when the text says nothing of it */
export async function findText(property: Property, source: Source): Promise<string | null> {
  const words = keyWords(property.key)
  // A text without a name of its own is the whole of it.
  if (words.length === 0) return source.whole.trim().slice(0, NAMELESS_CHARS) || null
  const said = findSaid(words, source)
  if (said !== null && said !== '') return said
  for (const [pattern, finder] of FINDERS) {
    if (!words.some((word) => pattern.test(word))) continue
    const found = await finder(source, words)
    if (found !== null && found !== '') return found
    break
  }
  const hint = FINDERS.find(([pattern]) => keyWords(property.description).some((word) => pattern.test(word)))
  return (await hint?.[1](source, words)) ?? null
}

/** "colour: red", "the size is large", "subject 'Hello'", "titled …". */
function findSaid(words: readonly string[], { text, lower }: Source): string | null {
  const name = words.join(' ')
  if (name.length < 3) return null
  for (let at = lower.indexOf(name); at >= 0; at = lower.indexOf(name, at + 1)) {
    const rest = text.slice(at + name.length, at + name.length + 300)
    const isWord = !/[a-z0-9]/.test(lower[at - 1] ?? ' ') && !/^[a-z0-9]/i.test(rest)
    const [, quoted, plain] =
      /^["'”’]?\s*(?:(?:is|are|was|=|:|should be|set to|called|named)\s*|\s)(?:["“'‘]([^"”’\n]{1,250})["”'’]|([^,.;:!?\n]{1,120}))/i.exec(
        rest,
      ) ?? []
    if (isWord && quoted !== undefined) return quoted
    // "with subject Lunch"
    const isAttached =
      /\bwith (?:the |a )?$/.test(lower.slice(Math.max(0, at - 12), at)) && /^\s+\p{Lu}/u.test(rest)
    if (isWord && plain !== undefined && isAttached) return cutClause(plain)
    if (
      isWord &&
      plain !== undefined &&
      /^["'”’]?\s*(?:is|are|was|=|:|should be|set to|called|named)/i.test(rest)
    )
      return cutClause(plain)
  }
  return null
}

function cutClause(text: string): string {
  return text
    .replace(/\s+(?:and|but|with|on|at|from|to|for|in)\s.*$/i, '')
    .replace(/^(?:the|a|an)\s+/i, '')
    .trim()
}

const first =
  (name: Parameters<typeof matchesOf>[1]): Finder =>
  ({ text }) =>
    matchesOf(text, name)[0] ?? null

const FINDERS: readonly (readonly [RegExp, Finder])[] = [
  [/^e?mails?$|^recipients?$/, (source) => matchesOf(source.text, 'email')[0] ?? null],
  [/^(?:url|uri|link|website|href)s?$/, first('url')],
  [/^(?:phone|telephone|tel|mobile)$/, first('phone')],
  [/^(?:date|day|deadline|birthday|birthdate|dob|due)$/, first('date')],
  [/^(?:time|hour)$/, first('time')],
  [/^(?:origin|departure|source|from)$/, (source) => findPlace(source, ['from'])],
  [/^(?:destination|arrival|target|to)$/, (source) => findPlace(source, ['to'])],
  [
    /^(?:city|location|place|town|country|region|state|venue|area)$/,
    (source) => findPlace(source, ['in', 'at', 'for', 'of', 'near', 'to', 'from', 'around']),
  ],
  [/^(?:colou?r)$/, ({ lower }) => lower.match(/[a-z]+/g)?.find((word) => COLOURS.has(word)) ?? null],
  [/^(?:language|lang)$/, findLanguage],
  [
    /^(?:summary|abstract|tldr|overview)$/,
    (source) => summarise(source.whole, { sentenceCount: 2, wordsMax: null, isList: false }, source.pace),
  ],
  [/^(?:title|headline|subject|topic)$/, findTitle],
  [/^prompts?$/, (source) => writeImagePrompt(source.whole, source.vocabulary, source.pace)],
  [/^(?:query|search|q|question|keyword|term|phrase)$/, findQuery],
  [
    /^(?:text|content|body|message|transcript|input|sentence|note|reply|answer|response|output)$/,
    findMessage,
  ],
  [
    /^(?:expression|formula|equation|calculation)$/,
    ({ text }) => /[(\d][\d\s().,+\-*/^%×÷]{2,200}[\d)]/.exec(text)?.[0].trim() ?? null,
  ],
  [
    /^(?:name|person|user|username|author|customer|client|patient|contact|attendee|artist|company|product|title)s?$/,
    findName,
  ],
]

/** A name behind the preposition, else a word in small letters that is followed by the end of the clause, else any name. */
function findPlace(source: Source, prepositions: readonly string[]): string | null {
  const names = source.names()
  for (const preposition of prepositions) {
    const named = new RegExp(
      `\\b${preposition}\\s+(?:the\\s+)?(\\p{Lu}[\\p{L}'’-]+(?:[ -]\\p{Lu}[\\p{L}'’-]+){0,3})`,
      'u',
    ).exec(source.text)?.[1]
    if (named !== undefined && !MONTH_OR_DAY.test(named)) return named
  }
  for (const preposition of prepositions.slice(0, 3)) {
    const word = new RegExp(
      `\\b${preposition}\\s+([a-z][a-z'-]{2,20}(?: (?:york|city|francisco|angeles|delhi|kong))?)\\s*(?:[?.!,]|$|today|tomorrow|tonight|now|right now|please|and\\b)`,
      'i',
    ).exec(source.text)?.[1]
    if (word !== undefined && !NO_PLACE.test(word))
      return word.replace(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase())
  }
  return prepositions.length > 2 ? (names.find((name) => !MONTH_OR_DAY.test(name)) ?? null) : null
}

const MONTH_OR_DAY =
  /^(?:January|February|March|April|May|June|July|August|September|October|November|December|\w+day)\b/
const NO_PLACE =
  /^(?:the|this|that|me|you|it|him|her|them|us|today|tomorrow|tonight|now|celsius|fahrenheit|degrees|morning|evening|general|total|please|order|case|fact|english|german|french|my|your|what|which|there|here)$/i

const LANGUAGES =
  /\b(English|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Swedish|Russian|Ukrainian|Chinese|Japanese|Korean|Arabic|Hebrew|Hindi|Greek|Turkish|Danish|Norwegian|Finnish|Czech|Latin)\b/i

function findLanguage({ text }: Source): string | null {
  return LANGUAGES.exec(text)?.[1] ?? guessLanguage(text)
}

async function findTitle(source: Source): Promise<string | null> {
  const [quote] = source.quotes()
  // What is quoted behind "saying" is the message, not its title.
  if (quote !== undefined && !/\b(?:saying|says|message|body|text)\b/i.test(source.text)) return quote
  const about = /\b(?:about|titled|entitled|subject|on the topic of|regarding)\s+([^,.;!?\n]{2,80})/i.exec(
    source.text,
  )?.[1]
  if (about !== undefined) return about.trim()
  const short = await summarise(source.whole, { sentenceCount: 1, wordsMax: 8, isList: false }, source.pace)
  return short.replace(/[.!?]$/, '') || null
}

function findQuery(source: Source): string | null {
  const [quote] = source.quotes()
  if (quote !== undefined) return quote
  const asked =
    /\b(?:search(?: the (?:web|internet))?(?: for)?|look up|google|find(?: me)?(?: out)?(?: about)?|information (?:about|on)|query)\s+([^?!\n]{2,200})/i.exec(
      source.text,
    )?.[1]
  return (asked ?? source.text.slice(0, 300)).replace(/[.?!]+$/, '').trim() || null
}

function findMessage(source: Source): string | null {
  const said =
    /\b(?:saying|says?|that reads|telling (?:him|her|them)|with the (?:text|message)|message)\s*[:,]?\s+(?:that\s+)?["“'‘]?([^"”\n]{2,2000}?)["”'’]?\s*$/i.exec(
      source.text,
    )?.[1]
  const [quote] = source.quotes()
  return quote ?? said ?? (source.whole.trim() || null)
}

function findName(source: Source, words: readonly string[]): string | null {
  const called =
    /\b(?:named|called|name is|i am|i['’]m|this is|my name['’]s)\s+(\p{L}[\p{L}'’-]*(?:\s\p{Lu}[\p{L}'’-]*){0,3})/iu.exec(
      source.text,
    )?.[1]
  const name =
    called ??
    source.names().find((one) => !source.taken.has(`name ${one}`) && !MONTH_OR_DAY.test(one)) ??
    null
  if (name === null) return null
  const parts = name.split(/\s+/)
  if (words.includes('first')) return parts[0] ?? null
  if (words.includes('last') || words.includes('family'))
    return parts.length > 1 ? (parts.at(-1) ?? null) : null
  source.taken.add(`name ${name}`)
  return name
}
