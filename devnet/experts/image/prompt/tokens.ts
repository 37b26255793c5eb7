// A prompt as a row of meanings. Each keeps the words it was read from, so that the picture can say what it used.
import { COLOURS } from '../scene/colours.ts'
import type { Relation } from '../scene/spec.ts'
import { pluralOf, type Vocabulary } from '../scene/vocabulary.ts'
import { NOUN_PHRASES, RELATION_PHRASES } from './words.ts'

/** A plain word is read by its neighbours later: "orange" is a colour or a fruit. */
export type Token =
  | { readonly kind: 'word'; readonly words: readonly string[]; readonly word: string }
  | { readonly kind: 'relation'; readonly words: readonly string[]; readonly relation: Relation }

/** Characters of a prompt that are read; the rest cannot name more things than a picture holds. */
export const PROMPT_LENGTH_MAX = 4000

/** Splits a prompt into words, and joins those that mean something together. */
export function readTokens(prompt: string, vocabulary: Vocabulary): Token[] {
  const words = prompt
    .slice(0, PROMPT_LENGTH_MAX)
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  const tokens: Token[] = []
  for (let at = 0; at < words.length; ) {
    const token = readPhrase(words, at, vocabulary)
    tokens.push(token)
    at += token.words.length
  }
  return tokens
}

function readPhrase(words: readonly string[], at: number, vocabulary: Vocabulary): Token {
  const joined = (length: number) => words.slice(at, at + length).join(' ')
  for (const [phrase, noun] of NOUN_PHRASES) {
    const length = phrase.split(' ').length
    if (joined(length) === phrase) return { kind: 'word', words: words.slice(at, at + length), word: noun }
    if (joined(length) === `${phrase}s`) {
      return { kind: 'word', words: words.slice(at, at + length), word: pluralOf(noun) }
    }
  }
  for (const [phrase, relation] of RELATION_PHRASES) {
    const length = phrase.split(' ').length
    if (joined(length) === phrase) return { kind: 'relation', words: words.slice(at, at + length), relation }
  }
  const word = words[at] ?? ''
  // "flying-saucer" and the like reach us as two words.
  const pair = joined(2).replace(' ', '-')
  if (pair !== word && vocabulary.nounOfWord.has(pair)) {
    return { kind: 'word', words: words.slice(at, at + 2), word: pair }
  }
  return { kind: 'word', words: [word], word }
}

/** Whether a word names a colour. */
export const isColour = (word: string): boolean => COLOURS.has(word)
