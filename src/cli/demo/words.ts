/** Judging words: the word error rate, nouns by stem, and what of a prompt was recognised. Pure. */

/** Lower-case words of a text, numbers and apostrophes kept. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+(?:'[a-z]+)?/g) ?? []
}

/** Word error rate: insertions, deletions and substitutions over the words expected; 0 is perfect, and it can pass 1. */
export function wordErrorRate(expected: string, heard: string): number {
  const want = wordsOf(expected)
  const got = wordsOf(heard)
  let row = got.map((_, index) => index + 1)
  row.unshift(0)
  want.forEach((word, i) => {
    const next = [i + 1]
    got.forEach((other, j) => {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (word === other ? 0 : 1)))
    })
    row = next
  })
  if (want.length === 0) return got.length === 0 ? 0 : 1
  return (row.at(-1) ?? 0) / want.length
}

/** Singular of a regular plural: enough to compare two texts with each other. */
export function stemOf(word: string): string {
  if (/(ss|us|is)$/.test(word) || word.length < 4) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (/(ches|shes|xes|sses|zes|oes)$/.test(word)) return word.slice(0, -2)
  if (word.endsWith('ves')) return `${word.slice(0, -3)}f`
  return word.endsWith('s') ? word.slice(0, -1) : word
}

/** Things that can be painted and recognised: each word that means one, by stem, with the name of the thing. */
export type Things = ReadonlyMap<string, string>

/** Reads the composer's vocabulary: tab-separated label, kind, size, icons, other words. */
export function parseThings(vocabulary: string): Things {
  const things = new Map<string, string>()
  for (const line of vocabulary.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue
    const [label = '', , , , synonyms = ''] = line.split('\t')
    for (const name of [label, ...synonyms.split(' ')]) {
      if (name !== '') things.set(stemOf(name.toLowerCase().replaceAll('-', ' ')), label)
    }
  }
  return things
}

/** Names of the things that a text speaks of, each once; names of two words before those of one. */
export function listThings(text: string, things: Things): string[] {
  const words = wordsOf(text).map(stemOf)
  const found = new Set<string>()
  for (let i = 0; i < words.length; i += 1) {
    const pair = things.get(`${words[i]} ${words[i + 1] ?? ''}`)
    const one = things.get(words[i] ?? '')
    if (pair !== undefined) {
      found.add(pair)
      i += 1
    } else if (one !== undefined) found.add(one)
  }
  return [...found]
}
