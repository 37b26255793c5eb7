// A text as what can be seen: things with their looks, how they stand to each other, place, weather and time.
import { isColour } from '../../image/prompt/tokens.ts'
import { NOUN_PHRASES, NUMBERS, PLACE_WORDS, RELATION_PHRASES, SIZES } from '../../image/prompt/words.ts'
import type { Vocabulary } from '../../image/scene/vocabulary.ts'
import {
  DOINGS,
  EXTRA_NOUNS,
  LINKS,
  LOOKS,
  NEGATIONS,
  OWNERS,
  PLACE_PREPOSITIONS,
  TIME_PHRASES,
  WEATHER_PHRASES,
} from './paintable-words.ts' // prettier-ignore

export interface SceneThing {
  /** Before the looks: `a`, `the`, `three`; empty for a bare plural. */
  article: string
  readonly looks: string[]
  readonly noun: string
  /** Whether the composer can draw it. */
  readonly isKnown: boolean
  /** What stands between the thing before and this one: a relation, a doing, `and`; null: nothing. */
  readonly link: string | null
}

export interface ReadScene {
  readonly things: SceneThing[]
  readonly place: string | null
  readonly weather: string | null
  readonly time: string | null
}

const THINGS_MAX = 12
const WORDS_READ_MAX = 600

interface Reader {
  readonly vocabulary: Vocabulary
  readonly words: readonly string[]
  readonly things: SceneThing[]
  article: string | null
  looks: string[]
  link: string[]
  preposition: string | null
  isNegated: boolean
  place: string | null
  weather: string | null
  time: string | null
}

/** Reads up to 600 words. Everything that cannot be seen is passed over. */
export function readScene(text: string, vocabulary: Vocabulary): ReadScene {
  const words = (text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[.,;:!?]/gu) ?? []).slice(
    0,
    WORDS_READ_MAX,
  )
  const reader: Reader = {
    vocabulary,
    words,
    things: [],
    article: null,
    looks: [],
    link: [],
    preposition: null,
    isNegated: false,
    place: null,
    weather: null,
    time: null,
  } // prettier-ignore
  for (let at = 0; at < words.length; ) at += readAt(reader, at)
  endPhrase(reader)
  const { things, place, weather, time } = reader
  return { things, place, weather, time }
}

/** @returns how many words were read */
function readAt(reader: Reader, at: number): number {
  const word = reader.words[at] ?? ''
  const phrase = findPhrase(reader.words, at)
  if (phrase) return readPhraseAt(reader, phrase)
  if (/^[.;:!?]$/.test(word)) {
    endPhrase(reader)
    reader.link = []
  } else if (word === ',' || word === 'and') {
    endPhrase(reader)
    if (reader.things.length > 0 && reader.link.length === 0) reader.link = ['and']
  } else if (isNegation(reader.words, at)) {
    endPhrase(reader)
    reader.isNegated = true
  } else if (!readModifier(reader, word, at) && !readSurroundings(reader, word, at)) {
    if (isNoun(reader, word) && !isDoing(reader, word, at)) readThing(reader, word)
    else readOther(reader, word)
  }
  return 1
}

/** "no dogs", "without a hat", "not a cat", "I don't want a cat"; not "never seen a cat", which one then thinks of. */
function isNegation(words: readonly string[], at: number): boolean {
  const word = words[at] ?? ''
  const next = words[at + 1] ?? ''
  if (NEGATIONS.has(word)) return true
  if (word === 'not') return ['a', 'an', 'any', 'the'].includes(next)
  return word.endsWith("n't") && ['want', 'like', 'need', 'draw', 'paint', 'show'].includes(next)
}

type Phrase =
  | { readonly length: number; readonly noun: string }
  | { readonly length: number; readonly relation: string }

interface KnownPhrase {
  readonly words: readonly string[]
  readonly relation: string | null
}

/** Nouns and relations, several words long or not, by their first word; nouns before relations, as the composer reads them. */
const PHRASES: ReadonlyMap<string, readonly KnownPhrase[]> = groupPhrases()

function groupPhrases(): Map<string, KnownPhrase[]> {
  const known = new Map<string, KnownPhrase[]>()
  const add = (phrase: string, relation: string | null) => {
    const words = phrase.split(' ')
    const first = words[0] ?? ''
    known.set(first, [...(known.get(first) ?? []), { words, relation }])
  }
  for (const phrase of NOUN_PHRASES.keys()) {
    add(phrase, null)
    add(`${phrase}s`, null)
  }
  for (const [phrase] of RELATION_PHRASES) add(phrase, phrase.replace(/^(?:sitting|standing) /, ''))
  return known
}

function findPhrase(words: readonly string[], at: number): Phrase | null {
  for (const phrase of PHRASES.get(words[at] ?? '') ?? []) {
    if (!phrase.words.every((word, offset) => words[at + offset] === word)) continue
    const { length } = phrase.words
    return phrase.relation === null
      ? { length, noun: phrase.words.join(' ') }
      : { length, relation: phrase.relation }
  }
  return null
}

function readPhraseAt(reader: Reader, phrase: Phrase): number {
  if ('noun' in phrase) readThing(reader, phrase.noun, true)
  else {
    const link = reader.link.filter((word) => word !== 'and')
    endPhrase(reader)
    reader.link = [...link, phrase.relation]
    if (PLACE_PREPOSITIONS.has(phrase.relation)) reader.preposition = phrase.relation
  }
  return phrase.length
}

/** Articles, numbers, sizes, colours and other looks belong to the noun that follows. */
function readModifier(reader: Reader, word: string, at: number): boolean {
  const article = readArticle(reader, word)
  if (article !== null) {
    // "open the door": what stands before an article is no look.
    reader.looks = []
    reader.article = article
  } else if (SIZES.has(word)) reader.looks.push(word)
  else if (isColour(word) && !isFruitHere(reader, word, at)) readColour(reader, word, at)
  else if (LOOKS.has(word)) reader.looks.push(word)
  else return false
  return true
}

function readArticle(reader: Reader, word: string): string | null {
  if (['the', 'this', 'that', 'these', 'those'].includes(word)) return 'the'
  if (OWNERS.has(word)) return 'a'
  if (!/^\d{1,4}$/.test(word) && !NUMBERS.has(word)) return null
  return reader.article === 'a' && word !== 'a' ? `a ${word}` : word
}

/** "an orange" is a fruit, "an orange cat" is not; "the house is red" and "make it red" speak of the thing before. */
function isFruitHere({ vocabulary, words }: Reader, word: string, at: number): boolean {
  const next = words[at + 1] ?? ''
  const before = words[at - 1] ?? ''
  return (
    vocabulary.nounOfWord.has(word) &&
    ['a', 'an', 'the', 'one'].includes(before) &&
    !vocabulary.nounOfWord.has(next) &&
    !EXTRA_NOUNS.has(next)
  )
}

function readColour(reader: Reader, word: string, at: number): void {
  const before = reader.words[at - 1] ?? ''
  const thing = reader.things.at(-1)
  const speaksOfThing = ['is', 'are', 'it', 'them', 'was'].includes(before) || thing?.noun === before
  if (speaksOfThing && thing && reader.looks.length === 0 && !thing.looks.some(isColour)) {
    thing.looks.push(word)
    fixArticle(thing)
  } else reader.looks.push(word)
}

function readSurroundings(reader: Reader, word: string, at: number): boolean {
  const time = TIME_PHRASES.get(word)
  const weather = WEATHER_PHRASES.get(word)
  if (time !== undefined) reader.time ??= time
  else if (weather !== undefined) reader.weather ??= weather
  else if (PLACE_WORDS.has(word) && !isCounted(reader, word)) {
    if (reader.isNegated) return true
    const isBare = ['underwater', 'outdoors', 'indoors', 'inside'].includes(word)
    const article = ['space', 'orbit'].includes(word) ? '' : (reader.article ?? 'the')
    const isBackground = ['background', 'backdrop'].includes(word)
    const preposition = isBackground
      ? 'on'
      : (reader.preposition ?? (reader.words[at - 1] === 'at' ? 'at' : 'in'))
    if (!isBare) reader.place ??= [preposition, withArticle(article, reader.looks, word)].join(' ')
    else if (word !== 'inside') reader.place ??= word
  } else return false
  endPhrase(reader)
  reader.link = []
  return true
}

/** "two mountains" are things, "in the mountains" is where they are. */
function isCounted(reader: Reader, word: string): boolean {
  const isThing = reader.vocabulary.nounOfWord.has(word) || EXTRA_NOUNS.has(word)
  return isThing && reader.preposition === null && reader.article !== null && reader.article !== 'the'
}

/** "the astronaut waves" does, "big waves" are. */
function isDoing(reader: Reader, word: string, at: number): boolean {
  return (
    DOINGS.has(word) &&
    reader.article === null &&
    reader.looks.length === 0 &&
    reader.things.at(-1)?.noun === reader.words[at - 1]
  )
}

function isNoun(reader: Reader, word: string): boolean {
  if (reader.vocabulary.nounOfWord.has(word) || EXTRA_NOUNS.has(word)) return true
  return EXTRA_NOUNS.has(word.replace(/e?s$/, '')) || EXTRA_NOUNS.has(word.replace(/s$/, ''))
}

function readThing(reader: Reader, word: string, isPhrase = false): void {
  const known = reader.vocabulary.nounOfWord.get(word)
  const isPlural = known ? known.isPlural : /[^su]s$|children|people/.test(word)
  const link = reader.things.length === 0 ? null : reader.link.length > 0 ? reader.link.join(' ') : null
  if (!reader.isNegated && reader.things.length < THINGS_MAX) {
    const said = reader.article ?? ''
    const thing: SceneThing = {
      article: said === 'a' && isPlural ? '' : said === 'an' ? 'a' : said,
      looks: [...new Set(reader.looks)],
      noun: word,
      isKnown: isPhrase || known !== undefined,
      link,
    }
    fixArticle(thing)
    reader.things.push(thing)
  }
  endPhrase(reader)
  reader.link = []
  reader.isNegated = false
}

function readOther(reader: Reader, word: string): void {
  const doing = DOINGS.get(word)
  if (doing) reader.link = reader.things.length > 0 ? [doing] : []
  else if (PLACE_PREPOSITIONS.has(word)) reader.preposition = word
  if (LINKS.has(word)) reader.link = [...reader.link.filter((link) => link !== 'and'), word]
  else if (!DOINGS.has(word)) endPhrase(reader)
}

/** What was said about a noun that did not come is dropped. */
function endPhrase(reader: Reader): void {
  reader.article = null
  reader.looks = []
  reader.preposition = null
}

function fixArticle(thing: SceneThing): void {
  if (thing.article !== 'a' && thing.article !== 'an') return
  thing.article = /^(?:[aeio]|u(?!ni|fo))/.test(thing.looks[0] ?? thing.noun) ? 'an' : 'a'
}

function withArticle(article: string, looks: readonly string[], noun: string): string {
  const words = [...looks, noun].join(' ')
  if (article === 'a' || article === 'an') return `${/^[aeio]/.test(words) ? 'an' : 'a'} ${words}`
  return article === '' ? words : `${article} ${words}`
}
