// What is to be done, and to which text: people put both into one message, in either order, or the task into the system message.
import type { Turn } from './read-request.ts'

export interface Task {
  /** What is asked for, at most some thousand characters. */
  readonly instruction: string
  /** The text to work on; may be empty. */
  readonly material: string
  /** The whole last message of the user. */
  readonly message: string
  /** The system message says what to do: the user's words are the text, and no orders. */
  readonly isFromSystem: boolean
}

/** An instruction stands within so many characters of either end of a message. */
const REACH = 1_500
const INSTRUCTION_MAX = 4_000

const TASK_WORDS =
  /\b(?:summar(?:y|i[sz]e|ies|i[sz]ing)|tl;?dr|shorten|condense|gist|key ?words?|key ?phrases?|prompts?|extract|list|find|count|how many|how often|calculate|compute|upper ?-?case|lower ?-?case|title ?-?case|reverse|sort|alphabeti[sz]e|translate|language|headline|bullet|takeaways|classify|tags?|topics?|deduplicate|remove|json|keys|fields)\b/i

/** A sentence that begins with what is to be done to each text that comes. */
const ORDER =
  /(?:^|[.!?:\n]\s*|\b(?:please|must|should|will|task is to|job is to|you)\s+)(?:always\s+|only\s+)?(?:write|summari[sz]e|shorten|condense|extract|list|find|count|translate|classify|turn|convert|create|generate|give|sort|answer with)\b[^.!?\n]{0,200}\b(?:summar\w+|user|text|message|transcript|input|prompts?|key ?words?|article|what\w*|sentences?|words|e-?mails?|names|dates|numbers|links)\b/i

const LABEL = /^\s*(?:transcript|text|article|input|content|passage|document|message|story|notes?)\s*:\s*/i
/** A fence or quotes around the text that is worked on. */
const FENCED =
  /```[^\n]*\n([\s\S]{1,2000000}?)```|"""([\s\S]{1,2000000}?)"""|<text>([\s\S]{1,2000000}?)<\/text>/

export function findTask(turns: readonly Turn[]): Task {
  const lastUser = turns.findLastIndex(({ role }) => role === 'user')
  const message = turns[lastUser]?.text ?? ''
  const system = turns
    .filter(({ role }) => role === 'system')
    .map(({ text }) => text)
    .join('\n')
    .slice(0, INSTRUCTION_MAX)
  if (ORDER.test(system))
    return { instruction: system, material: message.replace(LABEL, ''), message, isFromSystem: true }
  const own = splitMessage(message)
  // "Summarise that": the text is what was said before.
  const material = own.material || (own.isComplete ? '' : textBefore(turns, lastUser))
  const instruction = own.instruction || message.slice(0, INSTRUCTION_MAX)
  return { instruction, material, message, isFromSystem: false }
}

interface SplitMessage {
  readonly instruction: string
  readonly material: string
  /** The instruction names all it is about: nothing before it is meant. */
  readonly isComplete: boolean
}

const NOTHING: SplitMessage = { instruction: '', material: '', isComplete: true }

function splitMessage(message: string): SplitMessage {
  const fenced = FENCED.exec(message)
  if (fenced) {
    const material = fenced[1] ?? fenced[2] ?? fenced[3] ?? ''
    const around = `${message.slice(0, fenced.index).slice(-REACH)} ${message.slice(fenced.index + fenced[0].length, fenced.index + fenced[0].length + REACH)}`
    return {
      instruction: around.trim() || material.slice(0, REACH),
      material: material.trim(),
      isComplete: true,
    }
  }
  return splitHead(message) ?? splitTail(message) ?? wholeMessage(message)
}

/** "Summarise in one sentence: …", or an instruction on lines of its own before the text. */
function splitHead(message: string): SplitMessage | null {
  const head = message.slice(0, REACH)
  const cut = /:[ \t]*\n|:\s+|\n/.exec(head)
  if (!cut) return null
  const before = head.slice(0, cut.index)
  const rest = message.length - cut.index
  const isHeading = cut[0].includes('\n') && before.length < 200 && rest > 3 * before.length
  if (LABEL.test(`${before}:`) || !(TASK_WORDS.test(before) || (isHeading && cut[0].startsWith(':'))))
    return null
  const material = message
    .slice(cut.index + cut[0].length)
    .replace(LABEL, '')
    .trim()
  return material === ''
    ? null
    : { instruction: before.trim(), material: unquote(material), isComplete: true }
}

/** The text first, the instruction in the last paragraph. */
function splitTail(message: string): SplitMessage | null {
  const cut = message.lastIndexOf('\n')
  const last = message.slice(cut + 1).trim()
  if (cut < 0 || last.length > REACH || !TASK_WORDS.test(last)) return null
  return { instruction: last, material: message.slice(0, cut).replace(LABEL, '').trim(), isComplete: true }
}

/** "Make 'hello world' upper case", "how many vowels are in banana". */
function wholeMessage(message: string): SplitMessage {
  const head = message.slice(0, REACH)
  if (!TASK_WORDS.test(head)) return NOTHING
  const quoted = /["“”]([^"“”]{1,1000})["“”]|(?<![\p{L}\p{N}])['‘]([^'‘’]{2,1000})['’](?![\p{L}\p{N}])/u.exec(
    head,
  )
  if (quoted)
    return {
      instruction: message.slice(0, INSTRUCTION_MAX),
      material: quoted[1] ?? quoted[2] ?? '',
      isComplete: true,
    }
  if (message.length > REACH) return { instruction: head, material: message, isComplete: true }
  const sentence = /^([^.!?\n]{3,300}[.!?])\s+(\S[\s\S]+)$/.exec(message)
  if (sentence?.[1] !== undefined && sentence[2] !== undefined && TASK_WORDS.test(sentence[1]))
    return { instruction: sentence[1], material: sentence[2], isComplete: true }
  const named =
    /\b(?:(?:in|of|from|for)(?: the)?(?: (?:words?|text|sentence|phrase|string|name))?|the (?:words?|text|sentence|phrase|string|name|letters)) ([\p{L}\p{N}][^?]{0,500}?)[?.!]*$/iu.exec(
      message,
    )
  const refersBack = /\b(?:this|that|it|the above|above|previous|last (?:message|answer))\b/i.test(head)
  return { instruction: message, material: refersBack ? '' : (named?.[1] ?? ''), isComplete: !refersBack }
}

function unquote(text: string): string {
  const [, inside] = /^["“]([^"“”]*)["”]$/.exec(text) ?? []
  return inside ?? text
}

function textBefore(turns: readonly Turn[], lastUser: number): string {
  const before = turns
    .slice(0, Math.max(0, lastUser))
    .filter(({ role, text }) => role !== 'system' && text.trim() !== '')
  return before.at(-1)?.text ?? ''
}
