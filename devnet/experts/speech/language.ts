/** The language side of the recogniser: pronunciations as a trie and a word bigram, read from `lang.json`. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

/**
 * A node of the pronunciation trie. `unit` is the network's output for its phone; the root's is 0, the
 * blank.
 */
export interface TrieNode {
  readonly id: number
  readonly unit: number
  readonly children: TrieNode[]
  /** Words that end here; several when they sound alike. */
  readonly words: number[]
  /** Log-probability of the likeliest word at or below this node. */
  bestBelow: number
}

export interface Language {
  readonly words: readonly string[]
  /** Pronunciation of each word as network units. */
  readonly pronunciations: readonly (readonly number[])[]
  readonly root: TrieNode
  /** Number of network units, the blank included. */
  readonly units: number
  /**
   * Log-probability of `word` after `previous`. `words.length` stands for the start (previous) and the
   * end (word).
   */
  logProbability(previous: number, word: number): number
}

const row = z.tuple([z.number(), z.array(z.number())])

/** What `training/lexicon.py` writes. A row is its back-off weight, then word, log-probability, word, … */
export const languageFile = z.object({
  phones: z.array(z.string()).min(1),
  words: z.array(z.string()).min(1),
  lexicon: z.array(z.string()),
  unigram: z.array(z.number()),
  start: row,
  bigram: z.array(row),
})

/** @throws Error when the file cannot be read or is not a language file */
export async function readLanguage(path: string): Promise<Language> {
  return buildLanguage(languageFile.parse(JSON.parse(await readFile(path, 'utf8'))))
}

/** @throws Error when the parts do not fit each other */
export function buildLanguage(file: z.infer<typeof languageFile>): Language {
  const { words, phones, unigram } = file
  if (file.lexicon.length !== words.length || file.bigram.length !== words.length)
    throw new Error('The language file needs a pronunciation and a bigram row for every word.')
  if (unigram.length !== words.length + 1)
    throw new Error('The language file needs a unigram for every word and the end of the sentence.')
  const unitOf = new Map(phones.map((phone, i) => [phone, i + 1]))
  const pronunciations = file.lexicon.map((text, i) =>
    text.split(' ').map((phone) => {
      const unit = unitOf.get(phone)
      if (unit === undefined) throw new Error(`The word "${words[i]}" has the unknown phone "${phone}".`)
      return unit
    }),
  )
  const rows = [...file.bigram, file.start].map(([backOff, pairs]) => {
    const followers = new Map<number, number>()
    for (let i = 0; i + 1 < pairs.length; i += 2) followers.set(pairs[i] ?? 0, pairs[i + 1] ?? 0)
    return { backOff, followers }
  })
  const root = buildTrie(pronunciations)
  lookBelow(root, unigram)
  return {
    words,
    pronunciations,
    root,
    units: phones.length + 1,
    logProbability(previous, word) {
      const row = rows[previous]
      return row?.followers.get(word) ?? (row?.backOff ?? 0) + (unigram[word] ?? 0)
    },
  }
}

function buildTrie(pronunciations: readonly (readonly number[])[]): TrieNode {
  let id = 0
  const make = (unit: number): TrieNode => ({ id: id++, unit, children: [], words: [], bestBelow: -Infinity })
  const root = make(0)
  pronunciations.forEach((units, word) => {
    let node = root
    for (const unit of units) {
      const next = node.children.find((child) => child.unit === unit) ?? make(unit)
      if (!node.children.includes(next)) node.children.push(next)
      node = next
    }
    node.words.push(word)
  })
  return root
}

function lookBelow(node: TrieNode, unigram: readonly number[]): number {
  node.bestBelow = Math.max(
    -Infinity,
    ...node.words.map((word) => unigram[word] ?? -Infinity),
    ...node.children.map((child) => lookBelow(child, unigram)),
  )
  return node.bestBelow
}
