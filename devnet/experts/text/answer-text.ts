// Which rule answers a message. The first that knows what to do does it; the last says what this is.
import type { Vocabulary } from '../image/scene/vocabulary.ts'
import type { Task } from './find-task.ts'
import { parseCount } from './language/words.ts'
import type { Pace } from './pace.ts'
import { ArithmeticFault, writeFraction } from './skills/arithmetic.ts'
import { countIn, countRange, readCountTask, writeCount } from './skills/count.ts'
import { evaluateExpression } from './skills/expression.ts'
import { extract, readExtraction } from './skills/extract.ts'
import { guessLanguage } from './skills/guess-language.ts'
import { writeImagePrompt, writeImagePrompts } from './skills/image-prompt.ts'
import { findKeywords } from './skills/keywords.ts'
import { answerCourtesy, asksWho, INTRODUCTION, refuseWork } from './skills/small-talk.ts'
import { readSummaryShape, summarise } from './skills/summarise.ts'
import { findTransform } from './skills/transform.ts'

export interface Work {
  readonly task: Task
  readonly vocabulary: Vocabulary
  readonly pace: Pace
}

type Skill = (work: Work) => Promise<string | null> | string | null

/** Two texts that say nothing of each other's task are told apart by what they ask for. */
export async function answerText(work: Work): Promise<string> {
  for (const skill of SKILLS) {
    const answer = await skill(work)
    if (answer !== null && answer !== '') return answer
  }
  return INTRODUCTION
}

/** Whether the instruction asks for image prompts. */
export function asksForPrompt(instruction: string): boolean {
  return /\b(?:image|picture|photo|painting|drawing|illustration|visual|art|paint|stable diffusion|dall-?e|midjourney)(?:[ -]generation|[ -]generator)?[ -]?prompts?\b|\bprompts?\b[^.?!\n]{0,60}\b(?:image|picture|painting|drawing|illustration|paint|draw|painter)\b|\bprompt for\b/i.test(
    instruction,
  )
}

const SKILLS: readonly Skill[] = [
  courtesy,
  imagePrompt,
  countNumbers,
  summary,
  keywords,
  extraction,
  counting,
  arithmetic,
  language,
  transform,
  echo,
  who,
  ({ task }) => refuseWork(task.instruction),
]

function courtesy({ task }: Work): string | null {
  return !task.isFromSystem && task.message.length < 80 ? answerCourtesy(task.message) : null
}

function who({ task }: Work): string | null {
  return asksWho(task.message.slice(0, 500)) ? INTRODUCTION : null
}

async function imagePrompt({ task, vocabulary, pace }: Work): Promise<string | null> {
  if (!asksForPrompt(task.instruction)) return null
  const material = task.material || task.message.replace(/^[^:]{0,300}:\s*/, '')
  const counted = /\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)(?: [a-z]+){0,3} prompts\b/i.exec(
    task.instruction,
  )?.[1]
  const count = counted === undefined ? 1 : (parseCount(counted.toLowerCase()) ?? 1)
  if (count < 2) return writeImagePrompt(material, vocabulary, pace)
  return (await writeImagePrompts(material, { count, vocabulary, pace })).join('\n')
}

function countNumbers({ task }: Work): string | null {
  return task.isFromSystem ? null : countRange(task.message.slice(0, 300))
}

async function summary({ task, pace }: Work): Promise<string | null> {
  const isAsked =
    /\b(?:summar(?:y|i[sz]e|ies|i[sz]ing)|tl;?dr|shorten|condense|gist|headline|takeaways|key points|main points|in (?:one|a|two|three|\d+) (?:short |simple )?(?:sentences?|lines?|bullet points?))\b/i
  if (!isAsked.test(task.instruction) || task.material === '') return null
  return summarise(task.material, readSummaryShape(task.instruction), pace)
}

async function keywords({ task, pace }: Work): Promise<string | null> {
  const asked =
    /(?:(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten) (?:[a-z]+ )?)?\b(?:key ?-?(?:words?|phrases?|terms?)|tags|(?:main |important )?topics)\b/i.exec(
      task.instruction,
    )
  if (!asked || task.material === '') return null
  const count = asked[1] === undefined ? 5 : (parseCount(asked[1].toLowerCase()) ?? 5)
  const found = await findKeywords(task.material, count, pace)
  return found.join(/\b(?:bullets?|as a list|lines?)\b/i.test(task.instruction) ? '\n' : ', ')
}

async function extraction({ task, pace }: Work): Promise<string | null> {
  const kind = task.material === '' ? null : readExtraction(task.instruction)
  return kind && extract(task.material, kind, pace)
}

async function counting({ task, pace }: Work): Promise<string | null> {
  const counted = readCountTask(task.instruction)
  return counted && task.material !== ''
    ? writeCount(await countIn(task.material, counted, pace), counted)
    : null
}

const CALCULATE =
  /\b(?:what(?:'s| is| are)|calculate|compute|work out|evaluate|solve|how much is|result of)\b[:\s]*/i

function arithmetic({ task }: Work): string | null {
  const message = task.message.slice(0, 4_000)
  const asked = CALCULATE.exec(message)
  const rest = asked ? message.slice(asked.index + asked[0].length) : ''
  const tries = [message, rest, rest.split(/[?\n]|[.!](?=\s|$)/)[0] ?? '']
  for (const text of tries) {
    try {
      const result = evaluateExpression(text.replace(/\bplease\b/gi, '').trim())
      if (result) return writeFraction(result)
    } catch (error) {
      if (error instanceof ArithmeticFault) return error.message
      throw error
    }
  }
  return null
}

function language({ task }: Work): string | null {
  if (
    !/\b(?:what|which|detect|identify|tell)\b[^.?!:\n]{0,40}\blanguage\b/i.test(task.instruction) ||
    task.material === ''
  )
    return null
  return guessLanguage(task.material) ?? 'There is too little text to tell its language.'
}

async function transform({ task, pace }: Work): Promise<string | null> {
  const turn = task.material === '' ? null : findTransform(task.instruction)
  if (!turn) return null
  await pace.spend(task.material.length * 4)
  return turn(task.material, task.instruction)
}

/** "Repeat after me: …", "say 'abc'", "answer with only the word OK". */
function echo({ task }: Work): string | null {
  if (task.isFromSystem) return null
  const message = task.message.trim()
  const found =
    /^(?:please )?(?:(?:repeat|echo|say)(?: after me| the following| this| back)?|(?:write|reply|answer|respond)(?: with| only| just| exactly)+)(?: (?:only|just|exactly))*(?: the (?:words?|text|phrase|sentence))?\s*[:,]?\s*(\S[\s\S]{0,5000})$/i.exec(
      message,
    )
  const said = found?.[1]?.trim() ?? ''
  if (said === '' || /^(?:me |a |an |about |to |in )/i.test(said)) return null
  const [, quoted] = /^["'“‘]([\s\S]+)["'”’][.!]?$/.exec(said) ?? []
  return quoted ?? said
}
