// A summary out of the text's own sentences.
import { rankSentences } from '../language/rank.ts'
import { finishSentence, splitSentences } from '../language/sentences.ts'
import { parseCount, wordsOf } from '../language/words.ts'
import type { Pace } from '../pace.ts'

export interface SummaryShape {
  readonly sentenceCount: number
  /** null: no limit. */
  readonly wordsMax: number | null
  readonly isList: boolean
}

const COUNT = '(\\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|a few|a couple of|single)'
const SENTENCES_OR_POINTS = new RegExp(
  `${COUNT}[ -](?:short |brief |concise |simple |key |main |clear )*(sentences?|lines?|bullet(?: ?points?)?s?|points?|takeaways?|items?|paragraphs?|words?)`,
  'i',
)
const WORD_LIMIT = new RegExp(
  `(?:in|within|under|at most|no more than|maximum|max|up to|fewer than|less than|about|around)\\s+${COUNT}[ -]words?`,
  'i',
)

const SENTENCES_USUALLY = 3
const COUNT_MAX = 50

/** Reads what was asked for: "in one sentence", "three bullet points", "at most 20 words". */
export function readSummaryShape(instruction: string): SummaryShape {
  const limit = WORD_LIMIT.exec(instruction)?.[1]
  const found = SENTENCES_OR_POINTS.exec(instruction)
  const noun = found?.[2]?.toLowerCase() ?? ''
  const isWords = noun.startsWith('word')
  const asked = countOf(found?.[1])
  const wordsMax = limit !== undefined ? countOf(limit) : isWords ? asked : null
  const isList = /\bbullet|\b(?:key|main) points?\b|\btakeaways?\b|\bpoints\b/i.test(instruction)
  const isOne = /\b(?:one-liner|tl;?dr|headline|gist|title)\b/i.test(instruction)
  const sentenceCount =
    found && !isWords
      ? (asked ?? SENTENCES_USUALLY)
      : isOne
        ? 1
        : wordsMax !== null
          ? Math.ceil(wordsMax / 20)
          : SENTENCES_USUALLY
  return { sentenceCount: Math.max(1, Math.min(COUNT_MAX, sentenceCount)), wordsMax, isList }
}

function countOf(text: string | undefined): number | null {
  return text === undefined ? null : parseCount(text.toLowerCase().replace(/^a (few|couple).*/, '$1'))
}

/** @returns an empty text when there is nothing to summarise */
export async function summarise(text: string, shape: SummaryShape, pace: Pace): Promise<string> {
  const sentences = await splitSentences(text, pace)
  if (sentences.length === 0) return ''
  const weights = await rankSentences(sentences, pace)
  const chosen = sentences
    .map((_, index) => index)
    .sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
    .slice(0, shape.sentenceCount)
    .sort((a, b) => a - b)
    .map((index) => sentences[index] ?? '')
  const fitting = shape.wordsMax === null ? chosen : fitWords(chosen, shape.wordsMax)
  const finished = fitting
    .map((sentence) => finishSentence(stripLead(sentence)))
    .filter((sentence) => sentence !== '')
  return shape.isList ? finished.map((sentence) => `- ${sentence}`).join('\n') : finished.join(' ')
}

/** Words that tie a sentence to one that is gone. */
function stripLead(sentence: string): string {
  return sentence
    .replace(/^(?:[-*•]|\d+[.)])\s+/, '')
    .replace(
      /^(?:and|but|so|then|also|well|however|therefore|moreover|furthermore|in addition|as a result),?\s+(?=\S)/i,
      '',
    )
}

function fitWords(sentences: readonly string[], wordsMax: number): string[] {
  const fitted: string[] = []
  let left = wordsMax
  for (const sentence of sentences) {
    if (left <= 0) break
    const short = wordsOf(sentence).length <= left ? sentence : shorten(sentence, left)
    fitted.push(short)
    left -= short.split(/\s+/).length
  }
  return fitted
}

/** Leaves out what stands in brackets, then ends before the last comma or joining word that fits, else at the word. */
function shorten(sentence: string, wordsMax: number): string {
  const words = sentence
    .replace(/\s*[([][^)\]]{0,200}[)\]]/g, '')
    .split(/\s+/)
    .filter(Boolean)
  if (words.length <= wordsMax) return words.join(' ')
  const isEnd = (index: number) =>
    /[,;:]$/.test(words[index - 1] ?? '') || JOINING.has(words[index]?.toLowerCase() ?? '')
  for (let end = wordsMax; end > wordsMax / 2; end -= 1)
    if (isEnd(end) && !JOINING.has(words[end - 1]?.toLowerCase() ?? '')) return words.slice(0, end).join(' ')
  return words.slice(0, wordsMax).join(' ')
}

const JOINING = new Set(
  'of to in on at for with and or but by from as that which who because when while where along over under into than'.split(
    ' ',
  ),
)
