// Words of a prompt → what the scene consists of.
import type { Relation, SceneObject, SceneRelation, SceneSpec } from '../scene/spec.ts'
import type { Vocabulary } from '../scene/vocabulary.ts'
import { guessPlace } from './guess-place.ts'
import { isColour, readTokens, type Token } from './tokens.ts'
import { NUMBERS, PASSED_OVER, PLACE_WORDS, SIZES, TIME_WORDS, WEATHER_WORDS } from './words.ts'

export interface ReadPrompt {
  readonly spec: SceneSpec
  /** Words that changed the picture, in their order, each once. */
  readonly usedWords: readonly string[]
  /** Words the composer knows nothing of, in their order, each once. */
  readonly unusedWords: readonly string[]
}

/** Things of one noun, and of all nouns together. */
const COUNT_MAX = 12
const THINGS_MAX = 40

interface Reader {
  readonly vocabulary: Vocabulary
  readonly tokens: readonly Token[]
  readonly objects: SceneObject[]
  readonly relations: SceneRelation[]
  readonly used: Set<string>
  readonly unused: Set<string>
  place: SceneSpec['place'] | null
  time: SceneSpec['time'] | null
  weather: SceneSpec['weather'] | null
  backdrop: string | null
  /** What was said about the noun to come. */
  count: number | null
  colour: string | null
  size: number | null
  relation: Relation | null
  pending: string[]
  /** Objects that a relation to come speaks of; "a man and a woman in front of" are two. */
  joined: number[]
  isAfterAnd: boolean
}

/** Reads a prompt. Unknown words are passed over and told; any text gives a scene. */
export function parsePrompt(prompt: string, vocabulary: Vocabulary): ReadPrompt {
  const reader: Reader = {
    vocabulary,
    tokens: readTokens(prompt, vocabulary),
    objects: [],
    relations: [],
    used: new Set(),
    unused: new Set(),
    place: null,
    time: null,
    weather: null,
    backdrop: null,
    count: null,
    colour: null,
    size: null,
    relation: null,
    pending: [],
    joined: [],
    isAfterAnd: false,
  }
  for (const [index, token] of reader.tokens.entries()) {
    if (token.kind === 'relation') readRelation(reader, token)
    else readWord(reader, token, index)
  }
  dropPending(reader)
  const { objects, relations, backdrop } = reader
  const spec: SceneSpec = {
    objects,
    relations,
    place: reader.place ?? guessPlace(reader, vocabulary),
    time: reader.time ?? (objects.some((object) => object.label === 'moon') ? 'night' : 'day'),
    weather: reader.weather ?? 'clear',
    backdrop,
  }
  const words = [...new Set(reader.tokens.flatMap((token) => token.words))]
  const usedWords = words.filter((word) => reader.used.has(word))
  const unusedWords = words.filter((word) => reader.unused.has(word) && !reader.used.has(word))
  return { spec, usedWords, unusedWords }
}

function readRelation(reader: Reader, token: Token & { kind: 'relation' }): void {
  dropPending(reader)
  reader.relation = token.relation
  reader.pending = reader.objects.length > 0 ? [...token.words] : []
}

/** What was said about a noun that did not come changed nothing. */
function dropPending(reader: Reader): void {
  for (const word of reader.pending) if (!PASSED_OVER.has(word) && !NUMBERS.has(word)) reader.unused.add(word)
  reader.pending = []
  reader.count = reader.colour = reader.size = reader.relation = null
}

function readWord(reader: Reader, token: Token & { kind: 'word' }, index: number): void {
  const { word } = token
  const noun = reader.vocabulary.nounOfWord.get(word)
  if (word === 'and') {
    // "black and white" is one colour to us, the last one.
    dropPending(reader)
    reader.isAfterAnd = true
  } else if (readModifier(reader, word, index)) reader.pending.push(word)
  else if (readSurroundings(reader, word, noun !== undefined))
    for (const part of token.words) reader.used.add(part)
  else if (noun) readNoun(reader, token.words, noun)
  else if (!PASSED_OVER.has(word)) reader.unused.add(word)
}

/** Numbers, sizes and colours belong to the noun that follows. */
function readModifier(reader: Reader, word: string, index: number): boolean {
  const number = /^\d{1,9}$/.test(word) ? Number(word) : NUMBERS.get(word)
  if (number !== undefined) {
    reader.count = Math.min(COUNT_MAX, Math.max(1, number))
    return true
  }
  const size = SIZES.get(word)
  if (size !== undefined) reader.size = size
  if (size !== undefined) return true
  if (!isColour(word) || isNounHere(reader, word, index)) return false
  reader.colour = word
  return true
}

/** "an orange" is a fruit, "an orange cat" is not. */
function isNounHere({ vocabulary, tokens, count }: Reader, word: string, index: number): boolean {
  if (!vocabulary.nounOfWord.has(word)) return false
  const before = tokens[index - 1]?.words.at(-1)
  const next = tokens[index + 1]
  const isFollowed =
    next?.kind === 'word' &&
    (vocabulary.nounOfWord.has(next.word) || PLACE_WORDS.has(next.word) || isColour(next.word))
  return (count !== null || before === 'the' || before === 'and') && !isFollowed
}

function readSurroundings(reader: Reader, word: string, isNoun: boolean): boolean {
  const place = PLACE_WORDS.get(word)
  const time = TIME_WORDS.get(word)
  const weather = WEATHER_WORDS.get(word)
  if (place !== undefined && !(isNoun && reader.count !== null)) {
    if (place === 'none' && reader.colour !== null) {
      reader.backdrop ??= reader.colour
      reader.used.add(reader.colour)
    }
    reader.place ??= place
  } else if (time !== undefined) reader.time ??= time
  else if (weather !== undefined) reader.weather ??= weather
  else return false
  reader.pending = []
  reader.count = reader.colour = reader.size = reader.relation = null
  return true
}

function readNoun(
  reader: Reader,
  words: readonly string[],
  noun: { label: string; isPlural: boolean },
): void {
  const { objects, relations } = reader
  const things = objects.reduce((sum, object) => sum + object.count, 0)
  const count = Math.min(reader.count ?? (noun.isPlural ? 3 : 1), THINGS_MAX - things)
  if (count < 1) {
    for (const word of words) reader.unused.add(word)
    return
  }
  const object = objects.length
  objects.push({ label: noun.label, count, colour: reader.colour, size: reader.size ?? 1 })
  for (const word of [...reader.pending, ...words]) reader.used.add(word)
  const { relation } = reader
  if (relation !== null) {
    for (const [order, from] of reader.joined.entries()) relations.push({ from, relation, to: object, order })
  }
  reader.joined = reader.isAfterAnd && relation === null ? [...reader.joined, object] : [object]
  reader.isAfterAnd = false
  reader.pending = []
  reader.count = reader.colour = reader.size = reader.relation = null
}
