// The nouns the composer can draw, and the words that mean them.

/** ground: stands on the ground; small: lies on it; sky; air: flies low; water: in or on water. */
export type NounKind = 'ground' | 'small' | 'sky' | 'air' | 'water'

export interface VocabularyEntry {
  readonly label: string
  readonly kind: NounKind
  /** Usual size; 1 is a dog. */
  readonly size: number
  /** Icon names, the composer's first. */
  readonly icons: readonly string[]
}

export interface Vocabulary {
  readonly entries: readonly VocabularyEntry[]
  readonly byLabel: ReadonlyMap<string, VocabularyEntry>
  /** Every word that means a noun, singular and plural. */
  readonly nounOfWord: ReadonlyMap<string, { label: string; isPlural: boolean }>
}

const KINDS: ReadonlyMap<string, NounKind> = new Map([
  ['g', 'ground'],
  ['o', 'small'],
  ['s', 'sky'],
  ['f', 'air'],
  ['w', 'water'],
])

const IRREGULAR_PLURALS: ReadonlyMap<string, string> = new Map([
  ['man', 'men'],
  ['woman', 'women'],
  ['mouse', 'mice'],
  ['wolf', 'wolves'],
  ['sheep', 'sheep'],
  ['deer', 'deer'],
  ['fish', 'fish'],
  ['leaf', 'leaves'],
  ['loaf', 'loaves'],
  ['cactus', 'cacti'],
  ['dice', 'dice'],
  ['scissors', 'scissors'],
  ['glasses', 'glasses'],
  ['grapes', 'grapes'],
  ['fries', 'fries'],
  ['snowman', 'snowmen'],
])

/** The English plural of a word of the vocabulary. */
export function pluralOf(word: string): string {
  const irregular = IRREGULAR_PLURALS.get(word)
  if (irregular !== undefined) return irregular
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`
  return /(s|x|ch|sh)$/.test(word) ? `${word}es` : `${word}s`
}

/**
 * Reads the table of `vocabulary.tsv`: label, kind, size, icons, synonyms, one noun a line.
 *
 * @throws Error when a line is not of that form
 */
export function parseVocabulary(table: string): Vocabulary {
  const entries: VocabularyEntry[] = []
  const nounOfWord = new Map<string, { label: string; isPlural: boolean }>()
  for (const line of table.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [label, kindLetter, size, icons, synonyms = ''] = line.split('\t')
    const kind = KINDS.get(kindLetter ?? '')
    if (!label || !kind || !icons || !(Number(size) > 0))
      throw new Error(`This is no vocabulary line: ${line}`)
    entries.push({ label, kind, size: Number(size), icons: icons.split(' ') })
    for (const word of [label, ...synonyms.split(' ').filter(Boolean)]) {
      const plural = pluralOf(word)
      if (!nounOfWord.has(word)) nounOfWord.set(word, { label, isPlural: false })
      if (!nounOfWord.has(plural)) nounOfWord.set(plural, { label, isPlural: true })
    }
  }
  return { entries, byLabel: new Map(entries.map((entry) => [entry.label, entry])), nounOfWord }
}
