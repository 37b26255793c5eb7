// English words: taken apart, brought to their stem, and told from those that say little.

/** Words of a text in lower case: letters, digits, inner apostrophes and hyphens. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []
}

/** Words of the grammar rather than of the subject. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about above after again against all also always am an and another any are aren as at back be became because been before ' +
    'being below between both but by came can cannot come could couldn did didn do does doesn doing don down during each ' +
    'either else ever every few for from further get gets getting give given go goes going gone got had hadn has hasn have ' +
    'haven having he her here hers herself him himself his how however i if in into is isn it its itself just know let like ' +
    'll made make makes many may maybe me might more most much must my myself need never no nor not now of off often oh ok ' +
    'okay on once one only onto or other our ours ourselves out over own perhaps please put quite rather re really s said ' +
    'same say says see seem seems several shall she should shouldn since so some something still such t take than that the ' +
    'their theirs them themselves then there these they thing things think this those though through thus to too toward ' +
    'under until up upon us use used using ve very via was wasn way we well went were weren what when where whether which ' +
    'while who whom whose why will with within without won would wouldn yeah yes yet you your yours yourself ' +
    "i'm you're he's she's it's we're they're don't doesn't isn't aren't wasn't can't won't that's there's let's i've we've"
  ).split(' '),
)

/** Small numbers in words. */
export const NUMBER_WORDS: ReadonlyMap<string, number> = new Map(
  [
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen',
    'eighteen nineteen',
  ]
    .join(' ')
    .split(' ')
    .map((word, value) => [word, value] as const),
)

/** The stem of an English word, roughly: what plural, tense and adverb have in common. */
export function stemOf(word: string): string {
  if (word.length < 4) return word
  const bare = word.replace(/['’]s$/, '')
  if (bare.endsWith('ies') && bare.length > 4) return `${bare.slice(0, -3)}y`
  if (/(?:ss|us|is)$/.test(bare)) return bare
  if (/(?:x|ch|sh|ss|z)es$/.test(bare)) return bare.slice(0, -2)
  if (bare.endsWith('s')) return bare.slice(0, -1)
  if (bare.endsWith('ing') && bare.length > 5) return undouble(bare.slice(0, -3))
  if (bare.endsWith('ed') && bare.length > 4) return undouble(bare.slice(0, -2))
  if (bare.endsWith('ly') && bare.length > 5) return bare.slice(0, -2)
  return bare.endsWith('e') && bare.length > 4 ? bare.slice(0, -1) : bare
}

/** `runn` → `run`. */
function undouble(stem: string): string {
  return /([bdgmnprt])\1$/.test(stem) ? stem.slice(0, -1) : stem
}

/** Stems of the words that say something. */
export function contentStems(text: string): string[] {
  return wordsOf(text)
    .filter((word) => word.length > 1 && !STOP_WORDS.has(word))
    .map(stemOf)
}

/** A small number from digits or a word. @returns null when it is neither */
export function parseCount(text: string): number | null {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  if (text === 'a' || text === 'an' || text === 'single') return 1
  if (text === 'couple') return 2
  if (text === 'few') return 3
  return NUMBER_WORDS.get(text.toLowerCase()) ?? null
}
