// Which functions a message asks for: by the words that a function's name and description share with it.
import { contentStems, stemOf, wordsOf } from '../language/words.ts'
import type { Tool } from '../read-request.ts'
import { keyWords } from '../schema/source.ts'

export interface ScoredTool {
  readonly tool: Tool
  /** 0: nothing in common. */
  readonly score: number
}

/** Words of names that say that something is done, not what. */
const GENERAL = new Set(
  'get set make do run call use fetch find list show give take put create add new search look lookup query read write update change check function tool api data info information value item items user current by for of to from in the a'
    .split(' ')
    .map(stemOf),
)

const MESSAGE_CHARS = 8_000
/** A word of the name is worth more than one of the description. */
const NAME_WORD = 3
/** Doing words count when nothing else does: "search for …" and a function called `search`. */
const GENERAL_WORD = 1

/** Functions by how well they fit, the best first; those that do not fit have 0. */
export function scoreTools(tools: readonly Tool[], message: string): ScoredTool[] {
  const said = new Set(wordsOf(message.slice(0, MESSAGE_CHARS)).map(stemOf))
  return tools.map((tool) => ({ tool, score: scoreTool(tool, said) })).sort((a, b) => b.score - a.score)
}

function scoreTool(tool: Tool, said: ReadonlySet<string>): number {
  const name = [...new Set(keyWords(tool.name).map(stemOf))]
  const special = name.filter((word) => !GENERAL.has(word) && isSaid(word, said)).length
  const general = name.filter((word) => GENERAL.has(word) && word.length > 2 && said.has(word)).length
  const described = new Set(
    contentStems(tool.description).filter((word) => !GENERAL.has(word) && !name.includes(word)),
  )
  const shared = [...described].filter((word) => isSaid(word, said)).length
  const hasOnlyGeneral = name.every((word) => GENERAL.has(word))
  if (special === 0 && shared < 2 && !(hasOnlyGeneral && general > 0)) return 0
  return NAME_WORD * special + GENERAL_WORD * general + shared
}

/** The word itself, or one of the same family: calculate, calculator. */
function isSaid(word: string, said: ReadonlySet<string>): boolean {
  if (said.has(word)) return true
  const related = RELATED[word] ?? []
  if (related.some((one) => said.has(one))) return true
  if (word.length < 5) return false
  return [...said].some(
    (one) => one.length >= 5 && (one.startsWith(word.slice(0, -1)) || word.startsWith(one.slice(0, -1))),
  )
}

const RELATED: Readonly<Record<string, readonly string[]>> = {
  weather: ['rain', 'sunny', 'temperatur', 'forecast', 'warm', 'cold', 'hot', 'umbrella'],
  calculat: ['plus', 'minu', 'tim', 'sum', 'multipli', 'divid', 'comput'],
  calculator: ['plus', 'minu', 'tim', 'sum', 'multipli', 'divid', 'comput'],
  email: ['mail'],
  mail: ['email'],
  tim: ['clock', "o'clock", 'hour'],
  stock: ['share', 'ticker'],
  book: ['reserv'],
  reserv: ['book'],
  alarm: ['wake'],
  remind: ['reminder'],
  reminder: ['remind'],
}
