// Words to be written on a sign: what the prompt puts in quotes.

export interface Quote {
  /** What to write; null when nothing is quoted. */
  readonly text: string | null
  /** The prompt without the quoted words and without the words that announce them. */
  readonly rest: string
  /** The quoted words and their announcement, in lower case. */
  readonly words: readonly string[]
}

const LETTERS_MAX = 40
/** Double, curly or single quotes; a single one inside a word is an apostrophe. */
const QUOTED = /"([^"]+)"|“([^”]+)”|(?<=^|\s)['‘]([^'’]+)['’](?=$|[\s.,;:!?])/
const ANNOUNCING =
  /\b(sign|banner|board|poster|text|words?|title|caption|label(led)?|that|which|says?|saying|reads?|reading|written|writing)\b/gi

/** Takes the first quoted words out of a prompt. */
export function readQuote(prompt: string): Quote {
  const found = QUOTED.exec(prompt)
  const inside = found?.[1] ?? found?.[2] ?? found?.[3] ?? ''
  const text = inside.replace(/\s+/g, ' ').trim().slice(0, LETTERS_MAX).trim()
  if (!found || !/[\p{Letter}\p{Number}]/u.test(text)) return { text: null, rest: prompt, words: [] }
  const outside = `${prompt.slice(0, found.index)} , ${prompt.slice(found.index + found[0].length)}`
  const announced = outside.match(ANNOUNCING) ?? []
  const words = [...announced, ...text.split(/[^\p{Letter}\p{Number}]+/u).filter(Boolean)]
  return { text, rest: outside.replace(ANNOUNCING, ' , '), words: words.map((word) => word.toLowerCase()) }
}
